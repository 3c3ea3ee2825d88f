"""A 1-D CNN over the spectrum of a pixel, for hyperspectral images.

Hu, Huang, Wei, Zhang & Li, *Deep Convolutional Neural Networks for Hyperspectral Image Classification* (Journal of Sensors, 2015): one
convolution along the bands, one pooling, one dense layer. The one to begin with where the spectrum itself tells the classes apart
(minerals, species) and samples are few: it sees one pixel, no shapes. Bands in the order of their wavelengths.

    source1        1 × 1 × bands       one pixel
    normalization  1 × 1 × bands       per band, learnt from the training samples
    conv k         bands × 20          k = bands ÷ 9, rounded up; zeros are added at the ends of the spectrum; tanh
    max pool p     bands ÷ p × 20      p = k ÷ 5, rounded up; about 40 of 200 bands are left
    dense          100                 tanh: the deep features
    dense          classes             softmax

The paper does not pad; here any number of bands will do, down to one. Receptive field 1 × 1, expression field 1 × 1, scale factor 1.
Parameters: 20·k + 2000·(bands ÷ p, rounded up) + 101·classes + 120 (and mean and variance of each band).
"""

from __future__ import annotations

from typing import Any

from ..backend import keras
from .architecture import Architecture, Wish, heads, image_input, named_features

FILTERS, UNITS = 20, 100


def _build(wish: Wish) -> Any:
    layers, bands = keras.layers, wish.bands[0]
    length = -(-bands // 9)
    source, x = image_input(1, 1, 1, bands)
    x = layers.Reshape((bands, 1), name="spectrum")(x)
    x = layers.Conv1D(FILTERS, length, padding="same", activation="tanh", name="conv")(x)
    x = layers.MaxPooling1D(-(-length // 5), padding="same", name="pool")(x)
    x = layers.Dense(UNITS, activation="tanh", name="dense")(layers.Flatten(name="all_bands")(x))
    return heads("cnn1d", [source], named_features(x), wish)


CNN1D = Architecture(
    id="cnn1d",
    title="Spectral CNN, one pixel of a hyperspectral image",
    paper="Hu et al., Deep Convolutional Neural Networks for Hyperspectral Image Classification, 2015",
    sources=("hyperspectral image",),
    build=_build,
)
