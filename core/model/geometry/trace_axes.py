"""Operations that move, cut or regroup the axes of a tensor: where rows and columns are afterwards (core/model/geometry/trace.py)."""

from __future__ import annotations

from dataclasses import replace
from math import prod
from typing import Any

from . import reach
from .trace import NotFollowed, Pair, Trace, join
from .trace_layers import Layer, cropping, through
from .trace_operands import Operands


def without(axes: Pair, gone: set[int]) -> Pair:
    """Where rows and columns are once other axes are gone."""
    first, second = (axis - sum(1 for other in gone if other < axis) for axis in axes)
    return first, second


def _with_one_more(trace: Trace, place: int) -> Trace:
    if trace.axes is None:
        return trace
    rows, cols = (axis + (axis >= place) for axis in trace.axes)
    return trace.moved((rows, cols))


def expanded(operation: Any, values: Operands) -> Trace:
    """ExpandDims."""
    trace, rank = values.traced(operation.inputs[0]), values.rank(operation.inputs[0])
    if trace.lines is not None and trace.axes is None:
        raise NotFollowed("on pixels in one list")
    return _with_one_more(trace, int(values.value(operation.inputs[1]).ravel()[0]) % (rank + 1))


def one_hot(operation: Any, values: Operands) -> Trace:
    """Every class becomes an axis of its own."""
    trace, rank = values.traced(operation.inputs[0]), values.rank(operation.inputs[0])
    return _with_one_more(trace, operation.get_attr("axis") % (rank + 1))


def squeezed(operation: Any, values: Operands) -> Trace:
    """Axes of one element are dropped; rows and columns among them are no image any more."""
    trace, shape = values.traced(operation.inputs[0]), values.shape(operation.inputs[0])
    gone = {axis % len(shape) for axis in operation.get_attr("squeeze_dims")} or {i for i, size in enumerate(shape) if size == 1}
    if trace.axes is None:
        return trace
    return trace.flattened(operation.type) if gone & set(trace.axes) else trace.moved(without(trace.axes, gone))


def transposed(operation: Any, values: Operands) -> Trace:
    """Axes in another order, as for channels first."""
    trace, order = values.traced(operation.inputs[0]), values.value(operation.inputs[1]).tolist()
    if trace.lines is not None and trace.axes is None:
        raise NotFollowed("on pixels in one list")
    return trace if trace.axes is None else trace.moved((order.index(trace.axes[0]), order.index(trace.axes[1])))


def packed(operation: Any, values: Operands) -> Trace:
    """Tensors stacked along a new axis."""
    result = join(trace for trace in map(values.trace, operation.inputs) if trace is not None)
    return _with_one_more(result, operation.get_attr("axis") % values.rank(operation.outputs[0]))


def unpacked(operation: Any, values: Operands) -> Trace:
    """The other way, along another axis than rows and columns."""
    trace, rank = values.traced(operation.inputs[0]), values.rank(operation.inputs[0])
    axis = operation.get_attr("axis") % rank
    if trace.lines is not None and axis in (trace.axes or (0,)):
        raise NotFollowed("cuts the image into lines")
    return trace if trace.axes is None else trace.moved(without(trace.axes, {axis}))


def split(operation: Any, values: Operands) -> Trace:
    """Channels in several groups."""
    place, tensor = (0, 1) if operation.type == "Split" else (2, 0)
    trace, rank = values.traced(operation.inputs[tensor]), values.rank(operation.inputs[tensor])
    if trace.lines is not None and int(values.value(operation.inputs[place])) % rank in (trace.axes or (0,)):
        raise NotFollowed("cuts the image apart")
    return trace


def gathered(operation: Any, values: Operands) -> Trace:
    """Channels picked by their number; or a table of codes, looked up by class."""
    table, indices = operation.inputs[0], operation.inputs[1]
    axis = int(values.value(operation.inputs[2]))
    if values.trace(table) is None:
        return values.traced(indices)
    trace, rank = values.traced(table), values.rank(table)
    more = values.rank(indices) - 1
    if trace.lines is not None and (trace.axes is None or axis % rank in trace.axes or more > 0):
        raise NotFollowed("picks rows or columns")
    return trace.moved(without(trace.axes, {axis % rank})) if trace.axes and more < 0 else trace


def repeated(operation: Any, values: Operands) -> Trace:
    """Tile and BroadcastTo, along other axes than rows and columns."""
    trace, before, after = values.traced(operation.inputs[0]), values.shape(operation.inputs[0]), values.value(operation.inputs[1])
    if trace.lines is None:
        return trace
    missing = len(after) - len(before)
    axes = (0,) if trace.axes is None else tuple(axis + missing for axis in trace.axes)
    unchanged = 1 if operation.type == "Tile" else None
    if any(int(after[axis]) != (unchanged or before[axis - missing]) for axis in axes):
        raise NotFollowed("lays the image out several times")
    return trace if trace.axes is None else trace.moved((axes[0], axes[-1]))


