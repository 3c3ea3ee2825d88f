"""The summary of a network: its layers, and how many numbers it learns."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from ...model.backend import keras


@dataclass(frozen=True)
class Layer:
    """One layer. `shape`: of its output, as text; `learns`: those of its parameters that training changes."""

    name: str
    kind: str
    shape: str
    parameters: int
    learns: int


def layers_of(network: Any, frozen: Collection[str] = ()) -> list[Layer]:
    """The layers in the order in which they compute.

    Args:
        frozen: names of those that did not learn in this training, though they could.
    """
    return [
        Layer(layer.name, type(layer).__name__, _shape(layer), layer.count_params(), 0 if layer.name in frozen else _trainable(layer))
        for layer in network.layers
    ]


def _trainable(layer: Any) -> int:
    return sum(math.prod(weight.shape) for weight in layer.trainable_weights)


def _shape(layer: Any) -> str:
    """Of its last use: a layer may be used several times."""
    nodes = layer._inbound_nodes
    tensors = keras.tree.flatten(nodes[-1].output_tensors) if nodes else []
    return ", ".join(" × ".join("any" if side is None else str(side) for side in tensor.shape[1:]) for tensor in tensors)
