"""Maggiori's fully convolutional network: it looks at 80 × 80 pixels to tell the 16 × 16 in their middle.

Maggiori, Tarabalka, Charpiat & Alliez, *Convolutional Neural Networks for Large-Scale Remote-Sensing Image Classification* (IEEE TGRS
55(2), 2017), and OTBTF's `create_savedmodel_maggiori17_fullyconv`: four convolutions on a quarter of the resolution, and a transposed one
back to the full. As in the paper the first one has the stride; as in OTBTF each is batch-normalised. For buildings, roads and fields on
images of 0.3 to 2 m: a wide view at a low price, with rounded outlines. No padding, so nothing that a block computes is thrown away.

    source1                80 × 80 × bands     patches; 16 · n + 64 pixels on a side in general
    normalization          80 × 80 × bands     per band, learnt from the training patches
    conv1 12 × 12, ÷ 4     18 × 18 × 64        each with batch normalisation and ReLU
    conv2 4 × 4            15 × 15 × 112
    conv3 3 × 3            13 × 13 × 80
    conv4 8 × 8             6 × 6 × 32
    up 8 × 8, × 4          28 × 28 × 32        transposed convolution, ReLU
    crop 6                 16 × 16 × 32        what four elements in each direction contributed to: the deep features
    conv 1 × 1             16 × 16 × classes   softmax

Receptive field 80 × 80 for an expression field of 16 × 16; the smallest block is 4 × 4 for 68 × 68. Scale factor 1, margin 0. Labels are
16 × 16 patches in the middle of the image's.
Parameters: 9 216·bands + 33·classes + 425 312 (and mean and variance of each band).
"""

from __future__ import annotations

from typing import Any

from ..backend import keras
from .architecture import Architecture, Wish, heads, image_input, named_features
from .maps import convolution

FILTERS, STRIDE, UP, CROP = 32, 4, 8, 6


def _build(wish: Wish) -> Any:
    layers = keras.layers
    source, x = image_input(1, None, None, wish.bands[0])
    x = convolution(x, 64, "conv1", 12, STRIDE, padding="valid")
    x = convolution(x, 112, "conv2", 4, padding="valid")
    x = convolution(x, 80, "conv3", padding="valid")
    x = convolution(x, FILTERS, "conv4", 8, padding="valid")
    x = layers.Conv2DTranspose(FILTERS, UP, STRIDE, activation="relu", name="up")(x)
    x = layers.Cropping2D(CROP, name="crop")(x)
    return heads("maggiori", [source], named_features(x), wish)


MAGGIORI = Architecture(
    id="maggiori",
    title="Maggiori's network, patches of 80 × 80 for labels of 16 × 16 pixels",
    paper="Maggiori et al., Convolutional Neural Networks for Large-Scale Remote-Sensing Image Classification, IEEE TGRS 2017",
    sources=("image",),
    build=_build,
)
