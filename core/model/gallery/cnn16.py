"""The tutorial's CNN: three convolutions on patches of 16 × 16 pixels.

Remi Cresson, *Deep Learning for Remote Sensing Images with Open Source Software* (CRC Press, 2020), chapter 4, and the tutorials of
OTBTF. Small, quick on a CPU, hard to overfit: the one to begin with on 10 m images.

    source1        16 × 16 × bands     patch around the pixel that is classified
    normalization  16 × 16 × bands     (x − mean) ÷ standard deviation, per band, learnt from the training patches
    conv 5 × 5     12 × 12 × 16        ReLU, no padding, like all that follow
    max pool 2      6 × 6 × 16
    conv 3 × 3      4 × 4 × 16         ReLU
    max pool 2      2 × 2 × 16
    conv 2 × 2      1 × 1 × 32         ReLU; flattened: the 32 deep features
    dense          classes             softmax

Receptive field 16 × 16, expression field 1 × 1, scale factor 1; stride 4 if it is run over more than a patch, hence patch-based.
Parameters: 400·bands + 33·classes + 4416 (and mean and variance of each band).
"""

from __future__ import annotations

from typing import Any

from ..backend import keras
from .architecture import FEATURES, Architecture, Wish, heads, image_input

SIDE = 16


def _build(wish: Wish) -> Any:
    layers = keras.layers
    source, x = image_input(1, SIDE, SIDE, wish.bands[0])
    x = layers.Conv2D(16, 5, activation="relu", name="conv1")(x)
    x = layers.MaxPooling2D(2, name="pool1")(x)
    x = layers.Conv2D(16, 3, activation="relu", name="conv2")(x)
    x = layers.MaxPooling2D(2, name="pool2")(x)
    x = layers.Conv2D(32, 2, activation="relu", name="conv3")(x)
    return heads("cnn16", [source], layers.Flatten(name=FEATURES)(x), wish)


CNN16 = Architecture(
    id="cnn16",
    title="Tutorial CNN, patches of 16 × 16 pixels",
    paper="Cresson, Deep Learning for Remote Sensing Images with Open Source Software, CRC Press 2020",
    sources=("image",),
    build=_build,
)
