"""Whether an output of a model lies within 0 to 1 by the way it is computed, where no contract says so."""

from __future__ import annotations

from typing import Any

from .loading.frozen import FrozenGraph
from .loading.load import LoadedModel

ENDS = {"Softmax", "Sigmoid"}
PASSING = {  # what gives nothing that its first argument does not hold, or a mean of that
    "Identity", "Reshape", "Squeeze", "ExpandDims", "Transpose", "StridedSlice", "Slice", "DepthToSpace", "SpaceToDepth", "BatchToSpaceND",
    "ResizeNearestNeighbor", "ResizeBilinear", "AvgPool", "MaxPool", "Max", "Min", "Mean",
}  # fmt: skip


def gives_probabilities(model: LoadedModel, output: str) -> bool:
    """Whether the output comes out of a softmax or a sigmoid, as it is or only moved."""
    return are_probabilities(FrozenGraph(model).outputs[output])


def are_probabilities(tensor: Any) -> bool:
    """The same of a tensor in any graph of TensorFlow."""
    while tensor.op.type in PASSING:
        tensor = tensor.op.inputs[0]
    return tensor.op.type in ENDS
