"""The networks that are timed, as SavedModels with a contract, with random weights: time does not depend on what they have learnt."""

from __future__ import annotations

import os
from collections.abc import Callable
from fractions import Fraction
from typing import Any

from core.classes import make_classes
from core.model import contract as contracts
from core.model.backend import keras, tf
from core.model.contract import Contract, InputSpec, class_output
from core.model.folder import write_folder
from core.model.promise import contract_of
from core.superresolution.networks import build

layers = keras.layers
CLASSES = 5


def _save(
    folder: str, network: Any, fields: list[int], expression_field: int, fully_convolutional: bool, scale: Fraction = Fraction(1)
) -> str:
    """The network with one output: the index of the winning class."""
    sources = network.inputs

    def serve(*windows: Any) -> dict[str, Any]:
        scores = network(windows[0] if len(windows) == 1 else list(windows), training=False)
        return {"prediction": tf.argmax(scores, axis=-1, output_type=tf.int32)}

    module = tf.Module()
    module.network = network
    signature = [tf.TensorSpec(source.shape, tf.float32, name=source.name) for source in sources]
    tf.saved_model.save(module, folder, signatures=tf.function(serve, input_signature=signature))
    inputs = tuple(InputSpec(s.name, (), s.shape[-1], "float32", (field, field)) for s, field in zip(sources, fields, strict=True))
    output = class_output("prediction", make_classes((code, str(code)) for code in range(CLASSES)))
    contracts.write(folder, Contract("benchmark", inputs, (output,), (expression_field, expression_field), scale, fully_convolutional))
    return folder


def fcn(folder: str) -> str:
    """After Maggiori et al., *Convolutional neural networks for large-scale remote-sensing image classification* (TGRS 2017): 80 × 80
    pixels in, 16 × 16 out, by a stride of 4 and a transposed convolution."""
    source = keras.Input((None, None, 4), name="source1")
    x = layers.Conv2D(64, 12, strides=4, activation="relu")(source)
    for filters in (64, 112, 80):
        x = layers.Conv2D(filters, 3, activation="relu")(x)
    x = layers.Conv2DTranspose(CLASSES, 8, strides=4)(x)
    return _save(folder, keras.Model(source, layers.Cropping2D(18)(x)), [80], 16, True)


def light_fcn(folder: str) -> str:
    """Three small convolutions: receptive field 16, stride 1."""
    source = keras.Input((None, None, 4), name="source1")
    x = layers.Conv2D(16, 5, activation="relu")(source)
    x = layers.Conv2D(32, 5, activation="relu")(x)
    return _save(folder, keras.Model(source, layers.Conv2D(CLASSES, 8)(x)), [16], 1, True)


def light_superresolution(folder: str) -> str:
    """The light network of *Train super-resolution*, ×4, of the usual size."""
    network = build("light", bands=4, factor=4)
    write_folder(folder, network, contract_of(network, "light", trained=True))
    return folder


def _tutorial_branch(x: Any, *kernels: int) -> Any:
    for kernel in kernels[:-1]:
        x = layers.MaxPooling2D(2)(layers.Conv2D(16, kernel, activation="relu")(x))
    return layers.Flatten()(layers.Conv2D(32, kernels[-1], activation="relu")(x))


def tutorial_cnn(folder: str) -> str:
    """The tutorial's CNN for patches of 16 × 16 pixels (core/model/gallery/cnn16.py, without normalisation)."""
    source = keras.Input((16, 16, 4), name="source1")
    return _save(folder, keras.Model(source, layers.Dense(CLASSES)(_tutorial_branch(source, 5, 3, 2))), [16], 1, False)


def two_branches(folder: str) -> str:
    """Multispectral patches of 8 × 8 and panchromatic ones of 32 × 32 pixels, four times finer."""
    coarse, fine = keras.Input((8, 8, 4), name="source1"), keras.Input((32, 32, 1), name="source2")
    joined = layers.Concatenate()([_tutorial_branch(coarse, 3, 3), _tutorial_branch(fine, 5, 3, 3)])
    return _save(folder, keras.Model([coarse, fine], layers.Dense(CLASSES)(joined)), [8, 32], 1, False)


MODELS: dict[str, Callable[[str], str]] = {
    make.__name__: make for make in (fcn, light_fcn, tutorial_cnn, two_branches, light_superresolution)
}


def model(folder: str, name: str) -> str:
    """The folder of a model, made if it is not there."""
    path = os.path.join(folder, name)
    if not os.path.isfile(os.path.join(path, contracts.DOCUMENT)):
        keras.utils.set_random_seed(0)
        MODELS[name](path)
    return path
