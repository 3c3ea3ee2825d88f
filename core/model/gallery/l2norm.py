"""The L2 norm of every pixel's bands, √(Σ band²): arithmetic that learns nothing, to try serving with, or to measure brightness.

OTBTF's deterministic example of the same name. The answer is known beforehand, so a map that is wrong tells of reading or writing.

    source1        any size × bands
    values         any size × 1

Receptive field 1 × 1, expression field 1 × 1, scale factor 1; fully convolutional. No parameters; no classes.
"""

from __future__ import annotations

from typing import Any

from ..backend import keras
from .architecture import VALUES, Architecture, Wish


def _build(wish: Wish) -> Any:
    source = keras.Input((None, None, wish.bands[0]), name="source1")
    norm = keras.ops.sqrt(keras.ops.sum(keras.ops.square(source), axis=-1, keepdims=True))
    return keras.Model(source, keras.layers.Activation("linear", name=VALUES)(norm), name="l2norm")


L2NORM = Architecture(
    id="l2norm",
    title="L2 norm of the bands (learns nothing)",
    paper="a deterministic example, as in OTBTF",
    sources=("image",),
    build=_build,
    trainable=False,
)