def strided_slice(operation: Any, values: Operands) -> Trace:
    """Python's slicing, with all its masks: a new axis, an ellipsis, a single element."""
    trace, shape = values.traced(operation.inputs[0]), values.shape(operation.inputs[0])
    begin, end, step = (values.value(tensor).tolist() for tensor in operation.inputs[1:4])
    masks = {name: operation.get_attr(f"{name}_mask") for name in ("begin", "end", "ellipsis", "new_axis", "shrink_axis")}
    parts: list[slice] = []
    places: list[int | None] = []  # axis of the result → axis of the operand; None for a new one
    for i in range(len(begin)):
        bit = 1 << i
        if masks["ellipsis"] & bit:
            later = sum(1 for j in range(i + 1, len(begin)) if not masks["new_axis"] & 1 << j)
            fill = len(shape) - len(parts) - later
            places += range(len(parts), len(parts) + fill)
            parts += [slice(None)] * fill
        elif masks["new_axis"] & bit:
            places.append(None)
        elif masks["shrink_axis"] & bit:
            parts.append(slice(begin[i], begin[i] + 1 or None))
        else:
            places.append(len(parts))
            parts.append(slice(None if masks["begin"] & bit else begin[i], None if masks["end"] & bit else end[i], step[i]))
    places += range(len(parts), len(shape))
    parts += [slice(None)] * (len(shape) - len(parts))
    return _cropped(trace, parts, places)


def _cropped(trace: Trace, parts: list[slice], places: list[int | None]) -> Trace:
    if trace.lines is None:
        return trace
    if trace.axes is None:
        if parts[0] == slice(None):
            return trace
        raise NotFollowed("picks from pixels in one list")
    if any(axis not in places for axis in trace.axes):
        raise NotFollowed("picks one row or column")
    return cropping(trace, parts).moved((places.index(trace.axes[0]), places.index(trace.axes[1])))


def sliced(operation: Any, values: Operands) -> Trace:
    """A part by its start and size."""
    begin, sizes = values.value(operation.inputs[1]).tolist(), values.value(operation.inputs[2]).tolist()
    parts = [slice(start, None if size < 0 else start + size) for start, size in zip(begin, sizes, strict=True)]
    return _cropped(values.traced(operation.inputs[0]), parts, list(range(len(parts))))


def reshaped(operation: Any, values: Operands) -> Trace:
    """Rows and columns are found again by what stands before them; they may swallow the axis behind them, or be split into two."""
    trace = values.traced(operation.inputs[0])
    if trace.lines is None:
        return trace
    before, after = values.shape(operation.inputs[0]), _resolved(values, operation)
    rows, cols = (line.size for line in trace.lines)
    if trace.axes is None:
        return _unfolded(trace, before, after)
    if after and trace.axes == (1, 2) and after[0] == before[0] * rows * cols:
        return replace(trace, axes=None)
    found = [_find(before, after, axis, trace.axes) for axis in trace.axes]
    if None in found:
        return trace.flattened("Reshape")
    places = dict(zip(trace.axes, (place for place in found if place is not None), strict=True))
    changed = through(trace, lambda axis, size: _regrouped(size, after[places[axis]]))
    return changed.moved((places[trace.axes[0]], places[trace.axes[1]]))


def _unfolded(trace: Trace, before: list[int], after: list[int]) -> Trace:
    """Pixels in one list, [images · rows · cols, …], made an image again, or only their channels regrouped."""
    if trace.lines is None or (after and after[0] == before[0]):
        return trace
    rows, cols = (line.size for line in trace.lines)
    again = after[1:3] == [rows, cols] and after[0] * rows * cols == before[0]
    return trace.moved((1, 2)) if again else trace.flattened("Reshape")


def _resolved(values: Operands, operation: Any) -> list[int]:
    """The shape asked for, with the -1 in it computed."""
    shape, total = [int(size) for size in values.value(operation.inputs[1]).ravel()], prod(values.shape(operation.inputs[0]))
    known = prod(size for size in shape if size >= 0)
    return [total // known if size < 0 else size for size in shape]


def _find(before: list[int], after: list[int], axis: int, axes: Pair) -> int | None:
    """Where an axis went: as much stands before it; what it swallowed or gave away stands right behind it, and is no image axis."""
    size, limit = before[axis], axes[1] if axis == axes[0] else len(before)
    for place in (i for i in range(len(after)) if prod(after[:i]) == prod(before[:axis])):
        swallowed = [size * prod(before[axis + 1 : end]) for end in range(axis + 1, limit + 1)]
        given = after[place] > 1 and prod(after[place : place + 2]) == size
        if after[place] in swallowed or given:
            return place
    return None


def _regrouped(size: int, count: int) -> Layer:
    return (reach.repeated(count // size), count) if count >= size else (reach.window(size // count, size // count), count)
