"""Pieces that several networks of the gallery are made of."""

from __future__ import annotations

from typing import Any

from ..backend import keras
from .architecture import Wish


def dates_of(pixel: Any, wish: Wish) -> Any:
    """A pixel of the time series, (1, 1, dates · bands), as a sequence: (dates, bands). The bands are stacked date after date."""
    return keras.layers.Reshape((wish.dates, wish.bands_of_a_date()), name="dates")(pixel)


def normalised(layer: Any, x: Any) -> Any:
    """A layer, batch normalisation (Ioffe & Szegedy 2015) and ReLU, in this order. The layer needs no bias of its own."""
    x = keras.layers.BatchNormalization(name=f"batch_normalization_{layer.name}")(layer(x))
    return keras.layers.ReLU(name=f"relu_{layer.name}")(x)
