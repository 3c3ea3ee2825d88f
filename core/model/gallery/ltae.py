"""L-TAE: lightweight attention over the dates of a pixel's time series.

Sainte Fare Garnot & Landrieu, *Lightweight Temporal Self-Attention for Classifying Satellite Image Time Series* (AALTD 2020), behind the
perceptron of the pixel-set encoder of Sainte Fare Garnot et al. (CVPR 2020), here for sets of one pixel. Attention picks the dates that
matter: it suits long series (20 dates and more), in which a few dates tell the classes apart and others are cloudy; of short ones,
`tempcnn` learns quicker. It knows a date by its number in the series, so all images have to have the same dates.

    source1        1 × 1 × dates·bands   one pixel, all bands of date 1, then those of date 2, …
    normalization  1 × 1 × dates·bands   per band and date, learnt from the training samples
    perceptron     dates × 128           32, 64 and 128 units, the same for every date: batch normalisation and ReLU after each
    embedding      dates × 256           linear, layer normalisation; plus the position of the date (sines of its number)
    attention      256                   16 heads, each over 16 of the channels: softmax over the dates of a learnt query times the keys
                                         (8 numbers a date and head); the channels themselves are the values
    dense          128                   batch normalisation, ReLU: the deep features; dropout of 0.2
    dense          classes               softmax

Receptive field 1 × 1, expression field 1 × 1, scale factor 1.
Parameters: 32·bands of a date + 129·classes + 110272, whatever the number of dates (and mean and variance of what is normalised).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..backend import keras
from .architecture import TIME_SERIES, Architecture, Wish, heads, image_input, named_features
from .parts import dates_of, normalised

PERCEPTRON, CHANNELS, HEADS, KEY, UNITS, DROPOUT = (32, 64, 128), 256, 16, 8, 128, 0.2
LONGEST_PERIOD = 1000  # dates; the slowest of the sines that tell a date's position


def positions(dates: int, channels: int) -> np.ndarray:
    """Position of every date, (dates, channels): sines and cosines of its number, of periods from 2π to 2π · `LONGEST_PERIOD` dates, after
    Vaswani et al., *Attention Is All You Need* (2017)."""
    exponents = np.arange(channels) // 2 * 2 / channels
    angles = np.arange(dates)[:, None] / LONGEST_PERIOD**exponents
    return np.where(np.arange(channels) % 2, np.cos(angles), np.sin(angles)).astype(np.float32)


def _build(wish: Wish) -> Any:
    layers = keras.layers
    source, x = image_input(1, 1, 1, wish.bands[0])
    x = dates_of(x, wish)
    for units in PERCEPTRON:
        x = normalised(layers.Dense(units, use_bias=False, name=f"perceptron{units}"), x)
    x = layers.LayerNormalization(name="layer_normalization")(layers.Dense(CHANNELS, name="embedding")(x))
    x = _attention(x + np.tile(positions(wish.dates, CHANNELS // HEADS), HEADS), wish.dates)  # every head is told the position
    x = named_features(normalised(layers.Dense(UNITS, use_bias=False, name="dense"), x))
    return heads("ltae", [source], layers.Dropout(DROPOUT, name="dropout")(x), wish)


def _attention(x: Any, dates: int) -> Any:
    """(dates, channels) → (channels,): each head's mean of its share of the channels, weighted by what it looks for in a date."""
    layers = keras.layers
    keys = layers.Reshape((dates, HEADS, KEY), name="keys_of_heads")(layers.Dense(HEADS * KEY, name="keys")(x))
    scores = layers.EinsumDense("bthk,hk->bth", output_shape=(dates, HEADS), name="queries")(keys)  # its weights are the queries
    attention = layers.Softmax(axis=1, name="attention")(scores * KEY**-0.5)
    values = layers.Reshape((dates, HEADS, CHANNELS // HEADS), name="values_of_heads")(x)
    return layers.Flatten(name="all_heads")(keras.ops.einsum("bth,bthc->bhc", attention, values))


LTAE = Architecture(
    id="ltae",
    title="Lightweight temporal attention, one pixel of a time series",
    paper="Sainte Fare Garnot & Landrieu, Lightweight Temporal Self-Attention for Classifying Satellite Image Time Series, 2020",
    sources=(TIME_SERIES,),
    build=_build,
)
