"""The tutorial's CNN in its fully convolutional form: it learns from patches of 16 × 16 pixels with one label each, and maps in blocks.

Remi Cresson, *Deep Learning for Remote Sensing Images with Open Source Software* (CRC Press, 2020), and OTBTF's
`create_savedmodel_simple_fcn`. Without pooling every layer has stride 1, so a block of pixels is computed in one pass, as exactly as patch
by patch. For the samples of `cnn16` where maps are large and OTBTF or TensorFlow Serving shall make them: one call gives a whole block.

                    a patch                      a block
    source1         16 × 16 × bands              (n + 15) × (n + 15) × bands, any n
    normalization   16 × 16 × bands              per band, learnt from the training patches
    conv1 5 × 5     12 × 12 × 16                 ReLU, no padding, like all that follow
    conv2 5 × 5      8 × 8 × 16
    conv3 5 × 5      4 × 4 × 32
    conv4 4 × 4      1 × 1 × 32                  n × n × 32: the deep features
    conv 1 × 1       1 × 1 × classes             softmax

Receptive field 16 × 16, expression field 1 × 1, scale factor 1, margin 0.
Parameters: 400·bands + 33·classes + 35 680 (and mean and variance of each band).
"""

from __future__ import annotations

from typing import Any

from ..backend import keras
from .architecture import Architecture, Wish, heads, image_input, named_features

LAYERS = ((16, 5), (16, 5), (32, 5), (32, 4))  # filters, rows and columns


def _build(wish: Wish) -> Any:
    source, x = image_input(1, None, None, wish.bands[0])
    for number, (filters, size) in enumerate(LAYERS, start=1):
        x = keras.layers.Conv2D(filters, size, activation="relu", name=f"conv{number}")(x)
    return heads("fcn16", [source], named_features(x), wish)


FCN16 = Architecture(
    id="fcn16",
    title="Fully convolutional tutorial network, patches of 16 × 16 pixels",
    paper="Cresson, Deep Learning for Remote Sensing Images with Open Source Software, CRC Press 2020",
    sources=("image",),
    build=_build,
)
