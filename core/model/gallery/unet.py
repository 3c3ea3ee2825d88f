"""U-Net: down to an eighth of the resolution for the context, and up again along bridges that keep the outlines.

Ronneberger, Fischer & Brox, *U-Net: Convolutional Networks for Biomedical Image Segmentation* (MICCAI 2015), with three levels instead of
four, half the filters, padding, and batch normalisation, as is usual by now. The one to begin with wherever the truth is a label image:
land cover, fields, buildings, water, at any resolution; a few hundred patches of 64 × 64 pixels will do.

    source1          n × n × bands       patches or blocks, n a multiple of 8
    normalization    n × n × bands       per band, learnt from the training patches
    down1            n × n × 32          two convolutions 3 × 3, each with batch normalisation and ReLU
    down2          n/2 × n/2 × 64        max pooling, two convolutions
    down3          n/4 × n/4 × 128       the same
    bottom         n/8 × n/8 × 256       the same; dropout of 0.3 while training
    up3            n/4 × n/4 × 128       transposed convolution 2 × 2 beside down3, two convolutions
    up2            n/2 × n/2 × 64        the same, beside down2
    up1              n × n × 32          the same, beside down1: the deep features
    conv 1 × 1       n × n × classes     softmax

Receptive field 104 × 104 for an expression field of 8 × 8: padding spoils 48 pixels on each side of a block, the margin that
serving computes and throws away. Scale factor 1.
Parameters: 288·bands + 33·classes + 1 926 112 (and mean and variance of each band).
"""

from __future__ import annotations

from typing import Any

from ..backend import keras
from .architecture import Architecture, Wish, heads, image_input, named_features
from .maps import doubled, halved, two_convolutions

FILTERS, BOTTOM, DROPOUT = (32, 64, 128), 256, 0.3


def _build(wish: Wish) -> Any:
    layers = keras.layers
    source, x = image_input(1, None, None, wish.bands[0])
    bridges = []
    for level, filters in enumerate(FILTERS, start=1):
        bridges.append(two_convolutions(x, filters, f"down{level}"))
        x = halved(bridges[-1], f"down{level}")
    x = layers.Dropout(DROPOUT, name="dropout")(two_convolutions(x, BOTTOM, "bottom"))
    for level, filters in reversed(list(enumerate(FILTERS, start=1))):
        x = layers.Concatenate(name=f"up{level}_bridge")([doubled(x, filters, f"up{level}"), bridges[level - 1]])
        x = two_convolutions(x, filters, f"up{level}")
    return heads("unet", [source], named_features(x), wish)


UNET = Architecture(
    id="unet",
    title="U-Net, an answer for every pixel",
    paper="Ronneberger et al., U-Net: Convolutional Networks for Biomedical Image Segmentation, MICCAI 2015",
    sources=("image",),
    build=_build,
)
