"""The scalar product of two images, pixel by pixel: Σ band of source 1 · the same band of source 2. Arithmetic that learns nothing.

OTBTF's deterministic example of the same name: tries serving with two sources of one grid. Both need the same number of bands.

    source1, source2    any size × bands
    values              any size × 1

Receptive fields 1 × 1, expression field 1 × 1, scale factor 1; fully convolutional. No parameters; no classes.
"""

from __future__ import annotations

from typing import Any

from ..backend import keras
from .architecture import VALUES, Architecture, Wish


def _build(wish: Wish) -> Any:
    sources = [keras.Input((None, None, bands), name=f"source{number}") for number, bands in enumerate(wish.bands, start=1)]
    products = keras.layers.Multiply(name="products")(sources)
    total = keras.ops.sum(products, axis=-1, keepdims=True)
    return keras.Model(sources, keras.layers.Activation("linear", name=VALUES)(total), name="scalarproduct")


SCALARPRODUCT = Architecture(
    id="scalarproduct",
    title="Scalar product of two images (learns nothing)",
    paper="a deterministic example, as in OTBTF",
    sources=("image", "image"),
    build=_build,
    trainable=False,
    same_bands=True,
)
