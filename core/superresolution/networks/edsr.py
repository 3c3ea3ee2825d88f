"""The light network: bicubic interpolation, and what a residual network adds to it.

After Lim et al., *Enhanced Deep Residual Networks for Single Image Super-Resolution* (EDSR, CVPR Workshops 2017): no batch
normalisation, all work at the coarse resolution, made fine in the last layer. Theirs learns the image; this one the difference from
bicubic, from weights of 0 in its last layer: it begins as bicubic interpolation exactly, and a short training on a processor only
improves on it.

    source1         n × n × bands        any size
    normalization   n × n × bands        median 0 and robust spread 1, of the training patches
    head            n × n × 32           convolution 3 × 3
    block1 … 8      n × n × 32           convolution 3 × 3, ReLU, convolution 3 × 3; added to what they were given
    body            n × n × 32           convolution 3 × 3; added to the head
    detail         fn × fn × bands       sub-pixel convolution 3 × 3, f: the factor
    bicubic        fn × fn × bands       of the normalised bands, kernel fixed
    image          fn × fn × bands       their sum, in the values of the input

With a guide, an image that is fine already but of other bands (fusion; a residual over interpolation as in PanNet, Yang et al. 2017)::

    source2        fn × fn × guide       normalised likewise
    guide           n × n × 32           its fine pixels, those in a coarse pixel side by side; added to the head
    finer          fn × fn × 32          sub-pixel convolution 3 × 3 of the body, ReLU; beside source2
    mixed          fn × fn × 32          convolution 3 × 3, ReLU
    detail         fn × fn × bands       convolution 3 × 3
"""

from __future__ import annotations

from typing import Any

from ...model.backend import keras
from . import parts

FILTERS, BLOCKS = 32, 8


def build(bands: int, factor: int, guide: int = 0, filters: int = FILTERS, blocks: int = BLOCKS) -> Any:
    """The network, with random weights (core/superresolution/networks/__init__.py tells its shapes)."""
    layers = keras.layers
    source, scaled = parts.source(bands)
    x = layers.Conv2D(filters, 3, padding="same", name="head")(scaled)
    sources, fine = [source], None
    if guide:
        second, fine = parts.source(guide, 2)
        sources.append(second)
        x = layers.Add(name="head_sum")([x, parts.coarser(fine, filters, factor, "guide")])
    head = x
    for number in range(1, blocks + 1):
        x = _block(x, filters, f"block{number}")
    x = layers.Conv2D(filters, 3, padding="same", name="body")(x)
    x = layers.Add(name="body_sum")([head, x])
    if fine is None:
        detail = parts.finer(x, bands, factor, "detail", initializer="zeros")
    else:
        detail = _guided(x, fine, bands, factor, filters)
    whole = layers.Add(name="sum")([parts.bicubic(scaled, factor), detail])
    return keras.Model(sources if guide else source, [parts.image(whole, factor, full=True)], name="light")


def _guided(x: Any, fine: Any, bands: int, factor: int, filters: int) -> Any:
    layers = keras.layers
    x = layers.ReLU(name="finer_relu")(parts.finer(x, filters, factor, "finer"))
    x = layers.Concatenate(name="beside")([x, fine])
    x = layers.Conv2D(filters, 3, padding="same", activation="relu", name="mixed")(x)
    return layers.Conv2D(bands, 3, padding="same", kernel_initializer="zeros", name="detail")(x)


def _block(x: Any, filters: int, name: str) -> Any:
    layers = keras.layers
    y = layers.Conv2D(filters, 3, padding="same", activation="relu", name=f"{name}_first")(x)
    y = layers.Conv2D(filters, 3, padding="same", name=f"{name}_second")(y)
    return layers.Add(name=f"{name}_sum")([x, y])
