"""What the page 'Create model' says of every architecture of the gallery: what it is, what it takes, and when to use it.

The networks themselves, with their layers, are in core/model/gallery/, one a file, which this process cannot import.
"""

from __future__ import annotations

from qgis.PyQt.QtCore import QCoreApplication

translate = QCoreApplication.translate


def texts() -> dict[str, str]:
    """Id → a sentence or two, in the user's language, in the order in which the page lists them."""
    return {**_for_patches(), **_for_every_pixel(), **_for_several_sources(), **_for_series_and_spectra(), **_without_learning()}


def _for_patches() -> dict[str, str]:
    return {
        "cnn16": translate(
            "Architectures",
            "the convolutional network of the OTBTF tutorial, for patches of 16 × 16 pixels: three convolutions, two poolings, one class "
            "for each patch. It learns from a few hundred samples of each class within minutes, without a GPU.",
        ),
        "cnn16bn": translate(
            "Architectures",
            "the same with twice the width, batch normalisation, noise and dropout, so that it does not learn its training polygons by "
            "heart: better where the truth is a few polygons and the map reaches far beyond them, at about twice the cost.",
        ),
        "fcn16": translate(
            "Architectures",
            "the tutorial's network in its fully convolutional form, without pooling: trained on the same patches of 16 × 16 pixels with "
            "one label each, it maps whole blocks in one call, in OTBTF and TensorFlow Serving, too.",
        ),
    }


def _for_every_pixel() -> dict[str, str]:
    return {
        "maggiori": translate(
            "Architectures",
            "Maggiori's fully convolutional network (2017): patches of 80 × 80 pixels with label patches of 16 × 16 in their middle. A "
            "wide view at a low price, with rounded outlines: buildings, roads and fields on very high resolution images.",
        ),
        "unet": translate(
            "Architectures",
            "U-Net (Ronneberger 2015): a class for every pixel, from patches and label patches of 64 × 64 pixels, or any multiple of 8. "
            "The one to begin with where the truth is a label image.",
        ),
        "resunet": translate(
            "Architectures",
            "residual U-Net (Zhang 2018): the same with residual units, which bear more epochs and higher learning rates; made for thin "
            "things such as roads, hedges and canals, at about twice the cost. Patches as for unet.",
        ),
        "deeplab": translate(
            "Architectures",
            "DeepLab (Chen 2018): dilated convolutions look at several widths at once, for classes that only their surroundings tell, such "
            "as settlement and industry. Patches and label patches of 64 × 64 pixels, or any multiple of 4.",
        ),
    }


def _for_several_sources() -> dict[str, str]:
    return {
        "fusenet": translate(
            "Architectures",
            "two streams fused at every level (Audebert 2018), a class for every pixel: source 1 an optical image, source 2 heights or "
            "radar on the same grid. Patches as for unet; for roofs against pavement, trees against grass.",
        ),
        "m3fusion": translate(
            "Architectures",
            "M3Fusion (Benedetti 2018): source 1 a time series (patches of 1 × 1, all bands of date 1, then of date 2, …), read by a "
            "recurrent network with attention, source 2 a very high resolution image (25 × 25). For crops and land cover where both exist.",
        ),
        "panms": translate(
            "Architectures",
            "two branches for one sensor's pair: source 1 the multispectral image (patches of 8 × 8 pixels), source 2 its panchromatic "
            "image, four times finer (32 × 32). It uses the sharpness of the one and the colours of the other without pansharpening.",
        ),
    }


def _for_series_and_spectra() -> dict[str, str]:
    return {
        "tempcnn": translate(
            "Architectures",
            "temporal CNN (Pelletier 2019): a time series of single pixels (patches of 1 × 1), convolved along its dates. For crops, from "
            "about ten regular dates on.",
        ),
        "ltae": translate(
            "Architectures",
            "lightweight temporal attention (Garnot & Landrieu 2020): a time series of single pixels (1 × 1) with few weights. It finds "
            "the dates that matter by itself: long series, little truth.",
        ),
        "cnn1d": translate(
            "Architectures",
            "a hyperspectral pixel (patches of 1 × 1), convolved along its bands (Hu 2015): where the spectrum says it all, such as "
            "minerals and tree species.",
        ),
        "cnn3d": translate(
            "Architectures",
            "a hyperspectral patch of 9 × 9 pixels, convolved along rows, columns and bands (Roy 2020): spectrum and texture, for some "
            "hundred bands and few samples.",
        ),
    }


def _without_learning() -> dict[str, str]:
    return {
        "l2norm": translate(
            "Architectures",
            "nothing to learn: the length of each pixel's vector of bands, to try a chain of algorithms. CLASSES is not used.",
        ),
        "scalarproduct": translate(
            "Architectures",
            "nothing to learn: the scalar product of the pixels of two sources with the same bands, to try a chain with two. "
            "CLASSES is not used.",
        ),
    }
