"""Two branches: one for the multispectral image, one for the panchromatic image that is four times finer; no pan-sharpening is needed.

After Gaetano, Ienco, Ose & Cresson, *A Two-Branch CNN Architecture for Land Cover Classification of PAN and MS Imagery* (Remote Sensing
10(11), 2018), with the patch sizes of OTBTF's two-branch model and fewer filters. For Spot, Pleiades, Landsat with its panchromatic band
(there at a ratio of two), or Sentinel-2 beside a finer image: each is seen at its own resolution. The map is on the multispectral grid.

    source1         8 × 8 × bands      multispectral patch around the pixel that is classified
    normalization   8 × 8 × bands      per band, learnt from the training patches
    conv 3 × 3      6 × 6 × 32         each convolution without padding, followed by batch normalisation and ReLU
    conv 3 × 3      4 × 4 × 64
    conv 4 × 4      1 × 1 × 64

    source2        32 × 32 × bands     panchromatic patch: the same ground where the ratio is four
    normalization  32 × 32 × bands     per band
    conv 5 × 5     28 × 28 × 32
    max pool 2     14 × 14 × 32
    conv 3 × 3     12 × 12 × 64
    max pool 2      6 × 6 × 64
    conv 3 × 3      4 × 4 × 64
    conv 4 × 4      1 × 1 × 64

    together       128                 the deep features; dropout of one half while training
    dense          classes             softmax

Receptive fields 8 × 8 and 32 × 32, expression field 1 × 1, scale factor 1; patch-based.
Parameters: 288·bands + 800·panchromatic bands + 129·classes + 205568 (and mean and variance of what is normalised).
"""

from __future__ import annotations

from typing import Any

from ..backend import keras
from .architecture import FEATURES, Architecture, Wish, heads, image_input
from .parts import normalised

SIDE, FINE_SIDE, DROPOUT = 8, 32, 0.5


def _build(wish: Wish) -> Any:
    layers = keras.layers
    coarse, x = image_input(1, SIDE, SIDE, wish.bands[0])
    for number, (filters, size) in enumerate(((32, 3), (64, 3), (64, 4)), start=1):
        x = _convolution(x, filters, size, f"conv{number}")
    fine, y = image_input(2, FINE_SIDE, FINE_SIDE, wish.bands[1])
    for number, (filters, size) in enumerate(((32, 5), (64, 3)), start=1):
        y = layers.MaxPooling2D(2, name=f"fine_pool{number}")(_convolution(y, filters, size, f"fine_conv{number}"))
    y = _convolution(_convolution(y, 64, 3, "fine_conv3"), 64, 4, "fine_conv4")
    together = layers.Concatenate(name=FEATURES)([layers.Flatten(name="coarse")(x), layers.Flatten(name="fine")(y)])
    return heads("panms", [coarse, fine], layers.Dropout(DROPOUT, name="dropout")(together), wish)


def _convolution(x: Any, filters: int, size: int, name: str) -> Any:
    return normalised(keras.layers.Conv2D(filters, size, use_bias=False, name=name), x)


PANMS = Architecture(
    id="panms",
    title="Two branches, patches of 8 × 8 multispectral and 32 × 32 panchromatic pixels",
    paper="after Gaetano et al., A Two-Branch CNN Architecture for Land Cover Classification of PAN and MS Imagery, 2018",
    sources=("multispectral image", "panchromatic image"),
    build=_build,
)
