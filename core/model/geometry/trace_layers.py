"""Layers that look at neighbours: convolutions, pooling, resizing, padding, cropping, as steps of a walk (core/model/geometry/trace.py)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from . import reach
from .reach import Reach
from .trace import MISFIT, NotFollowed, Pair, TooSmall, Trace
from .trace_operands import Operands

Layer = tuple[Reach, int]  # what its elements see of the layer below, and how many they are
LARGEST_FACTOR = 64
RADII = {"triangle": Fraction(1), "lanczos1": Fraction(1), "lanczos3": Fraction(3), "lanczos5": Fraction(5), "keyscubic": Fraction(2)}


def through(trace: Trace, layer: Callable[[int, int], Layer]) -> Trace:
    """Apply a layer to both lines: `layer` is asked for each, given the axis of the tensor and the line's size."""
    if trace.lines is None:
        return trace
    if trace.axes is None:
        raise NotFollowed("on pixels in one list")
    (rows, height), (cols, width) = (layer(axis, line.size) for axis, line in zip(trace.axes, trace.lines, strict=True))
    return trace.through((rows, cols), (height, width))


def window_layer(operation: Any, size: int, reach_of: tuple[int, int, int], axis: int) -> Layer:
    """A convolution or pooling along one axis; `reach_of`: kernel size, stride, dilation."""
    kernel, stride, dilation = reach_of
    field = (kernel - 1) * dilation + 1
    padding = operation.get_attr("padding")
    if padding == b"SAME":
        count = -(-size // stride)
        before, after = _same(size, count, stride, field)
    else:
        before, after = operation.get_attr("explicit_paddings")[2 * axis : 2 * axis + 2] if padding == b"EXPLICIT" else (0, 0)
        count = (size + before + after - field) // stride + 1
    return reach.window(kernel, stride, dilation, before), count


def _same(size: int, count: int, stride: int, field: int) -> Pair:
    """TensorFlow's zero padding before and after."""
    total = max((count - 1) * stride + field - size, 0)
    return total // 2, total - total // 2


def _first_spatial(operation: Any) -> int:
    return 2 if operation.get_attr("data_format").startswith(b"NC") else 1


def convolution(operation: Any, values: Operands) -> Trace:
    """Plain, depthwise, dilated, and those of volumes, whose third axis (time) is not looked at."""
    trace, kernel = values.traced(operation.inputs[0]), values.shape(operation.inputs[1])
    if values.trace(operation.inputs[1]) is not None:
        raise NotFollowed("has weights that depend on the image")
    first, strides, dilations = _first_spatial(operation), operation.get_attr("strides"), operation.get_attr("dilations")
    if trace.spread != (1, 1) and operation.get_attr("padding") != b"VALID":
        raise NotFollowed("pads batches of every n-th pixel")
    spread = dict(zip(trace.axes or (), trace.spread, strict=True)) if trace.axes else {}

    def layer(axis: int, size: int) -> Layer:
        wide = spread[axis]
        if wide > 1 and strides[axis] > 1:
            raise NotFollowed("has strides in batches of every n-th pixel")
        return window_layer(operation, size, (kernel[axis - first], strides[axis], dilations[axis] * wide), axis)

    return through(trace, layer)


def pooling(operation: Any, values: Operands) -> Trace:
    """Maximum or mean of a window."""
    trace, kernel, strides = values.traced(operation.inputs[0]), operation.get_attr("ksize"), operation.get_attr("strides")
    if trace.spread != (1, 1):
        raise NotFollowed("pools batches of every n-th pixel")
    return through(trace, lambda axis, size: window_layer(operation, size, (kernel[axis], strides[axis], 1), axis))


def transposed(operation: Any, values: Operands) -> Trace:
    """A transposed convolution: the gradient of a convolution from the result to the operand."""
    trace, kernel, sizes = values.traced(operation.inputs[2]), values.shape(operation.inputs[1]), values.value(operation.inputs[0])
    first, strides = _first_spatial(operation), operation.get_attr("strides")
    if max(operation.get_attr("dilations")) > 1:
        raise NotFollowed("is dilated")

    def layer(axis: int, size: int) -> Layer:
        count, field = int(sizes[axis]) if len(sizes) > 2 else int(sizes[axis - first]), kernel[axis - first]
        before = 0
        if operation.get_attr("padding") == b"SAME":
            before = _same(count, size, strides[axis], field)[0]
        elif operation.get_attr("padding") != b"VALID":
            before = operation.get_attr("explicit_paddings")[2 * axis]
        return reach.transposed(field, strides[axis], before), count

    return through(trace, layer)


def resizing(operation: Any, values: Operands) -> Trace:
    """Resizing by a factor, whatever its size was computed from."""
    trace, sizes = values.traced(operation.inputs[0]), values.value(operation.inputs[1])

    def layer(axis: int, size: int) -> Layer:
        count = int(sizes[axis - 1])
        if operation.get_attr("align_corners") and count != size:
            raise NotFollowed("aligns corners: its factor changes with the size of the window")
        return _resized(operation, _sane(Fraction(size, count))), count

    return through(trace, layer)


def _sane(ratio: Fraction) -> Fraction:
    """Factors of resizing are small numbers; others come of an odd size that was halved, or of a size that is always the same."""
    if max(ratio.numerator, ratio.denominator) > LARGEST_FACTOR:
        raise NotFollowed(f"resizes {ratio.numerator} elements to {ratio.denominator} {MISFIT}")
    return ratio


def _resized(operation: Any, ratio: Fraction) -> Reach:
    if operation.type == "ResizeArea":
        return reach.averaged(ratio)
    half_pixel = operation.get_attr("half_pixel_centers")
    if operation.type == "ResizeNearestNeighbor":
        return reach.nearest(ratio, half_pixel)
    return reach.interpolated(ratio, half_pixel, 2 if operation.type == "ResizeBicubic" else 1)


def scaling(operation: Any, values: Operands) -> Trace:
    """tf.image.resize with anti-aliasing."""
    trace = values.traced(operation.inputs[0])
    sizes, scales, places = (values.value(tensor) for tensor in operation.inputs[1:4])
    kernel = operation.get_attr("kernel_type").decode()
    if kernel not in RADII or np.any(places):
        raise NotFollowed(f"with the kernel {kernel}, shifted by {places}")

    def layer(axis: int, size: int) -> Layer:
        ratio = 1 / Fraction(float(scales[axis - 1])).limit_denominator(10_000)
        _sane(ratio)
        smooth = operation.get_attr("antialias")
        return reach.smoothed(ratio, RADII[kernel]) if smooth else reach.interpolated(ratio, True, int(RADII[kernel])), int(sizes[axis - 1])

    return through(trace, layer)


def depth_to_space(operation: Any, values: Operands) -> Trace:
    """Channels become pixels."""
    block = operation.get_attr("block_size")
    return through(values.traced(operation.inputs[0]), lambda axis, size: (reach.repeated(block), size * block))


def space_to_depth(operation: Any, values: Operands) -> Trace:
    """Pixels become channels."""
    block = operation.get_attr("block_size")
    return through(values.traced(operation.inputs[0]), lambda axis, size: (reach.window(block, block), size // block))


def padding(operation: Any, values: Operands) -> Trace:
    """Zeros, a constant, or the image mirrored: all wrong where the image goes on."""
    amounts = values.value(operation.inputs[1]).tolist()
    mirrored = operation.type == "MirrorPad"
    least = mirrored and operation.get_attr("mode") == b"REFLECT"  # the edge itself is not repeated

    def layer(axis: int, size: int) -> Layer:
        before, after = amounts[axis]
        if mirrored and max(before, after) > size - least:
            raise TooSmall
        return reach.shifted(-before), size + before + after

    return through(values.traced(operation.inputs[0]), layer)


def into_batches(operation: Any, values: Operands) -> Trace:
    """A dilated convolution as older graphs spell it: every n-th pixel becomes an image of its own. Followed as one image."""
    trace, blocks, pads = values.traced(operation.inputs[0]), *(values.value(tensor).tolist() for tensor in operation.inputs[1:3])
    if trace.lines is None or trace.axes != (1, 2) or len(blocks) > 2 or trace.spread != (1, 1):
        raise NotFollowed("makes batches of something else than rows and columns")
    blocks, pads = _both(blocks, 1), _both(pads, [0, 0])
    padded = through(trace, lambda axis, size: (reach.shifted(-int(pads[axis - 1][0])), size + int(sum(pads[axis - 1]))))
    return values.spread(padded, (int(blocks[0]), int(blocks[1])))


def out_of_batches(operation: Any, values: Operands) -> Trace:
    """The other way."""
    crops, trace = _both(values.value(operation.inputs[2]).tolist(), [0, 0]), values.traced(operation.inputs[0])
    if trace.axes != (1, 2):
        raise NotFollowed("without its counterpart")
    whole = values.spread(trace, (1, 1))
    return through(whole, lambda axis, size: (reach.shifted(int(crops[axis - 1][0])), size - int(sum(crops[axis - 1]))))


def _both(amounts: Sequence[Any], none: Any) -> list[Any]:
    """Of rows and columns, where only the rows may be told."""
    return [*list(amounts), none][:2]


def cropping(trace: Trace, parts: Sequence[slice]) -> Trace:
    """A part of the tensor: one slice for each of its axes."""

    def layer(axis: int, size: int) -> Layer:
        part = range(size)[parts[axis]]
        if part.step < 1:
            raise NotFollowed("turns the image round")
        return Reach(part.step, ((part.start, part.start + 1),)), len(part)

    return through(trace, layer)
