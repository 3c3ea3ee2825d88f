"""What a walk over a graph knows of the operands of an operation: traces, shapes for one size of window, and values of small tensors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from ..loading.frozen import FrozenGraph
from .trace import NotFollowed, Pair, Trace

IMAGES = 3  # in the batch that is walked with: no size that occurs, so that an axis of images is recognised; small, as shapes are int32


class Operands:
    """Traces by tensor, and shapes as far as they follow from them."""

    def __init__(self, graph: FrozenGraph) -> None:
        self._graph = graph
        self._traces: dict[str, Trace] = {}
        self._shapes: dict[str, np.ndarray] = {}

    def note(self, tensor: Any, trace: Trace) -> None:
        """Remember a trace."""
        self._traces[tensor.name] = trace

    def note_shape(self, operation: Any) -> None:
        """Remember the value of an operation that asks for a shape, if it is known: sizes that are computed from it become known."""
        try:
            for tensor, result in zip(operation.inputs, operation.outputs, strict=True):
                self._shapes[result.name] = np.array(self.shape(tensor), result.dtype.as_numpy_dtype)
        except NotFollowed:
            pass  # said by whoever needs it

    def trace(self, tensor: Any) -> Trace | None:
        """The trace of a tensor; None for one that depends on no image, or only on its size."""
        return self._traces.get(tensor.name)

    def traces(self) -> Iterable[Trace]:
        """All that are known."""
        return self._traces.values()

    def traced(self, tensor: Any) -> Trace:
        """The trace of a tensor that must depend on an image."""
        if tensor.name not in self._traces:
            raise NotFollowed("is applied to weights")
        return self._traces[tensor.name]

    @staticmethod
    def spread(trace: Trace, spread: Pair) -> Trace:
        """The trace with another dilation to come."""
        return replace(trace, spread=spread)

    @staticmethod
    def rank(tensor: Any) -> int:
        """How many axes a tensor has."""
        if tensor.shape.rank is None:
            raise NotFollowed("has operands of unknown rank")
        return int(tensor.shape.rank)

    def shape(self, tensor: Any) -> list[int]:
        """The shape that a tensor has for the window that is walked with."""
        trace = self.trace(tensor)
        self.rank(tensor)
        sizes: Mapping[int, int] = {} if trace is None else _sizes(trace)
        shape = [sizes.get(axis, size) for axis, size in enumerate(tensor.shape.as_list())]
        if trace is not None and shape and shape[0] is None:
            shape[0] = IMAGES
        if None in shape:
            raise NotFollowed(f"has operands of unknown shape {tensor.shape}")
        return [int(size) for size in shape if size is not None]

    def value(self, tensor: Any) -> np.ndarray:
        """The value of a constant, or of what is computed from shapes."""
        try:
            return self._graph.value(tensor, self._shapes)
        except ValueError as error:
            raise NotFollowed("has a size or an axis that depends on the image's content") from error


def _sizes(trace: Trace) -> dict[int, int]:
    """Axis → size, where the trace tells."""
    if trace.lines is None:
        return {}
    rows, cols = trace.lines
    if trace.axes is None:
        return {0: IMAGES * rows.size * cols.size}
    if trace.spread != (1, 1):
        raise NotFollowed("asks for the shape of batches of every n-th pixel")
    return {trace.axes[0]: rows.size, trace.axes[1]: cols.size}
