"""Dense evaluation, operation by operation: what each does to a map of all patches."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from ..backend import tf
from .patch_map import FlatJoin, NotDense, Operands, Pair, PatchMap, Result, cropped, single, windowed


def _spatial(operation: Any, attribute: str) -> Pair:
    values = operation.get_attr(attribute)
    if operation.get_attr("data_format") != b"NHWC":
        raise NotDense("channels come first")
    return values[1], values[2]


def _check_padding(operation: Any, source: PatchMap, kernel: Pair, strides: Pair, dilations: Pair) -> None:
    """SAME padding puts zeros into every patch, which no map has, unless nothing is left to pad."""
    padding = operation.get_attr("padding")
    if padding == b"VALID":
        return
    reaches = [(k - 1) * e + 1 for k, e in zip(kernel, dilations, strict=True)]
    padded = any((-(-n // s) - 1) * s + reach > n for n, s, reach in zip(source.size, strides, reaches, strict=True))
    if padding != b"SAME" or padded:
        raise NotDense(f"{operation.type} pads the patches")


def _convolution(operation: Any, source: PatchMap, values: Operands) -> PatchMap:
    weights = values.constant(operation.inputs[1])
    kernel, strides = weights.shape[:2], _spatial(operation, "strides")
    down, across = _spatial(operation, "dilations")
    dilations = down * source.spread[0], across * source.spread[1]
    _check_padding(operation, source, kernel, strides, dilations)
    depthwise = operation.type == "DepthwiseConv2dNative"
    return windowed(source, kernel, strides, dilations, lambda x, stride, spread: convolve(x, weights, stride, spread, depthwise))


def convolve(x: Any, weights: np.ndarray, strides: Pair, dilations: Pair, depthwise: bool = False) -> Any:
    """A convolution without padding; strides and dilations may both be over 1, which TensorFlow does not do at once."""
    both = max(strides) > 1 and max(dilations) > 1
    inner = (1, 1) if both else strides
    if depthwise:  # knows one stride for both axes
        uneven = inner[0] != inner[1]
        stride = (1, 1) if uneven else inner
        result = tf.nn.depthwise_conv2d(x, weights, [1, *stride, 1], "VALID", dilations=list(dilations))
        return result[:, :: strides[0], :: strides[1], :] if both or uneven else result
    result = tf.nn.conv2d(x, weights, [1, *inner, 1], "VALID", dilations=list(dilations))
    return result[:, :: strides[0], :: strides[1], :] if both else result


def _pooling(operation: Any, source: PatchMap, values: Operands) -> PatchMap:
    kernel, strides = _spatial(operation, "ksize"), _spatial(operation, "strides")
    _check_padding(operation, source, kernel, strides, (1, 1))
    largest = operation.type == "MaxPool"

    def run(x: Any, stride: Pair, spread: Pair) -> Any:
        if spread == (1, 1) and min(stride) > 1:  # the plain network's own pooling
            return (tf.nn.max_pool2d if largest else tf.nn.avg_pool2d)(x, kernel, stride, "VALID")
        return pool(x, kernel, stride, spread, tf.maximum) if largest else pool(x, kernel, stride, spread, tf.add) / (kernel[0] * kernel[1])

    return windowed(source, kernel, strides, (1, 1), run)


def pool(x: Any, kernel: Pair, strides: Pair, dilations: Pair, combine: Callable[[Any, Any], Any]) -> Any:
    """Combine shifted maps, rows first: TensorFlow's dilated pooling copies everything into batches and back, four times slower."""
    for axis in (1, 2):
        length, reach = tf.shape(x)[axis], (kernel[axis - 1] - 1) * dilations[axis - 1]
        shifted = [_slice(x, axis, k * dilations[axis - 1], length - reach, strides[axis - 1]) for k in range(kernel[axis - 1])]
        x = shifted[0]
        for other in shifted[1:]:
            x = combine(x, other)
    return x


def _slice(x: Any, axis: int, start: int, length: Any, stride: int) -> Any:
    return x[:, start : start + length : stride] if axis == 1 else x[:, :, start : start + length : stride]


def _identity(operation: Any, source: PatchMap, values: Operands) -> Result:
    parts = values.parts(operation.inputs[0])
    return FlatJoin(parts) if len(parts) > 1 else source


def _elementwise(operation: Any, source: PatchMap, values: Operands) -> Result:
    """Any operation that treats every element, or every pixel's channels, alike."""
    source, operands = values.map(operation.inputs[0]) or source, []
    for tensor in operation.inputs:
        other = values.map(tensor)
        if other is None:
            operands.append(_same_everywhere(operation, values.constant(tensor)))
        elif not _alike(other, source):
            raise NotDense(f"{operation.type} joins patches of different sizes")
        else:
            operands.append(other.values)
    return replace(source, values=_run(operation, operands))


def _alike(one: PatchMap, other: PatchMap) -> bool:
    return (one.size, one.step, one.dilation) == (other.size, other.step, other.dilation) and one.places is other.places


def _same_everywhere(operation: Any, value: np.ndarray) -> np.ndarray:
    if value.ndim >= 3 and value.shape[-3:-1] != (1, 1):
        raise NotDense(f"{operation.type} has weights for places in the patch")
    return value


def _concatenation(operation: Any, source: PatchMap, values: Operands) -> Result:
    axis, rank = int(values.constant(operation.inputs[-1])), operation.inputs[0].shape.rank
    of_each = [values.parts(tensor) for tensor in operation.inputs[:-1]]
    parts = tuple(part for several in of_each for part in several)
    if axis not in (rank - 1, -1) or not all(of_each):
        raise NotDense("patches are put together otherwise than band by band")
    if all(_alike(part, source) for part in parts) and not (source.flat and source.size != (1, 1)):
        return replace(source, values=tf.concat([part.values for part in parts], axis=3))
    if not all(part.flat for part in parts):
        raise NotDense("patches of different sizes are put together")
    return FlatJoin(parts)


