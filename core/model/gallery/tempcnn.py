"""TempCNN: three convolutions over the dates of a pixel's time series.

Pelletier, Webb & Petitjean, *Temporal Convolutional Neural Network for the Classification of Satellite Image Time Series* (Remote Sensing
11(5), 2019). The one to begin with where the seasons tell the classes apart (crops, forests, grassland) and dates come at about equal
intervals: it learns what grows when. It sees one pixel, no shapes; gaps of clouds have to be filled before.

    source1        1 × 1 × dates·bands   one pixel, all bands of date 1, then those of date 2, …
    normalization  1 × 1 × dates·bands   per band and date, learnt from the training samples
    conv 5         dates × 64            three times, zeros added at the ends of the series: batch normalisation, ReLU, dropout of one half
    dense          256                   of all dates; batch normalisation, ReLU: the deep features; dropout of one half
    dense          classes               softmax

Receptive field 1 × 1, expression field 1 × 1, scale factor 1.
Parameters: 320·bands of a date + 16384·dates + 257·classes + 41856 (and mean and variance of what is normalised).
"""

from __future__ import annotations

from typing import Any

from ..backend import keras
from .architecture import TIME_SERIES, Architecture, Wish, heads, image_input, named_features
from .parts import dates_of, normalised

FILTERS, LENGTH, UNITS, DROPOUT = 64, 5, 256, 0.5


def _build(wish: Wish) -> Any:
    layers = keras.layers
    source, x = image_input(1, 1, 1, wish.bands[0])
    x = dates_of(x, wish)
    for number in (1, 2, 3):
        x = normalised(layers.Conv1D(FILTERS, LENGTH, padding="same", use_bias=False, name=f"conv{number}"), x)
        x = layers.Dropout(DROPOUT, name=f"dropout{number}")(x)
    x = normalised(layers.Dense(UNITS, use_bias=False, name="dense"), layers.Flatten(name="all_dates")(x))
    return heads("tempcnn", [source], layers.Dropout(DROPOUT, name="dropout4")(named_features(x)), wish)


TEMPCNN = Architecture(
    id="tempcnn",
    title="Temporal CNN, one pixel of a time series",
    paper="Pelletier, Webb & Petitjean, Temporal Convolutional Neural Network for the Classification of Satellite Image Time Series, 2019",
    sources=(TIME_SERIES,),
    build=_build,
)
