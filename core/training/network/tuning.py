"""Fine-tuning: which layers of a trained network stay as they are, and new last layers for other classes."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Any

from ...errors import BadModel, BadParameter
from ...model.backend import keras
from ...model.heads import logits


def freeze(network: Any, patterns: str) -> list[str]:
    """Keep layers from learning; batch normalisation in them keeps its averages, too. Returns their names.

    Args:
        patterns: names of layers, "conv1, block*", with * and ? as in a shell.

    Raises:
        BadParameter: a pattern that no layer has, or nothing is left to learn.
        BadModel: a network that has nothing to learn at all.
    """
    if not network.trainable_weights:
        raise BadModel("The model cannot be trained", expected="weights that learn", received="none", remedy="Choose another architecture.")
    names = [layer.name for layer in network.layers if layer.weights]
    frozen: list[str] = []
    for pattern in (part.strip() for part in patterns.replace(";", ",").split(",")):
        found = [name for name in names if pattern and fnmatchcase(name, pattern)]
        if pattern and not found:
            raise BadParameter("Layers to freeze", expected="names among " + ", ".join(names), received=pattern)
        frozen += found
    for name in frozen:
        network.get_layer(name).trainable = False
    if not network.trainable_weights:
        raise BadParameter("Layers to freeze", expected="some that learn", received="all of them: " + patterns)
    return list(dict.fromkeys(frozen))


def thaw(network: Any, names: Sequence[str]) -> None:
    """Let layers learn again: a model is written without what was only meant for this training."""
    for name in names:
        network.get_layer(name).trainable = True


def with_new_heads(network: Any, channels: Sequence[int]) -> Any:
    """The network with fresh last layers where a head has another number of channels than wanted; all else keeps its weights.

    Raises:
        BadModel: a head whose last layer with weights is none that can be made wider.
    """
    wanted = {_last_layer(tensor).name: count for tensor, count in zip(network.outputs, channels, strict=True) if tensor.shape[-1] != count}
    if not wanted:
        return network

    def clone(layer: Any) -> Any:
        config = layer.get_config()
        if layer.name in wanted:
            config["units" if "units" in config else "filters"] = wanted[layer.name]
        return layer.__class__.from_config(config)

    copy = keras.models.clone_model(network, clone_function=clone)
    for layer in network.layers:
        if layer.name not in wanted and layer.weights:
            copy.get_layer(layer.name).set_weights(layer.get_weights())
    return copy


def _last_layer(tensor: Any) -> Any:
    """The layer that makes a head's channels."""
    operation = logits(tensor)[0]._keras_history.operation
    config = operation.get_config()
    if "units" not in config and "filters" not in config:
        raise BadModel("The head of the model cannot be replaced", expected="a dense layer or a convolution", received=operation.name)
    return operation
