"""Residual U-Net: a U-Net of residual units, which learns deeper networks with fewer weights.

Zhang, Liu & Wang, *Road Extraction by Deep Residual U-Net* (IEEE GRSL 15(5), 2018): what each unit finds is added to what it was given, and
strides stand where U-Net pools. Half the paper's filters. Against `unet`: sums let the gradient through, so it takes higher learning
rates and more epochs without going astray; made for thin things, such as roads, hedges and canals.

    source1          n × n × bands       patches or blocks, n a multiple of 8
    normalization    n × n × bands       per band, learnt from the training patches
    stem             n × n × 32          convolution 3 × 3
    down1            n × n × 32          residual unit: two convolutions 3 × 3, each after batch normalisation and ReLU, and the sum
    down2          n/2 × n/2 × 64        residual unit, its first convolution with stride 2
    down3          n/4 × n/4 × 128       the same
    bottom         n/8 × n/8 × 256       the same
    up3            n/4 × n/4 × 128       transposed convolution 2 × 2 beside down3, residual unit
    up2            n/2 × n/2 × 64        the same, beside down2
    up1              n × n × 32          the same, beside down1; batch normalisation and ReLU: the deep features
    conv 1 × 1       n × n × classes     softmax

Receptive field 88 × 88 for an expression field of 8 × 8: padding spoils 40 pixels on each side of a block, the margin that
serving computes and throws away. Scale factor 1.
Parameters: 288·bands + 33·classes + 2 023 520 (and mean and variance of each band).
"""

from __future__ import annotations

from typing import Any

from ..backend import keras
from .architecture import Architecture, Wish, heads, image_input, named_features
from .maps import activated, doubled, residual

FILTERS, BOTTOM = (32, 64, 128), 256


def _build(wish: Wish) -> Any:
    layers = keras.layers
    source, x = image_input(1, None, None, wish.bands[0])
    x = layers.Conv2D(FILTERS[0], 3, padding="same", name="stem")(x)
    bridges = []
    for level, filters in enumerate(FILTERS, start=1):
        x = residual(x, filters, f"down{level}", stride=1 if level == 1 else 2)
        bridges.append(x)
    x = residual(x, BOTTOM, "bottom", stride=2)
    for level, filters in reversed(list(enumerate(FILTERS, start=1))):
        x = layers.Concatenate(name=f"up{level}_bridge")([doubled(x, filters, f"up{level}"), bridges[level - 1]])
        x = residual(x, filters, f"up{level}")
    return heads("resunet", [source], named_features(activated(x, "last")), wish)


RESUNET = Architecture(
    id="resunet",
    title="Residual U-Net, an answer for every pixel",
    paper="Zhang et al., Road Extraction by Deep Residual U-Net, IEEE GRSL 2018",
    sources=("image",),
    build=_build,
)
