"""Layers of the gallery's networks that answer for every pixel.

Padding is SAME (zeros) unless told otherwise. What it spoils near the edges of a block is read off the graph
(core/model/geometry/graph_geometry.py) and thrown away in serving. For that to be all, nothing else may make a value depend on where a
block lies or ends: no mean over the whole block, no resizing to a given size, only by a factor.
"""

from __future__ import annotations

from typing import Any

from ..backend import keras
from .parts import batch_normalization


def convolution(x: Any, filters: int, name: str, size: int = 3, stride: int = 1, dilation: int = 1, padding: str = "same") -> Any:
    """A convolution, batch normalisation (Ioffe & Szegedy 2015) and ReLU."""
    x = keras.layers.Conv2D(filters, size, stride, padding, dilation_rate=dilation, use_bias=False, name=f"{name}_convolution")(x)
    return activated(x, name)


def activated(x: Any, name: str) -> Any:
    """Batch normalisation and ReLU."""
    return keras.layers.ReLU(name=f"{name}_relu")(batch_normalization(f"{name}_normalization")(x))


def two_convolutions(x: Any, filters: int, name: str) -> Any:
    """Two of 3 × 3."""
    return convolution(convolution(x, filters, f"{name}_first"), filters, f"{name}_second")


def halved(x: Any, name: str) -> Any:
    """Half the rows and columns: the largest of every 2 × 2 elements."""
    return keras.layers.MaxPooling2D(2, name=f"{name}_pool")(x)


def doubled(x: Any, filters: int, name: str) -> Any:
    """Twice the rows and columns, by a transposed convolution of 2 × 2: its results do not overlap, so it leaves no checkerboard of double
    sums (Odena et al. 2016), and sees no neighbours."""
    return keras.layers.Conv2DTranspose(filters, 2, strides=2, name=f"{name}_up")(x)


def residual(x: Any, filters: int, name: str, stride: int = 1, dilation: int = 1) -> Any:
    """Two convolutions of 3 × 3, each after batch normalisation and ReLU, added to what they were given (He et al. 2016, *Identity Mappings
    in Deep Residual Networks*); through a convolution of 1 × 1 where the stride or the number of channels changes."""
    layers = keras.layers
    y = activated(x, f"{name}_first")
    y = layers.Conv2D(filters, 3, stride, "same", dilation_rate=dilation, name=f"{name}_first_convolution")(y)
    y = activated(y, f"{name}_second")
    y = layers.Conv2D(filters, 3, padding="same", dilation_rate=dilation, name=f"{name}_second_convolution")(y)
    if stride > 1 or x.shape[-1] != filters:
        x = layers.Conv2D(filters, 1, stride, name=f"{name}_shortcut")(x)
    return layers.Add(name=f"{name}_sum")([x, y])
