"""A 3-D and 2-D CNN for hyperspectral images: convolutions over bands, rows and columns, then over rows and columns.

After Roy, Krishna, Dubey & Chaudhuri, *HybridSN: Exploring 3-D–2-D CNN Feature Hierarchy for Hyperspectral Image Classification* (IEEE
Geoscience and Remote Sensing Letters 17(2), 2020). Where both the spectrum and what lies around a pixel tell the classes apart. Lighter
than the paper's: patches of 9 × 9 instead of 25 × 25 pixels; and steps of two along the bands instead of the principal components that
the paper computes beforehand, so that any number of bands goes in as it is. Bands in the order of their wavelengths.

    source1        9 × 9 × bands         patch around the pixel that is classified, or an image of any size
    normalization  9 × 9 × bands         per band, learnt from the training patches
    conv 3 × 3 × 7 7 × 7 × bands/2 × 8   every second band; each convolution is followed by batch normalisation and ReLU, and
    conv 3 × 3 × 5 5 × 5 × bands/4 × 16  adds zeros at the ends of the spectrum, none around the patch
    conv 3 × 3 × 3 3 × 3 × bands/4 × 32
    conv 3 × 3     1 × 1 × 64            2-D: over all that is left of the bands
    conv 1 × 1     1 × 1 × 256           ReLU, dropout of 0.4 while training (the paper's dense layers)
    conv 1 × 1     1 × 1 × 128           ReLU: the deep features; dropout of 0.4
    conv 1 × 1     classes               softmax

Receptive field 9 × 9, expression field 1 × 1, scale factor 1; fully convolutional.
Parameters: 18432·(bands ÷ 4, rounded up) + 129·classes + 69864 (and mean and variance of what is normalised).
"""

from __future__ import annotations

from typing import Any

from ..backend import keras
from .architecture import Architecture, Wish, heads, image_input, named_features
from .parts import normalised

SPECTRAL = ((8, 7, 2), (16, 5, 2), (32, 3, 1))  # filters, length along the bands, step along the bands
FILTERS, UNITS, DROPOUT = 64, (256, 128), 0.4


def _build(wish: Wish) -> Any:
    layers = keras.layers
    source, x = image_input(1, None, None, wish.bands[0])
    x = keras.ops.expand_dims(x, axis=-1)  # the bands become the third axis of a volume of one channel
    for number, (filters, length, step) in enumerate(SPECTRAL, start=1):
        ends = length // 2
        x = layers.ZeroPadding3D(((0, 0), (0, 0), (ends, ends)), name=f"pad{number}")(x)
        volume = layers.Conv3D(filters, (3, 3, length), strides=(1, 1, step), use_bias=False, name=f"conv{number}")
        x = normalised(volume, x)
    # A 2-D convolution whose channels are bands and filters together: one in 3-D that covers all bands. That needs no fixed patch size.
    x = normalised(layers.Conv3D(FILTERS, (3, 3, x.shape[3]), use_bias=False, name="conv4"), x)
    x = keras.ops.squeeze(x, axis=3)
    x = layers.Conv2D(UNITS[0], 1, activation="relu", name="dense1")(x)
    x = layers.Conv2D(UNITS[1], 1, activation="relu", name="dense2")(layers.Dropout(DROPOUT, name="dropout1")(x))
    return heads("cnn3d", [source], layers.Dropout(DROPOUT, name="dropout2")(named_features(x)), wish)


CNN3D = Architecture(
    id="cnn3d",
    title="Spectral and spatial CNN, hyperspectral patches of 9 × 9 pixels",
    paper="after Roy et al., HybridSN: Exploring 3-D–2-D CNN Feature Hierarchy for Hyperspectral Image Classification, 2020",
    sources=("hyperspectral image",),
    build=_build,
)
