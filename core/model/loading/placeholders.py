"""The user's values for inputs of a model that take no image: `lr=1e-4, is_training=false, sizes=1 2 3, name="a, b"`.

A value is true or false, a whole number, a real number, text, or several of one kind with spaces between (in brackets, commas do as
well). Quotes make a text of anything. Whether it suits the input is known only when the model is: `as_array`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from ...errors import BadParameter

Scalar = bool | int | float | str
Value = Scalar | tuple[Scalar, ...]

WHAT = "User placeholders"
EXAMPLE = "such as lr=1e-4, is_training=false, sizes=1 2 3"
_QUOTED = r"\"[^\"]*\"|'[^']*'"
_PART = re.compile(rf"(?:{_QUOTED}|\([^()]*\)|\[[^\[\]]*\]|[^,;\n\"'])+")
_ITEM = re.compile(rf"{_QUOTED}|[^\s,\"']+")
_INTEGER = re.compile(r"[+-]?\d+")
_REAL = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")


def parse(text: str) -> dict[str, Value]:
    """The values by name.

    Raises:
        BadParameter: a part that is no `name=value`, a name given twice, or quotes that do not close.
    """
    values: dict[str, Value] = {}
    for part in _parts(text):
        name, equals, value = (piece.strip() for piece in part.partition("="))
        if not equals or not name or not value:
            raise BadParameter(WHAT, expected=f"name=value with commas between, {EXAMPLE}", received=part)
        if name in values:
            raise BadParameter(WHAT, expected="every name once", received=f"{name} twice")
        values[name] = _value(value)
    return values


def _parts(text: str) -> list[str]:
    if re.sub(r"[,;\n]", "", _PART.sub("", text)):
        raise BadParameter(WHAT, expected=f"quotes and brackets that close, {EXAMPLE}", received=text)
    return [part.strip() for part in _PART.findall(text) if part.strip()]


def _value(text: str) -> Value:
    bracketed = (text[0], text[-1]) in (("(", ")"), ("[", "]"))
    items = tuple(_scalar(item) for item in _ITEM.findall(text[1:-1] if bracketed else text))
    if len(items) == 1 and not bracketed:
        return items[0]
    if not bracketed and all(isinstance(item, str) for item in items):
        return text  # words, not a vector of words
    return items


def _scalar(text: str) -> Scalar:
    if text[0] in "\"'":
        return text[1:-1]
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _REAL.fullmatch(text) else text


def as_array(name: str, value: Value, dtype: str, shape: Sequence[int | None] | None) -> np.ndarray:
    """The value as an input takes it.

    Args:
        dtype: TensorFlow's name of the input's type: float32, int64, bool, string …
        shape: of the input; None for any. One number fills a vector; a vector may stand for a single row.

    Raises:
        BadParameter: another kind of value, or another number of values, than the input takes.
    """
    items = value if isinstance(value, tuple) else (value,)
    if not all(_suits(item, dtype) for item in items):
        raise BadParameter(f"{WHAT}: {name}", expected=f"a value of type {dtype}", received=" ".join(map(str, items)))
    plain = np.array([str(item) for item in items], object) if dtype == "string" else _numbers(name, items, dtype)
    if not isinstance(value, tuple) and (shape is None or not shape):
        return plain.reshape(())
    return _shaped(name, plain, shape)


def _suits(item: Scalar, dtype: str) -> bool:
    if dtype == "string":
        return True
    if dtype == "bool":
        return isinstance(item, bool) or (isinstance(item, int) and item in (0, 1))
    if "int" in dtype:
        return isinstance(item, int) and not isinstance(item, bool)
    return isinstance(item, (int, float)) and not isinstance(item, bool)


def _numbers(name: str, items: Sequence[Scalar], dtype: str) -> np.ndarray:
    kind = "float32" if dtype in ("bfloat16", "half", "float16") else dtype
    try:
        return np.array(items, kind)
    except (OverflowError, TypeError) as error:
        raise BadParameter(f"{WHAT}: {name}", expected=f"a value of type {dtype}", received=" ".join(map(str, items))) from error


def _shaped(name: str, items: np.ndarray, shape: Sequence[int | None] | None) -> np.ndarray:
    if shape is None:
        return items
    if items.size == 1:
        return np.full([size or 1 for size in shape], items[0], items.dtype)
    fits = len(shape) > 0 and all(size in (None, 1) for size in shape[:-1]) and shape[-1] in (None, items.size)
    if not fits:
        expected = " × ".join("any" if size is None else str(size) for size in shape) or "one value"
        raise BadParameter(f"{WHAT}: {name}", expected=expected, received=f"{items.size} values")
    return items.reshape([1] * (len(shape) - 1) + [items.size])
