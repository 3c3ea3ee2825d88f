"""Pieces that several networks of the gallery are made of."""

from __future__ import annotations

from typing import Any

from ..backend import keras
from .architecture import Wish

MOMENTUM = 0.9  # of batch normalisation, as in other frameworks


def dates_of(pixel: Any, wish: Wish) -> Any:
    """A pixel of the time series, (1, 1, dates · bands), as a sequence: (dates, bands). The bands are stacked date after date."""
    return keras.layers.Reshape((wish.dates, wish.bands_of_a_date()), name="dates")(pixel)


def batch_normalization(name: str) -> Any:
    """The layer of Ioffe & Szegedy (2015), whose means over the batches forget all but the last 20 or so.

    Keras' own default remembers 200, made for thousands of steps an epoch. Truth on the ground gives ten: the means then are those of
    weights long gone, and a network that has learnt its patches serves nonsense (fields in Flanders, U-Net: an overall accuracy of 0.81
    after one epoch and of 0.29 after the next).
    """
    return keras.layers.BatchNormalization(momentum=MOMENTUM, name=name)


def normalised(layer: Any, x: Any) -> Any:
    """A layer, batch normalisation and ReLU, in this order. The layer needs no bias of its own."""
    x = batch_normalization(f"batch_normalization_{layer.name}")(layer(x))
    return keras.layers.ReLU(name=f"relu_{layer.name}")(x)
