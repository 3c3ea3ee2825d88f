"""A model's geometry, read off its graph: what every output sees of every input, and which windows give which blocks.

The signature's graph is walked from the inputs to the outputs (core/model/geometry/graph_walk.py); nothing is computed but shapes. What the
walk does not know is named in the result, and the user is asked for the numbers.

Blocks. Outputs repeat themselves every n elements, and windows must lie multiples of the total stride T apart to be treated alike: a
block of EF outputs is the smallest that moves every window by such a multiple. A model without padding gives exactly EF outputs for
its receptive field RF. Padding (SAME, or explicit) makes outputs near a window's edge wrong: then the window is larger by a *halo* on
every side, as wide as what is wrong, rounded up to the total stride, and what the model answers for it is thrown away. Every answer is
checked by a second walk with windows of several blocks, whose outputs must be as many as promised.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil, lcm

from ..loading.frozen import FrozenGraph
from .graph_walk import Walk, suitable
from .reach import HALF
from .trace import Line, NotFollowed, OtherSize, Pair, Trace

ENOUGH = 2000  # pixels on a side of the windows of the second walk: other ones than those of the first
TRIES = 8


@dataclass(frozen=True)
class InputGeometry:
    """What an output sees of one input, along rows and columns.

    Attributes:
        receptive_field: pixels that the model needs for one block, the halo with them.
        view: pixels that one output depends on.
        scale_factor: spacing of the output ÷ spacing of this input; None if the two do not move together.
        offset: centre of what the first output depends on, in pixels from the window's start.
        stride: total stride; windows that lie multiples of it apart are treated alike.
    """

    receptive_field: Pair
    view: Pair
    scale_factor: Fraction | None
    offset: tuple[Fraction, Fraction]
    stride: Pair


@dataclass(frozen=True)
class OutputGeometry:
    """The geometry of one output.

    Attributes:
        inputs: by name; those that the output does not see are missing.
        expression_field: outputs of one block.
        halo: outputs on each side of a block that the model gives too, and that are thrown away.
        fully_convolutional: takes blocks of any size; otherwise patches.
        unknown: what the numbers could not be derived for, and why; empty if all is known.
    """

    inputs: Mapping[str, InputGeometry]
    expression_field: Pair
    halo: Pair
    fully_convolutional: bool
    unknown: tuple[str, ...] = ()


def read_geometry(graph: FrozenGraph) -> dict[str, OutputGeometry]:
    """The geometry of every output, by name."""
    try:
        walk = suitable(graph)
    except NotFollowed as reason:
        return {name: _nothing(str(reason)) for name in graph.outputs}
    return {name: _Reading(graph, walk, name).geometry() for name in graph.outputs}


def _nothing(*reasons: str) -> OutputGeometry:
    return OutputGeometry({}, (1, 1), (0, 0), False, tuple(reasons))


@dataclass(frozen=True)
class _Blocks:
    """One axis: outputs of a block, those thrown away on each side, and the window of each input."""

    field: int
    halo: int
    windows: Mapping[str, int]


class _Reading:
    """Reads one output's geometry off a walk."""

    def __init__(self, graph: FrozenGraph, walk: Walk, name: str) -> None:
        self._graph, self._walk, self._name = graph, walk, name

    def geometry(self) -> OutputGeometry:
        """The geometry; what cannot be known is named in it."""
        trace, rank = self._walk.trace(self._graph.outputs[self._name]), self._graph.outputs[self._name].shape.rank
        if trace is None:
            return _nothing(f"{self._name} depends on no image")
        if self._walk.fixed and (trace.lines is None or trace.axes is None):
            return self._of_a_patch(trace, rank)
        if trace.unknown:
            return _nothing(*sorted(trace.unknown))
        if trace.whole and not self._walk.fixed:
            words = ", ".join(sorted(trace.whole))
            return _nothing(f"{words}: every value depends on the whole window, whose size nothing tells (the patches of the training)")
        if trace.lines is None or trace.axes is None:
            return self._of_a_list(trace)
        find = self._in_patch if self._walk.fixed else self._in_window
        found = [find(trace, axis) for axis in (0, 1)]
        if found[0] is None or found[1] is None:
            return _nothing("no size of window gives whole blocks")
        return self._result(trace, found[0], found[1], not self._walk.fixed)

    def _of_a_patch(self, trace: Trace, rank: int | None) -> OutputGeometry:
        """One answer for a patch of prescribed size, or an image that has lost its place in it."""
        shape = self._graph.outputs[self._name].shape.as_list() if rank is not None else [None]
        sides = [size for size in shape[1:3] if size is not None]
        if trace.unknown and not (rank is not None and rank <= 2):
            return _nothing(*sorted(trace.unknown))
        field = (sides[0], sides[1]) if rank in (3, 4) and len(sides) == 2 else (1, 1)
        inputs = {
            name: InputGeometry(size, size, Fraction(1) if field == (1, 1) else None, _middle(size), trace.strides.get(name, (1, 1)))
            for name, size in self._walk.sizes.items()
        }
        reasons = () if field == (1, 1) else ("the scale factor: rows and columns are mixed on the way",)
        return OutputGeometry(inputs, field, (0, 0), False, reasons)

    def _of_a_list(self, trace: Trace) -> OutputGeometry:
        """Pixels in one list, as models of patches give them: their window is the one that gives a single one."""
        if trace.lines is None:
            return _nothing("no rows and columns are left")
        if any(line.clean != (0, line.size) for line in trace.lines):
            return _nothing("the receptive field: patches are padded, and their size is open")
        rows, cols = (_Blocks(1, 0, _ends(line, 1)) for line in trace.lines)
        result = self._result(trace, rows, cols, False)
        return replace(result, inputs={name: replace(seen, scale_factor=Fraction(1)) for name, seen in result.inputs.items()})

    def _in_patch(self, trace: Trace, axis: int) -> _Blocks:
        line = _line(trace, axis)
        wrong, step = _wrong(line), _step(trace, axis)
        halo = next((h for h in (ceil(wrong / step) * step, wrong) if line.size > 2 * h), 0)
        return _Blocks(line.size - 2 * halo, halo, {name: self._walk.sizes[name][axis] for name in line.reaches})

    def _in_window(self, trace: Trace, axis: int) -> _Blocks | None:
        """The first of the possible blocks that a second walk confirms."""
        return next((blocks for blocks in self._candidates(trace, axis) if self._holds(trace, axis, blocks)), None)

    def _candidates(self, trace: Trace, axis: int) -> Iterator[_Blocks]:
        line, field = _line(trace, axis), _step(trace, axis)
        wrong = _wrong(line)
        if not wrong:
            yield _Blocks(field, 0, _ends(line, field))
        whole = [ceil(wrong / field) * field + more * field for more in range(TRIES if wrong else 1)]
        for halo in (*whole[:2], *range(wrong, wrong + min(field, TRIES)), *whole[2:]):
            for more in (0,) if wrong else range(min(field, TRIES)):
                surplus = line.size - field - 2 * halo
                sizes = {name: self._walk.sizes[name][axis] - surplus * reach.jump for name, reach in line.reaches.items()}
                yield _Blocks(field, halo, {name: max(ceil(size) + more, 1) for name, size in sizes.items()})

    def _holds(self, trace: Trace, axis: int, blocks: _Blocks) -> bool:
        """Whether windows of one and of several such blocks give the outputs of these, with nothing wrong among them."""
        line = _line(trace, axis)
        count = ceil(ENOUGH / max(int(blocks.field * reach.jump) for reach in line.reaches.values()))
        one, several = (self._lines_for(line, axis, blocks, more) for more in (0, count))
        if one is None or several is None or not several:
            return False
        enough = not one or one[axis].size == blocks.field + 2 * blocks.halo  # none: a squeeze makes a vector of a single pixel
        other, expected = several[axis], (count + 1) * blocks.field + 2 * blocks.halo
        return enough and other.size == expected and _wrong(other) <= blocks.halo and dict(other.reaches) == dict(line.reaches)

    def _lines_for(self, line: Line, axis: int, blocks: _Blocks, more: int) -> tuple[Line, ...] | None:
        """The output's lines for windows of so many blocks more, () if it has none; None if such windows do not do."""
        sizes = {name: list(size) for name, size in self._walk.sizes.items()}
        for name, reach in line.reaches.items():
            sizes[name][axis] = blocks.windows[name] + more * int(blocks.field * reach.jump)
        try:
            again = Walk(self._graph, {name: (size[0], size[1]) for name, size in sizes.items()}).trace(self._graph.outputs[self._name])
        except OtherSize:
            return None
        return None if again is None or again.unknown else again.lines or ()

    def _result(self, trace: Trace, rows: _Blocks, cols: _Blocks, by_blocks: bool) -> OutputGeometry:
        down, across = _line(trace, 0), _line(trace, 1)
        inputs, reasons = {}, []
        for name, reach in down.reaches.items():
            field, views = (rows.windows[name], cols.windows[name]), (_view(down, name), _view(across, name))
            alike = reach.jump == across.reaches[name].jump
            scale = Fraction(1) if (rows.field, cols.field) == (1, 1) and self._walk.fixed else reach.jump
            offset = _centre(down, name, rows.halo), _centre(across, name, cols.halo)
            inputs[name] = InputGeometry(field, views, scale if alike else None, offset, trace.strides[name])
            reasons += [] if alike else [f"one scale factor: {reach.jump} down, {across.reaches[name].jump} across"]
        return OutputGeometry(inputs, (rows.field, cols.field), (rows.halo, cols.halo), by_blocks, tuple(reasons))


