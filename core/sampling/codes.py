"""The code table: from the classes of the truth, numbers or texts, to the codes in a label image."""

from __future__ import annotations

import re
from collections.abc import Iterable

import numpy as np

from .truth import Label

# How Python writes a whole number that fits in 64 bits. "01" is none: it may be a name, and not the same as "1".
NUMBER = re.compile(r"0|-?[1-9][0-9]{0,17}")
DTYPES = ("uint8", "uint16", "int16", "int32", "uint32", "int64")  # the smallest first


def code_table(labels: Iterable[Label]) -> dict[Label, int]:
    """A code for every class. Numbers, also written as text, keep their values; names get 1, 2, … in the order of the alphabet."""
    known = set(labels)
    if all(isinstance(label, int) or NUMBER.fullmatch(label) for label in known):
        return {label: int(label) for label in sorted(known, key=int)}
    return {label: code for code, label in enumerate(sorted(known, key=str), start=1)}


def label_dtype(codes: Iterable[int]) -> str:
    """The smallest pixel type that holds the codes."""
    known = list(codes)
    low, high = min(known), max(known)
    return next(name for name in DTYPES if np.iinfo(name).min <= low and high <= np.iinfo(name).max)
