"""What a graph costs for windows of given sizes: the operations of its layers, and the bytes that they read and write.

An operation is one addition, multiplication or other function of one value (FLOP), so a multiply-add counts as two, as in TensorFlow's
profiler. That one (`tf.compat.v1.profiler`, option `float_operation`) is not used for three reasons: it takes kinds that it does not
know as free (3-D transposed convolutions, ReLU, Exp …), overestimates transposed convolutions without padding, and tells of no memory.
Where it knows a kind, the tests compare with it. Shapes are TensorFlow's own: nothing is computed.

Bytes are those of the tensors that operations hand on, once where they are written and once for every reader: what goes through the
memory if nothing is fused and no cache helps. TensorFlow fuses biases and activations, so the truth lies below.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

from ..backend import tf
from ..loading.dependencies import operation_of

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Count:
    """The cost of one call.

    Attributes:
        operations: FLOPs.
        moved: bytes of activations, read and written.
        parameters: bytes of constants (weights).
        uncounted: kinds of operations whose cost is not known: loops, branches, sizes that depend on the image's content. Sorted.
    """

    operations: int
    moved: int
    parameters: int
    uncounted: tuple[str, ...] = ()


def count(definition: Any, shapes: Mapping[str, Shape], output: str) -> Count:
    """The cost of one output (the name of its tensor).

    Args:
        definition: a frozen graph, as GraphDef.
        shapes: of the images, by name of the placeholder's tensor.
    """
    types = {node.name: node.attr["dtype"].type for node in definition.node if node.op == "Placeholder"}
    with tf.Graph().as_default() as graph:
        feeds = {name: tf.compat.v1.placeholder(types[operation_of(name)], shape) for name, shape in shapes.items()}
        found = tf.graph_util.import_graph_def(definition, input_map=feeds, return_elements=[output], name="model")
    needed = _ancestors(found[0].op)
    return _total(operation for operation in graph.get_operations() if operation.name in needed)


def _ancestors(operation: Any) -> set[str]:
    waiting, seen = [operation], {operation.name}
    while waiting:
        new = {tensor.op.name: tensor.op for tensor in waiting.pop().inputs if tensor.op.name not in seen}
        seen |= set(new)
        waiting += new.values()
    return seen


def _total(operations: Iterable[Any]) -> Count:
    varying: set[str] = set()
    uncounted: set[str] = set()
    work = moved = parameters = 0
    for operation in operations:
        if operation.type == "Const":
            parameters += _bytes(operation.outputs[0])
        reads = any(tensor.op.name in varying for tensor in operation.inputs) and operation.type not in _SHAPES
        if reads or operation.type == "Placeholder":
            varying.add(operation.name)
        if operation.name not in varying or operation.type in _VIEWS:
            continue
        tensors = [*(tensor for tensor in operation.inputs if tensor.op.name in varying), *_used(operation)]
        if operation.type in _FUNCTIONS or not all(tensor.shape.is_fully_defined() for tensor in tensors):
            uncounted.add(operation.type)
            continue
        work += _work(operation)
        moved += sum(map(_bytes, tensors))
    return Count(work, moved, parameters, tuple(sorted(uncounted)))


def _used(operation: Any) -> list[Any]:
    """Its outputs, without those that nobody reads: batch normalisation has five of them, for training."""
    return [tensor for tensor in operation.outputs if tensor.value_index == 0 or tensor.consumers()]


def _work(operation: Any) -> int:
    if operation.type in _MOVES:
        return 0
    return _WORK.get(operation.type, _each_value)(operation)


def _each_value(operation: Any) -> int:
    """One a value: activations, sums and products of tensors, and whatever has no rule of its own."""
    return _size(operation.outputs[0])


def _each_read_value(operation: Any) -> int:
    return _size(operation.inputs[0])


def _convolution(operation: Any) -> int:
    """A kernel of [sides …, bands in, bands out] at every output."""
    *sides, bands, _ = _shape(operation.inputs[1])
    return 2 * prod(sides) * bands * _size(operation.outputs[0])


def _depthwise(operation: Any) -> int:
    return 2 * prod(_shape(operation.inputs[1])[:2]) * _size(operation.outputs[0])


def _transposed(operation: Any) -> int:
    """A kernel of [sides …, bands out, bands in] at every input: what it adds beyond the edges of the output is counted too."""
    *sides, bands, _ = _shape(operation.inputs[1])
    return 2 * prod(sides) * bands * _size(operation.inputs[2])


def _transposed_depthwise(operation: Any) -> int:
    return 2 * prod(_shape(operation.inputs[1])[:2]) * _size(operation.inputs[2])


def _product(operation: Any) -> int:
    """Of matrices: [rows, n] times [n, columns], or batches of them; either may be given transposed."""
    flipped = any(operation.get_attr(name) for name in ("transpose_a", "adj_x") if name in operation.node_def.attr)
    return 2 * _shape(operation.inputs[0])[-2 if flipped else -1] * _size(operation.outputs[0])


def _einsum(operation: Any) -> int:
    """As many multiply-adds an output as the sizes of the labels that it sums over."""
    inputs, output = operation.get_attr("equation").decode().split("->")
    sizes: dict[str, int] = {}
    for labels, tensor in zip(inputs.split(","), operation.inputs, strict=True):
        before, _, after = labels.partition("...")
        shape = _shape(tensor)
        sizes |= dict(zip(before, shape, strict=False)) | dict(zip(after[::-1], shape[::-1], strict=False))
    return 2 * prod(size for label, size in sizes.items() if label not in output) * _size(operation.outputs[0])


def _pooling(operation: Any) -> int:
    return prod(operation.get_attr("ksize")) * _size(operation.outputs[0])


def _shape(tensor: Any) -> Shape:
    return tuple(tensor.shape.as_list())


def _size(tensor: Any) -> int:
    return prod(_shape(tensor))


def _bytes(tensor: Any) -> int:
    return _size(tensor) * max(tensor.dtype.size or 0, 1) if tensor.shape.is_fully_defined() else 0


def _kinds(words: str) -> frozenset[str]:
    return frozenset(re.split(r"\s+", words.strip()))


# Operations that only ask for a shape: what is worked out from it costs nothing.
_SHAPES = _kinds("Shape ShapeN Size Rank")
# Operations that hand their input on as it is.
_VIEWS = _kinds(
    "Placeholder PlaceholderWithDefault Const Identity IdentityN StopGradient PreventGradient Reshape Squeeze ExpandDims EnsureShape "
    "NoOp Assert"
)
# Operations that copy and compute nothing.
_MOVES = _kinds(
    "Transpose ConcatV2 Concat Pack Unpack Split SplitV Slice StridedSlice Pad PadV2 MirrorPad Tile BroadcastTo Gather GatherV2 GatherNd "
    "DepthToSpace SpaceToDepth SpaceToBatchND BatchToSpaceND SpaceToBatch BatchToSpace ReverseV2 Fill ZerosLike OnesLike "
    "ResizeNearestNeighbor ScatterNd TensorScatterUpdate"
)
_FUNCTIONS = _kinds("While StatelessWhile If StatelessIf Case StatelessCase PartitionedCall StatefulPartitionedCall")
_WORK: dict[str, Callable[[Any], int]] = {
    **dict.fromkeys(("Conv2D", "Conv3D", "Conv"), _convolution),
    "DepthwiseConv2dNative": _depthwise,
    **dict.fromkeys(("Conv2DBackpropInput", "Conv3DBackpropInputV2"), _transposed),
    "DepthwiseConv2dNativeBackpropInput": _transposed_depthwise,
    **dict.fromkeys(("MatMul", "BatchMatMul", "BatchMatMulV2", "BatchMatMulV3"), _product),
    "Einsum": _einsum,
    **dict.fromkeys(("MaxPool", "AvgPool", "MaxPool3D", "AvgPool3D"), _pooling),
    **dict.fromkeys(("Mean", "Sum", "Prod", "Max", "Min", "All", "Any", "ArgMax", "ArgMin"), _each_read_value),
}
