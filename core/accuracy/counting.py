"""How often values occur, and combinations of values, in arrays of class codes of any size: 0 and 1, or 7 and 1 099 511 627 776."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np

MOST_COUNTED = 1 << 16  # a table of that many counts is faster than a sort


def compact(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Candidate values, ascending, and for each element the index of its own among them; some may not occur at all.

    Where the values lie close together no sort is needed, which is what takes long on a map.
    """
    if not values.size:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    low, high = int(values.min()), int(values.max())
    if high - low < MOST_COUNTED:
        return np.arange(low, high + 1), values.astype(np.int64) - low
    found, indexes = np.unique(values, return_inverse=True)
    return found, indexes


def joint_counts(columns: Sequence[np.ndarray]) -> dict[tuple[int, ...], int]:
    """How often each combination of the columns' values occurs, row by row; columns are of one length."""
    known, indexes = zip(*(compact(column) for column in columns), strict=True)
    sizes = tuple(len(values) for values in known)
    if not columns[0].size:
        return {}
    rows = np.ravel_multi_index(indexes, sizes)
    if prod(sizes) <= MOST_COUNTED:
        numbers = np.bincount(rows)
        present = np.flatnonzero(numbers)
        counts = numbers[present]
    else:
        present, counts = np.unique(rows, return_counts=True)
    combinations = zip(
        *(values[places].tolist() for values, places in zip(known, np.unravel_index(present, sizes), strict=True)), strict=True
    )
    return dict(zip(combinations, counts.tolist(), strict=True))