def _into_batches(operation: Any, source: PatchMap, values: Operands) -> PatchMap:
    """TensorFlow spells a dilated convolution as a plain one on batches of every n-th pixel; a map keeps its pixels together."""
    block, paddings = values.constant(operation.inputs[1]), values.constant(operation.inputs[2])
    fill = [[0, -n % size] for n, size in zip(source.size, block, strict=True)]
    if block.shape != (2,) or paddings.tolist() != fill or max(source.spread) > 1:
        raise NotDense("a dilated convolution pads the patches")
    return replace(source, spread=(int(block[0]), int(block[1])))


def _out_of_batches(operation: Any, source: PatchMap, values: Operands) -> PatchMap:
    return replace(source, spread=(1, 1))


def _cropping(operation: Any, source: PatchMap, values: Operands) -> PatchMap:
    """A slice of each patch's rows and columns, with all patches and channels, as Cropping2D takes it."""
    begin, end, step = (values.constant(tensor).tolist() for tensor in operation.inputs[1:4])
    open_begin, open_end, *others = (operation.get_attr(f"{name}_mask") for name in ("begin", "end", "ellipsis", "new_axis", "shrink_axis"))
    parts = [slice(None if open_begin & 1 << i else begin[i], None if open_end & 1 << i else end[i]) for i in range(len(begin))]
    rows, cols, channels = (range(n) for n in (*source.size, source.values.shape[-1]))
    whole = parts[0] == slice(None) and (len(parts) < 4 or channels[parts[3]] == channels)
    if any(others) or set(step) != {1} or not whole or source.flat or max(source.spread) > 1:
        raise NotDense("a patch is sliced otherwise than cropped")
    down, across = (*parts[1:3], slice(None), slice(None))[:2]
    return cropped(source, rows[down], cols[across])


def _flatten(operation: Any, source: PatchMap, values: Operands) -> Result:
    source = values.map(operation.inputs[0]) or source
    expected = source.size[0] * source.size[1] * source.values.shape[-1]
    if operation.outputs[0].shape.as_list()[1:] != [expected]:
        raise NotDense("a patch is reshaped otherwise than flattened")
    return replace(source, flat=True)


def _dense_layer(operation: Any, source: PatchMap, values: Operands) -> Result:
    """Flatten and dense layer: a convolution of the flattened size; for several flattened tensors, the sum of one of each."""
    parts = values.parts(operation.inputs[0])
    if operation.get_attr("transpose_a") or operation.get_attr("transpose_b") or not parts:
        raise NotDense("a dense layer is transposed")
    widths = [part.size[0] * part.size[1] * part.values.shape[-1] for part in parts]
    weights = np.split(values.constant(operation.inputs[1]), np.cumsum(widths)[:-1])
    layers = [_whole_convolution(part, weight) for part, weight in zip(parts, weights, strict=True)]
    return replace(layers[0], values=tf.add_n([layer.values for layer in layers]), flat=True)


def _whole_convolution(part: PatchMap, weights: np.ndarray) -> PatchMap:
    kernel = weights.reshape(*part.size, part.values.shape[-1], -1)
    return single(windowed(part, part.size, (1, 1), (1, 1), lambda x, stride, spread: convolve(x, kernel, stride, spread)))


def _global_mean(operation: Any, source: PatchMap, values: Operands) -> Result:
    if source.flat or sorted(values.constant(operation.inputs[1]).ravel().tolist()) != [1, 2]:
        raise NotDense("a mean over something else than the patch")
    count = source.size[0] * source.size[1]
    mean = windowed(source, source.size, (1, 1), (1, 1), lambda x, stride, spread: pool(x, source.size, stride, spread, tf.add) / count)
    return replace(mean, flat=not operation.get_attr("keep_dims"))


def _run(operation: Any, operands: list[Any]) -> Any:
    """The operation itself, on other operands."""
    definition = operation.op_def
    inferred = {argument.type_attr for argument in definition.input_arg} | {a.number_attr for a in definition.input_arg}
    attributes = {a.name: operation.get_attr(a.name) for a in definition.attr if a.name not in inferred}
    arguments = dict(zip((argument.name for argument in definition.input_arg), operands, strict=True))
    result = getattr(tf.raw_ops, operation.type)(**arguments, **attributes)
    return result[0] if len(definition.output_arg) > 1 else result


UNARY = "Relu Relu6 LeakyRelu Elu Selu Sigmoid Tanh Softplus Square Sqrt Rsqrt Exp Log Abs Neg Erf Softmax Cast StopGradient"
BINARY = "Add AddV2 Sub Mul RealDiv Maximum Minimum SquaredDifference Pow BiasAdd FusedBatchNormV3"
RULES: dict[str, Callable[[Any, PatchMap, Operands], Result]] = {
    "Identity": _identity,
    **dict.fromkeys((*UNARY.split(), *BINARY.split()), _elementwise),
    **dict.fromkeys(("Conv2D", "DepthwiseConv2dNative"), _convolution),
    **dict.fromkeys(("MaxPool", "AvgPool"), _pooling),
    "SpaceToBatchND": _into_batches,
    "BatchToSpaceND": _out_of_batches,
    "ConcatV2": _concatenation,
    "StridedSlice": _cropping,
    "Reshape": _flatten,
    "MatMul": _dense_layer,
    "Mean": _global_mean,
}
