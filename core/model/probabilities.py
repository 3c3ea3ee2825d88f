"""What an output of a model is, by the way it is computed, where no contract says so: probabilities, or classes."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from .loading.frozen import FrozenGraph
from .loading.load import LoadedModel

ENDS = {"Softmax", "Sigmoid"}
CLASS_ENDS = {"Softmax", "ArgMax"}  # a sigmoid may well end a network that makes images
PASSING = {  # what gives nothing that its first argument does not hold, or a mean of that
    "Identity", "Reshape", "Squeeze", "ExpandDims", "Transpose", "StridedSlice", "Slice", "DepthToSpace", "SpaceToDepth", "BatchToSpaceND",
    "ResizeNearestNeighbor", "ResizeBilinear", "AvgPool", "MaxPool", "Max", "Min", "Mean",
}  # fmt: skip


def gives_probabilities(model: LoadedModel, output: str) -> bool:
    """Whether the output comes out of a softmax or a sigmoid, as it is or only moved."""
    return are_probabilities(FrozenGraph(model).outputs[output])


def are_probabilities(tensor: Any) -> bool:
    """The same of a tensor in any graph of TensorFlow."""
    return _end(tensor, PASSING) in ENDS


def gives_classes(model: LoadedModel, output: str) -> bool:
    """Whether the output tells classes: the winning one, or the probability of each."""
    return _end(FrozenGraph(model).outputs[output], {*PASSING, "Cast"}) in CLASS_ENDS


def _end(tensor: Any, passing: Collection[str]) -> str:
    """The kind of operation that computes the values."""
    while tensor.op.type in passing:
        tensor = tensor.op.inputs[0]
    return str(tensor.op.type)
