"""What is known of one tensor of a graph while it is walked: where its rows and columns are, and what they see of every input.

The arithmetic of core/model/geometry/reach.py is endless; a tensor has a size, and near its ends a padded network gives other values than
further inside. The elements that are free of that, the *clean* ones, are followed exactly, for a window of one size.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from math import lcm

from .reach import IDENTITY, DifferentJumps, Reach, Span

Pair = tuple[int, int]  # (rows, cols)


MISFIT = "(windows of other sizes may suit)"


class NotFollowed(Exception):
    """The walk ends here; the message says at which operation and why."""


class TooSmall(NotFollowed):
    """The window is too small for the network."""

    def __init__(self) -> None:
        super().__init__("needs a larger window")


class OtherSize(Exception):
    """An input's window has the wrong size beside the others: it should be larger by `by` pixels (below 0: smaller) along `axis`."""

    def __init__(self, name: str, axis: int, by: int) -> None:
        super().__init__(f"{name}: {by:+} pixels")
        self.name, self.axis, self.by = name, axis, by


@dataclass(frozen=True)
class Line:
    """One axis of a tensor.

    Attributes:
        size: its elements.
        clean: those whose value does not depend on where the window ends.
        reaches: what they see, input by input.
    """

    size: int
    clean: Span
    reaches: Mapping[str, Reach]

    @classmethod
    def of_input(cls, name: str, size: int) -> Line:
        """The pixels themselves."""
        return cls(size, (0, size), {name: IDENTITY})

    def through(self, layer: Reach, size: int) -> Line:
        """The result of a layer, of `size` elements."""
        if size < 1:
            raise TooSmall
        reaches = {name: layer.after(reach) for name, reach in self.reaches.items()}
        return Line(size, self._clean_after(layer, size), reaches)

    def _clean_after(self, layer: Reach, size: int) -> Span:
        """A whole period has to be clean: single elements may be so for depending on nothing, beside others that are not."""
        first = end = 0
        while end < size and end - first < layer.period:
            end += 1
            first = first if self._is_clean(layer.at(end - 1)) else end
        last = start = size
        while start > first and last - start < layer.period:
            start -= 1
            last = last if self._is_clean(layer.at(start)) else start
        return first, last

    def _is_clean(self, span: Span | None) -> bool:
        return span is None or (self.clean[0] <= span[0] and span[1] <= self.clean[1])

    def joined(self, other: Line, axis: int) -> Line:
        """Element by element with another tensor's.

        Raises:
            OtherSize: the two come from different inputs, one of which has to be larger.
            NotFollowed: they never fit.
        """
        if self.size != other.size:
            self._ask_for_another_size(other, axis)
        reaches = dict(self.reaches)
        for name, reach in other.reaches.items():
            try:
                reaches[name] = reaches[name].joined(reach) if name in reaches else reach
            except DifferentJumps as error:
                raise NotFollowed(f"joins tensors of different strides: {error}") from error
        return Line(self.size, (max(self.clean[0], other.clean[0]), min(self.clean[1], other.clean[1])), reaches)

    def _ask_for_another_size(self, other: Line, axis: int) -> None:
        free = [name for name in other.reaches if name not in self.reaches]
        by = (self.size - other.size) * other.reaches[free[0]].jump if len(free) == len(other.reaches) == 1 else None
        if by is None or by.denominator != 1:
            raise NotFollowed(f"joins {self.size} and {other.size} elements {MISFIT}")
        raise OtherSize(free[0], axis, int(by))


@dataclass(frozen=True)
class Trace:
    """A tensor that depends on an image.

    Attributes:
        lines: its rows and its columns; None if it has none any more (flattened, pooled globally).
        axes: which of its axes they are; None while they are folded into the first one ([images · rows · cols, channels]).
        whole: operations on the way that let every element see the whole of the window.
        strides: per input, the least common multiple of all steps on the way: windows that start at multiples of it are treated alike.
        unknown: operations on the way that the walk does not know.
        spread: dilation of the convolution to come, where the graph spells it as batches of every n-th pixel (SpaceToBatchND).
    """

    lines: tuple[Line, Line] | None
    axes: Pair | None
    whole: frozenset[str] = frozenset()
    strides: Mapping[str, Pair] = field(default_factory=dict)
    unknown: frozenset[str] = frozenset()
    spread: Pair = (1, 1)

    @property
    def inputs(self) -> frozenset[str]:
        """All that it sees."""
        return frozenset(self.strides)

    def with_lines(self, rows: Line, cols: Line) -> Trace:
        """Other lines, whose steps are noted."""
        strides = dict(self.strides)
        for name in rows.reaches:
            down, across = strides.get(name, (1, 1))
            strides[name] = lcm(down, rows.reaches[name].step), lcm(across, cols.reaches[name].step)
        return replace(self, lines=(rows, cols), strides=strides)

    def through(self, layers: tuple[Reach, Reach], sizes: Pair) -> Trace:
        """The result of a layer."""
        if self.lines is None:
            return self
        rows, cols = (line.through(layer, size) for line, layer, size in zip(self.lines, layers, sizes, strict=True))
        return self.with_lines(rows, cols)

    def mixed(self, operation: str) -> Trace:
        """Rows and columns stay, but every element sees the whole window."""
        return replace(self, whole=self.whole | {operation})

    def flattened(self, operation: str) -> Trace:
        """Rows and columns are no more: every element sees the whole window."""
        return replace(self.mixed(operation), lines=None, axes=None, spread=(1, 1))

    def lost(self, operation: str, reason: str) -> Trace:
        """After an operation that is not known."""
        return replace(self.flattened(operation), unknown=self.unknown | {f"{operation} {reason}"})

    def moved(self, axes: Pair) -> Trace:
        """Rows and columns are other axes of the tensor now."""
        return replace(self, axes=axes)


def join(traces: Iterable[Trace]) -> Trace:
    """Element by element; those without rows and columns are the same everywhere."""
    first, *others = sorted(traces, key=lambda trace: trace.lines is None)
    for other in others:
        first = _join(first, other)
    return first


def _join(one: Trace, other: Trace) -> Trace:
    strides = dict(one.strides)
    for name, (down, across) in other.strides.items():
        before = strides.get(name, (1, 1))
        strides[name] = lcm(before[0], down), lcm(before[1], across)
    both = replace(one, whole=one.whole | other.whole, unknown=one.unknown | other.unknown, strides=strides)
    if one.lines is None or other.lines is None:
        return both
    if one.axes != other.axes or one.spread != other.spread:
        raise NotFollowed("joins rows with something else")
    rows, cols = (a.joined(b, axis) for axis, (a, b) in enumerate(zip(one.lines, other.lines, strict=True)))
    return both.with_lines(rows, cols)
