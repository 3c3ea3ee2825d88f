"""How a job's fields are declared, checked and read from JSON: types, choices and ranges, stated once at the field.

Standard library only, Python 3.9 (so `Optional[X]`, not `X | None`): part of the contract of core/jobs/.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import Field, field, fields, is_dataclass
from math import isfinite
from typing import Any, Optional, TypeVar, Union, get_args, get_origin, get_type_hints

from .errors import BadParameter

T = TypeVar("T")
_BOUNDS: tuple[tuple[str, str, Callable[[Any, Any], bool]], ...] = (
    ("low", "at least", operator.ge),
    ("high", "at most", operator.le),
    ("above", "more than", operator.gt),
)


def choice(options: tuple[str, ...]) -> Any:
    """A string field that takes one of the options; the first is the default."""
    return field(default=options[0], metadata={"options": options})


def bounded(default: float, *, low: Optional[float] = None, high: Optional[float] = None, above: Optional[float] = None) -> Any:
    """A number field within [low, high], or over `above`."""
    return field(default=default, metadata={"low": low, "high": high, "above": above})


def validate(part: Any) -> None:
    """Check every field of a dataclass against its declared type, options and range.

    Raises:
        BadParameter: naming the field, what was expected and what was received.
    """
    hints: dict[str, Any] = get_type_hints(type(part))
    for declared in fields(part):
        label, value = f"{type(part).__name__}.{declared.name}", getattr(part, declared.name)
        if not _is(value, hints[declared.name]):
            raise BadParameter(label, expected=_type_name(hints[declared.name]), received=repr(value))
        _check_limits(label, value, declared)


def _check_limits(label: str, value: Any, declared: Field[Any]) -> None:
    limits = declared.metadata
    if "options" in limits and value not in limits["options"]:
        raise BadParameter(label, expected="one of " + ", ".join(limits["options"]), received=repr(value))
    for bound, words, holds in _BOUNDS:
        limit = limits.get(bound)
        if limit is not None and not holds(value, limit):
            raise BadParameter(label, expected=f"{words} {limit}", received=value)


def from_plain(target: type[T], values: Any) -> T:
    """A dataclass from the plain values of JSON: nested dataclasses from objects, tuples from lists.

    Raises:
        BadParameter: an unknown field, or a value of the wrong type or range.
    """
    if not isinstance(values, dict):
        raise BadParameter(target.__name__, expected="an object", received=repr(values))
    hints = get_type_hints(target)
    known = {declared.name: declared for declared in fields(target)}  # type: ignore[arg-type]  # always a dataclass
    unknown = sorted(set(values) - set(known))
    if unknown:
        raise BadParameter(f"{target.__name__} has no {', '.join(unknown)}", expected=", ".join(known))
    return target(**{name: _convert(value, hints[name]) for name, value in values.items()})


def _convert(value: Any, hint: Any) -> Any:
    if is_dataclass(hint) and isinstance(value, dict):
        return from_plain(hint, value)  # type: ignore[arg-type]  # a dataclass type, not an instance
    if get_origin(hint) is Union and value is not None:
        return _convert(value, next(kind for kind in get_args(hint) if kind is not type(None)))
    if get_origin(hint) is tuple and isinstance(value, (list, tuple)):
        kinds = get_args(hint)
        return tuple(_convert(item, kind) for item, kind in zip(value, _kinds(kinds, value)))
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    return value


def _kinds(kinds: tuple[Any, ...], value: Any) -> tuple[Any, ...]:
    """One declared type per item: the repeated one of `tuple[X, ...]`, else those listed; a surplus item meets Any."""
    return kinds[:1] * len(value) if kinds[-1] is Ellipsis else kinds + (Any,) * (len(value) - len(kinds))


def _is(value: Any, hint: Any) -> bool:
    origin = get_origin(hint)
    if origin is Union:
        return any(_is(value, kind) for kind in get_args(hint))
    if origin is tuple:
        kinds = get_args(hint)
        same_length = kinds[-1] is Ellipsis or len(kinds) == len(value) if isinstance(value, tuple) else False
        return same_length and all(_is(item, kind) for item, kind in zip(value, _kinds(kinds, value)))
    if hint in (int, float) and isinstance(value, bool):
        return False
    if hint is float:
        return isinstance(value, (int, float)) and isfinite(value)
    return isinstance(value, hint)


def _type_name(hint: Any) -> str:
    return getattr(hint, "__name__", str(hint)) if get_origin(hint) is None else str(hint).replace("typing.", "")
