"""What every operation does to a trace (core/model/geometry/trace.py): the table of all that are known, and those that move nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import trace_axes, trace_layers
from .trace import NotFollowed, Pair, Trace, join
from .trace_axes import without
from .trace_operands import Operands

Rule = Callable[[Any, Operands], Trace]


def _elementwise(operation: Any, values: Operands) -> Trace:
    """Element by element, or over channels only; operands are broadcast."""
    rank = max(values.rank(tensor) for tensor in operation.inputs)
    traces, mixed = [], False
    for tensor in operation.inputs:
        trace, missing = values.trace(tensor), rank - values.rank(tensor)
        if trace is None:
            continue
        traces.append(trace.moved((trace.axes[0] + missing, trace.axes[1] + missing)) if trace.axes and missing else trace)
    result = join(traces)
    for tensor in operation.inputs:
        mixed = mixed or (values.trace(tensor) is None and _has_places(values.shape(tensor), rank, result.axes))
    return result.mixed(f"{operation.type} with weights for places") if mixed else result


def _has_places(shape: list[int], rank: int, axes: Pair | None) -> bool:
    padded = [1] * (rank - len(shape)) + shape
    return axes is not None and any(padded[axis] > 1 for axis in axes)


def _normalised(operation: Any, values: Operands) -> Trace:
    trace = values.traced(operation.inputs[0])
    return trace.mixed(f"{operation.type} of the batch's own statistics") if operation.get_attr("is_training") else trace


def _over_channels(operation: Any, values: Operands) -> Trace:
    """Softmax and its like, over the last axis."""
    trace = values.traced(operation.inputs[0])
    if trace.axes and values.rank(operation.inputs[0]) - 1 in trace.axes:
        return trace.mixed(operation.type)
    return trace


def _reduced(operation: Any, values: Operands) -> Trace:
    """Mean, maximum … over some axes: of channels, or of the whole window."""
    trace, rank = values.traced(operation.inputs[0]), values.rank(operation.inputs[0])
    gone = {int(axis) % rank for axis in values.value(operation.inputs[1]).ravel()}
    if trace.lines is None or trace.axes is None:
        return trace if trace.lines is None or 0 not in gone else trace.flattened(operation.type)
    if gone & set(trace.axes):
        return trace.flattened(f"{operation.type} of the whole window")
    keeps = "keep_dims" in operation.node_def.attr and operation.get_attr("keep_dims")
    return trace if keeps else trace.moved(without(trace.axes, gone))


def _concatenated(operation: Any, values: Operands) -> Trace:
    traces = [trace for trace in map(values.trace, operation.inputs[:-1]) if trace is not None]
    result, axis = join(traces), int(values.value(operation.inputs[-1])) % values.rank(operation.outputs[0])
    touched = result.axes if result.lines is not None and result.axes else (0,)
    if result.lines is not None and axis in touched:
        raise NotFollowed("puts images together side by side")
    return result


def _multiplied(operation: Any, values: Operands) -> Trace:
    """A matrix product: of channels with weights, or of everything with everything."""
    trace = values.trace(operation.inputs[0])
    turned = "transpose_a" if operation.type == "MatMul" else "adj_x"
    if trace is not None and values.trace(operation.inputs[1]) is None and not operation.get_attr(turned):
        rank = values.rank(operation.inputs[0])
        if trace.axes is None or rank - 1 not in trace.axes:
            return trace
    return join(t.flattened(operation.type) for t in map(values.trace, operation.inputs) if t is not None)


UNARY = (
    "Identity Relu Relu6 LeakyRelu Elu Selu Sigmoid Tanh Softplus Softsign Square Sqrt Rsqrt Exp Expm1 Log Log1p Abs Neg Erf Erfc Cast "
    "StopGradient Reciprocal Inv Sign Round Rint Floor Ceil Sin Cos Atan IsNan IsFinite IsInf LogicalNot ZerosLike OnesLike LRN Snapshot "
    "CheckNumerics PreventGradient Real Imag"
)
BINARY = (
    "Add AddV2 AddN Sub Mul MulNoNan RealDiv Div DivNoNan FloorDiv FloorMod Mod Maximum Minimum SquaredDifference Pow BiasAdd Prelu Atan2 "
    "Select SelectV2 Greater GreaterEqual Less LessEqual Equal NotEqual LogicalAnd LogicalOr ClipByValue Xdivy"
)
RULES: dict[str, Rule] = {
    **dict.fromkeys((*UNARY.split(), *BINARY.split()), _elementwise),
    **dict.fromkeys(("Softmax", "LogSoftmax"), _over_channels),
    **dict.fromkeys(("FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3"), _normalised),
    **dict.fromkeys(("Conv2D", "Conv3D", "DepthwiseConv2dNative"), trace_layers.convolution),
    **dict.fromkeys(("MaxPool", "AvgPool", "MaxPool3D", "AvgPool3D"), trace_layers.pooling),
    **dict.fromkeys(("Conv2DBackpropInput", "Conv3DBackpropInputV2"), trace_layers.transposed),
    **dict.fromkeys(("ResizeBilinear", "ResizeNearestNeighbor", "ResizeBicubic", "ResizeArea"), trace_layers.resizing),
    "ScaleAndTranslate": trace_layers.scaling,
    "DepthToSpace": trace_layers.depth_to_space,
    "SpaceToDepth": trace_layers.space_to_depth,
    **dict.fromkeys(("Pad", "PadV2", "MirrorPad"), trace_layers.padding),
    "SpaceToBatchND": trace_layers.into_batches,
    "BatchToSpaceND": trace_layers.out_of_batches,
    **dict.fromkeys(("Mean", "Sum", "Max", "Min", "Prod", "ArgMax", "ArgMin", "All", "Any"), _reduced),
    "ExpandDims": trace_axes.expanded,
    "OneHot": trace_axes.one_hot,
    "Squeeze": trace_axes.squeezed,
    "Transpose": trace_axes.transposed,
    "ConcatV2": _concatenated,
    "Pack": trace_axes.packed,
    "Unpack": trace_axes.unpacked,
    **dict.fromkeys(("Split", "SplitV"), trace_axes.split),
    "GatherV2": trace_axes.gathered,
    **dict.fromkeys(("Tile", "BroadcastTo"), trace_axes.repeated),
    "StridedSlice": trace_axes.strided_slice,
    "Slice": trace_axes.sliced,
    "Reshape": trace_axes.reshaped,
    **dict.fromkeys(("MatMul", "BatchMatMul", "BatchMatMulV2", "BatchMatMulV3"), _multiplied),
}
