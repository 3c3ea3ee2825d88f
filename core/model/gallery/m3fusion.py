"""M3Fusion: a recurrent network with attention over a time series, beside a CNN on a patch of a very high resolution image.

Benedetti, Ienco, Gaetano, Ose, Pensa & Dupuy, *M3Fusion: A Deep Learning Architecture for Multiscale Multimodal Multitemporal Satellite
Data Fusion* (IEEE JSTARS 11(12), 2018). The series (Sentinel-2) tells what grows when, the patch (Spot, Pleiades, aerial photographs)
what it looks like from near: for land cover in which neither is enough. The map is on the grid of the series. It has many weights: from
some thousands of samples on, and a GPU for large areas; `tempcnn` is the light one for the series alone.

    source1        1 × 1 × dates·bands   one pixel of the series, all bands of date 1, then those of date 2, …
    normalization  1 × 1 × dates·bands   per band and date
    GRU            dates × 1024          what was seen up to each date
    attention      1024                  mean of the dates, weighted by the softmax over them of v · tanh(W · state + b)

    source2        25 × 25 × bands       patch around the centre of that pixel
    normalization  25 × 25 × bands       per band
    conv 7 × 7     19 × 19 × 256         each convolution is followed by ReLU and batch normalisation, none is padded
    max pool 2      9 × 9 × 256
    conv 3 × 3      7 × 7 × 512
    conv 3 × 3      5 × 5 × 512          beside it the middle of what it was made of: 1024 in all
    conv 1 × 1      5 × 5 × 512
    mean           512                   of all places

    together       1536                  the deep features
    dense          classes               softmax

Receptive fields 1 × 1 and 25 × 25, expression field 1 × 1, scale factor 1; patch-based. Any ratio of the grids: 25 pixels of 1.5 m lie
around one of 10 m as in the paper (3/20), or of 2.5 m (1/4).

Two things are otherwise than in the paper. Its second convolution of 3 × 3 is padded with zeros at the edges of the patch, which alone
would keep the patches from being computed together when a map is made. And while it learns, each branch has a classifier of its own, whose
losses count 0.3 each; they are left out, for they would be answers of the network that nobody asks for.
Parameters: 3072·bands of a date + 12544·bands of source 2 + 1537·classes + 8271104 (and mean and variance of what is
normalised).
"""

from __future__ import annotations

from typing import Any

from ..backend import keras
from .architecture import FEATURES, TIME_SERIES, Architecture, Wish, heads, image_input
from .parts import batch_normalization, dates_of

SIDE, UNITS, FILTERS = 25, 1024, 512


def _build(wish: Wish) -> Any:
    series, pixel = image_input(1, 1, 1, wish.bands[0])
    image, patch = image_input(2, SIDE, SIDE, wish.bands[1])
    together = keras.layers.Concatenate(name=FEATURES)([_over_dates(dates_of(pixel, wish)), _over_places(patch)])
    return heads("m3fusion", [series, image], together, wish)


def _over_dates(x: Any) -> Any:
    layers = keras.layers
    # Not NVIDIA's own form of it: a model that was written on a machine with a GPU would hold it, and run on no other.
    states = layers.GRU(UNITS, return_sequences=True, use_cudnn=False, name="gru")(x)
    scores = layers.Dense(1, use_bias=False, name="scores")(layers.Dense(UNITS, activation="tanh", name="attended")(states))
    weights = layers.Softmax(axis=1, name="attention")(scores)
    return layers.Flatten(name="all_dates")(layers.Dot(axes=1, name="weighted_mean")([weights, states]))


def _over_places(x: Any) -> Any:
    layers = keras.layers
    x = layers.MaxPooling2D(2, name="pool")(_convolution(x, FILTERS // 2, 7, 1))
    x = _convolution(x, FILTERS, 3, 2)
    x = layers.Concatenate(name="beside")([layers.Cropping2D(1, name="middle")(x), _convolution(x, FILTERS, 3, 3)])
    return layers.GlobalAveragePooling2D(name="mean")(_convolution(x, FILTERS, 1, 4))


def _convolution(x: Any, filters: int, size: int, number: int) -> Any:
    x = keras.layers.Conv2D(filters, size, activation="relu", name=f"conv{number}")(x)
    return batch_normalization(f"batch_normalization{number}")(x)


M3FUSION = Architecture(
    id="m3fusion",
    title="M3Fusion, one pixel of a time series and a patch of 25 × 25 pixels of a finer image",
    paper="Benedetti et al., M3Fusion: A Deep Learning Architecture for Multiscale Multimodal Multitemporal Satellite Data Fusion, 2018",
    sources=(TIME_SERIES, "very high resolution image"),
    build=_build,
)
