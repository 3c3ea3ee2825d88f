"""What every record of a folder of TFRecord shards holds, as its JSON files tell it: the sources in their order, then the truth."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from ...classes import LandClass
from ...errors import BadTruth, CannotRead
from ...sampling.records import CLASSES, LABELS, SHAPES, TYPES

NUMBERS = (
    "bool", "uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64", "float16", "float32", "float64",
)  # fmt: skip


@dataclass(frozen=True)
class Feature:
    """One array of every sample. `stated`: its shape in the record; class codes and measurements have one axis, or none."""

    name: str
    stated: tuple[int, ...]
    dtype: np.dtype[Any]

    @property
    def shape(self) -> tuple[int, int, int]:
        """(rows, cols, bands): n values without a place are (1, 1, n), pixels of a single band (rows, cols, 1)."""
        if len(self.stated) == 3:
            return self.stated[0], self.stated[1], self.stated[2]
        return (*self.stated, 1) if len(self.stated) == 2 else (1, 1, self.stated[0] if self.stated else 1)

    @property
    def nbytes(self) -> int:
        """Of one sample's values."""
        return prod(self.stated) * self.dtype.itemsize


def read_features(folder: str) -> tuple[Feature, ...]:
    """In the order of output_shape.json, with the truth last: the feature named `labels`, or the last one where none is.

    Raises:
        CannotRead: no such JSON files, or a shape or type that no patch has.
        BadTruth: the records hold nothing to learn.
    """
    shapes, types = (_read_json(folder, name) for name in (SHAPES, TYPES))
    if not isinstance(shapes, dict) or not isinstance(types, dict) or set(shapes) != set(types):
        raise CannotRead(folder, expected=f"the same features in {SHAPES} and {TYPES}", received=f"{shapes} and {types}")
    features = [_feature(folder, name, shape, types[name]) for name, shape in shapes.items()]
    features.sort(key=lambda feature: feature.name == LABELS)  # stable: the others keep their order
    if len(features) < 2 or re.fullmatch(r"source\d", features[-1].name):  # so Extract patches calls what is no truth
        received = ", ".join(feature.name for feature in features) or "none"
        raise BadTruth(
            f"Features of {folder}", expected=f"at least one source, and the truth as {LABELS}", received=received,
            remedy="Extract patches with a field of classes, fields of measurements or a label image.",
        )  # fmt: skip
    return tuple(features)


def read_classes(folder: str) -> tuple[LandClass, ...]:
    """Of classes.json, in its order; none where there is no such file."""
    if not os.path.exists(os.path.join(folder, CLASSES)):
        return ()
    try:
        return tuple(LandClass.from_plain(values) for values in _read_json(folder, CLASSES))
    except (TypeError, KeyError, ValueError) as error:
        path = os.path.join(folder, CLASSES)
        raise CannotRead(path, expected="a list of classes, each with code, name and colour", details=str(error)) from error


def _feature(folder: str, name: str, shape: Any, dtype: Any) -> Feature:
    if dtype not in NUMBERS:
        raise CannotRead(f"Type of {name} in {os.path.join(folder, TYPES)}", expected=f"one of {', '.join(NUMBERS)}", received=dtype)
    if not isinstance(shape, list) or len(shape) > 3 or not all(type(size) is int and size > 0 for size in shape):
        raise CannotRead(
            f"Shape of {name} in {os.path.join(folder, SHAPES)}",
            expected="[rows, cols, bands], [rows, cols] or [values]", received=json.dumps(shape),
            remedy="All patches of a source must have one known size.",
        )  # fmt: skip
    return Feature(name, tuple(shape), np.dtype(dtype))


def _read_json(folder: str, name: str) -> Any:
    path = os.path.join(folder, name)
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except OSError as error:
        raise CannotRead(
            path, expected="a file that describes the TFRecord shards beside it", received=error.strerror,
            remedy="Choose the folder that Extract patches or OTBTF wrote.",
        ) from error  # fmt: skip
    except ValueError as error:
        raise CannotRead(path, expected="JSON", received="something else", details=str(error)) from error
