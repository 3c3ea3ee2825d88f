"""Takes the arrays out of records: of hundreds at a time, as all records of one writer are alike but for the values.

A record is a tf.train.Example whose features are TensorProto messages, serialized once more. The first record is parsed by protobuf,
which tells where in it the values lie. Records of the same length that have the same bytes everywhere else hold the same features, of
the same shapes and types, in the same places: nothing is left to parse. That takes 1 µs a sample instead of 15, and is as strict.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np

from ...errors import CannotRead
from .record_features import Feature


def unpack(rows: np.ndarray, features: Sequence[Feature], results: Sequence[np.ndarray], where: str) -> int:
    """How many samples were taken: that of the first record, and those of the ones after it that look like it.

    Args:
        rows: (records, bytes): at least one record; all are of the same length.
        results: for each feature, (records, rows, cols, bands), contiguous, to be filled from the first on.
        where: names the first record, for messages.

    Raises:
        CannotRead: the first record is not as the features say.
    """
    record = rows[0].tobytes()
    tensors = _parsed(record, features, where)
    spans = [_span(record, feature.name, value, tensor.tensor_content) for feature, (value, tensor) in zip(features, tensors, strict=True)]
    known = [span for span in spans if span is not None]
    if len(known) < len(spans):
        for (_, tensor), feature, result in zip(tensors, features, results, strict=True):
            result[0] = _values(tensor, feature, where)
        return 1
    count = _alike(rows, known)
    for (start, stop), feature, result in zip(known, features, results, strict=True):
        result[:count].reshape(count, -1)[:] = rows[:count, start:stop].view(feature.dtype)
    return count


def _parsed(record: bytes, features: Sequence[Feature], where: str) -> list[tuple[bytes, Any]]:
    """Of every feature: its tensor, as it is in the record and taken apart."""
    import tensorflow as tf
    from google.protobuf.message import DecodeError
    from tensorflow.core.framework.tensor_pb2 import TensorProto

    tensors = []
    try:
        found = tf.train.Example.FromString(record).features.feature
        for feature in features:
            values = found[feature.name].bytes_list.value if feature.name in found else []
            if len(values) != 1:
                raise CannotRead(where, expected=f"a feature {feature.name} of one serialized tensor", received=_named(found))
            tensors.append((values[0], _checked(TensorProto.FromString(values[0]), feature, where)))
    except DecodeError as error:
        raise CannotRead(where, expected="a tf.train.Example of serialized tensors", received="other bytes", details=str(error)) from error
    return tensors


def _named(found: Any) -> str:
    return ", ".join(f"{name} ({len(found[name].bytes_list.value)})" for name in sorted(found)) or "no feature"


def _checked(tensor: Any, feature: Feature, where: str) -> Any:
    shape, content = tuple(axis.size for axis in tensor.tensor_shape.dim), len(tensor.tensor_content)
    if shape != feature.stated or tensor.dtype != _type_number(feature.dtype) or content not in (0, feature.nbytes):
        raise CannotRead(
            f"{feature.name} in {where}", expected=f"{list(feature.stated)} of type {feature.dtype}",
            received=f"{list(shape)} of type {_type_name(tensor.dtype)}" + (f" in {content} bytes" if content else ""),
            remedy="All samples of a folder must have the shapes and types of its JSON files: write it anew.",
        )  # fmt: skip
    return tensor


@cache
def _type_number(dtype: np.dtype[Any]) -> int:
    import tensorflow as tf

    return int(tf.as_dtype(dtype).as_datatype_enum)


def _type_name(number: int) -> str:
    import tensorflow as tf

    try:
        return str(tf.as_dtype(number).name)
    except TypeError:
        return f"number {number}"


def _span(record: bytes, name: str, value: bytes, content: bytes) -> tuple[int, int] | None:
    """Where the numbers of a tensor lie in the record, from byte to byte; None unless they are plain bytes in a place of their own.

    Args:
        value: the tensor as it is in the record.
        content: those bytes. Everyone writes them as the last field of the tensor, which is the last of the entry.
    """
    import tensorflow as tf

    if not content:
        return None
    feature = tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))
    entry = tf.train.Features(feature={name: feature}).SerializeToString()  # with its name: sources may be equal
    head = entry[: -len(content)]
    start = record.find(head) + len(head)
    stop = start + len(content)
    return (start, stop) if record.count(head) == 1 and record[start:stop] == content else None


def _alike(rows: np.ndarray, spans: Sequence[tuple[int, int]]) -> int:
    """How many rows, from the first on, are the same outside the spans."""
    fixed = np.ones(rows.shape[1], bool)
    for start, stop in spans:
        fixed[start:stop] = False
    same = (rows[:, fixed] == rows[0, fixed]).all(axis=1)
    return len(same) if same.all() else int(np.argmin(same))


def _values(tensor: Any, feature: Feature, where: str) -> np.ndarray:
    """Of one tensor in whichever way it was written: plain bytes, or a list of numbers (as `tf.make_tensor_proto` writes uint16)."""
    import tensorflow as tf

    try:
        if len(tensor.int_val) * feature.dtype.itemsize == feature.nbytes:
            return np.array(tensor.int_val, feature.dtype).reshape(feature.shape)  # seven times as fast as make_ndarray
        return np.asarray(tf.make_ndarray(tensor), feature.dtype).reshape(feature.shape)
    except (ValueError, OverflowError, TypeError) as error:
        shape = f"{list(feature.stated)} values of type {feature.dtype}"
        raise CannotRead(f"{feature.name} in {where}", expected=shape, received="other values", details=str(error)) from error
