"""One walk over a frozen graph, from its inputs to its outputs, for windows of one size; and which size suits."""

from __future__ import annotations

from collections.abc import Mapping
from math import lcm
from typing import Any

from ..loading.frozen import FrozenGraph
from .trace import MISFIT, Line, NotFollowed, OtherSize, Pair, Trace, join
from .trace_operands import Operands
from .trace_rules import RULES

WINDOW = 3840  # pixels: 2^8 · 15, so that most strides divide it; nothing of this size is computed
LARGEST_STRIDE = 1024
TRIES = 24


class Walk:
    """One walk, for windows of one size.

    Attributes:
        sizes: of the windows, by input.
        fixed: whether the inputs' shapes prescribe them.
    """

    def __init__(self, graph: FrozenGraph, sizes: Mapping[str, Pair]) -> None:
        self._graph = graph
        self.sizes = dict(sizes)
        self.fixed = any(own_size(graph, name) is not None for name in sizes)
        self._operands = Operands(graph)
        for name, (rows, cols) in sizes.items():
            lines = Line.of_input(name, rows), Line.of_input(name, cols)
            self._operands.note(graph.inputs[name], Trace(lines, (1, 2), strides={name: (1, 1)}))
        for operation in graph.operations:
            if operation.outputs and not graph.is_constant(operation.outputs[0]):
                self._visit(operation)

    def trace(self, tensor: Any) -> Trace | None:
        """What is known of a tensor."""
        return self._operands.trace(tensor)

    def strides(self, name: str) -> Pair:
        """The least common multiple of the total strides of all that was walked over, for one input."""
        found = [trace.strides[name] for trace in self._operands.traces() if name in trace.strides]
        return lcm(*(rows for rows, _ in found)), lcm(*(cols for _, cols in found))

    def misfits(self) -> bool:
        """Whether an output is not known because of the window's size."""
        traces = (self.trace(tensor) for tensor in self._graph.outputs.values())
        return any(MISFIT in reason for trace in traces if trace for reason in trace.unknown)

    def _visit(self, operation: Any) -> None:
        traces = [trace for trace in map(self.trace, operation.inputs) if trace is not None]
        if not traces:
            return
        if operation.type in ("Shape", "ShapeN"):
            self._operands.note_shape(operation)
            return
        result = self._result(operation, traces)
        for tensor in operation.outputs:
            self._operands.note(tensor, result)

    def _result(self, operation: Any, traces: list[Trace]) -> Trace:
        if all(trace.lines is None for trace in traces):
            return join(traces)
        if operation.type not in RULES:
            return _lost(operation, traces, "is not known")
        try:
            return RULES[operation.type](operation, self._operands)
        except NotFollowed as reason:
            return _lost(operation, traces, str(reason))


def _lost(operation: Any, traces: list[Trace], reason: str) -> Trace:
    return join(trace.lost(operation.type, reason) for trace in traces)


def own_size(graph: FrozenGraph, name: str) -> Pair | None:
    """The size of the patches that an input prescribes; None if it takes any."""
    shape = graph.inputs[name].shape
    if shape.rank != 4:
        return None
    rows, cols = shape.as_list()[1:3]
    return None if rows is None or cols is None else (rows, cols)


def suitable(graph: FrozenGraph) -> Walk:
    """A walk with windows of a size for which no size in the graph is rounded; without any, of the usual size.

    Most models want multiples of their total stride. One that cuts its window before it goes down and up again wants a few pixels more.
    """
    images = [name for name, tensor in graph.inputs.items() if tensor.shape.rank == 4]
    if not images:
        raise NotFollowed("no input takes images ([images, rows, columns, bands])")
    own = {name: own_size(graph, name) for name in images}
    if (either := [name for name, size in own.items() if size is None]) and len(either) < len(images):
        raise NotFollowed(f"{', '.join(either)} of any size, beside inputs whose patches have a size of their own")
    usual = {name: size or (WINDOW, WINDOW) for name, size in own.items()}
    walk = fitting(graph, usual)
    if walk.fixed:
        return walk
    if walk.misfits():
        others = (fitting(graph, {name: (WINDOW + more, WINDOW + more) for name in images}) for more in range(1, TRIES))
        return next((other for other in others if not other.misfits()), walk)
    return fitting(graph, {images[0]: _rounded(walk.strides(images[0]))}) if len(images) == 1 else walk


def _rounded(strides: Pair) -> Pair:
    """The usual size as a multiple of the total stride, if that is one that occurs."""
    rows, cols = (-(-WINDOW // stride) * stride if stride <= LARGEST_STRIDE else WINDOW for stride in strides)
    return rows, cols


def fitting(graph: FrozenGraph, sizes: Mapping[str, Pair]) -> Walk:
    """A walk with windows of sizes that fit together."""
    tried = dict(sizes)
    for _ in range(TRIES):
        try:
            return Walk(graph, tried)
        except OtherSize as other:
            pair = list(tried[other.name])
            pair[other.axis] += other.by
            if min(pair) < 1 or own_size(graph, other.name):
                break
            tried[other.name] = pair[0], pair[1]
    raise NotFollowed("the windows of its inputs never fit together")