def _line(trace: Trace, axis: int) -> Line:
    if trace.lines is None:
        raise ValueError("a list has no rows and columns")  # asked for images only
    return trace.lines[axis]


def _wrong(line: Line) -> int:
    """How many elements at the worse end depend on where the window ends."""
    return max(line.clean[0], line.size - line.clean[1]) if line.clean[0] < line.clean[1] else line.size


def _step(trace: Trace, axis: int) -> int:
    """Outputs after which every window has moved by a multiple of its total stride."""
    line = _line(trace, axis)
    return lcm(*((trace.strides[name][axis] / reach.jump).numerator for name, reach in line.reaches.items()))


def _ends(line: Line, count: int) -> dict[str, int]:
    """Where the pixels end that the first outputs depend on, input by input."""
    ends = {name: reach.hull((0, count)) for name, reach in line.reaches.items()}
    return {name: 1 if span is None else max(span[1], 1) for name, span in ends.items()}


def _view(line: Line, name: str) -> int:
    return max((span[1] - span[0] for span in line.reaches[name].spans if span), default=0)


def _centre(line: Line, name: str, element: int) -> Fraction:
    span = line.reaches[name].at(element)
    return Fraction(0) if span is None else (span[0] + span[1]) * HALF


def _middle(size: Pair) -> tuple[Fraction, Fraction]:
    return size[0] * HALF, size[1] * HALF
