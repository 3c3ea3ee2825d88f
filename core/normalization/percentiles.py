"""Exact percentiles of a stream of values, in memory that does not grow with it: histograms of the values' bits.

Every value becomes a key, a whole number in the order of the values. Types of up to 16 bits have a bin for each key: one pass is
enough. Those of 32 bits have a bin for each upper half of a key; a second pass counts the lower halves of the keys in the one or two
bins where the percentile lies (radix selection). Wider types are taken as float32, which is also what is written: a percentile is then
off by no more than float32's rounding, 6·10⁻⁸ of the value.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil, floor

import numpy as np

HALF = 16
BINS = 1 << HALF
SIGN = np.uint32(1 << 31)


class Percentiles:
    """Percentiles of one band, interpolated as numpy's default: at the position p/100 · (n − 1) of the n values in their order.

    Feed all values; then, if `needs_second_pass`, `look_closer` and feed them all again.

    Args:
        dtype: of the values that will be fed.
        wanted: percentiles, from 0 to 100.
    """

    def __init__(self, dtype: np.dtype, wanted: Iterable[float]) -> None:
        self._dtype = dtype if dtype.itemsize <= 4 and dtype.kind in "iu" else np.dtype(np.float32)
        self._wanted = tuple(wanted)
        self.needs_second_pass = self._dtype.itemsize > 2
        self._upper = np.zeros(BINS, np.int64)
        self._lower: dict[int, np.ndarray] = {}

    def feed(self, values: np.ndarray) -> None:
        """Values without NaN; of any shape."""
        keys = _keys(values.astype(self._dtype, copy=False).ravel())
        if not self.needs_second_pass:
            self._upper += np.bincount(keys, minlength=BINS)
        elif not self._lower:
            self._upper += np.bincount(keys >> HALF, minlength=BINS)
        else:
            bins = keys >> HALF
            for bin_, counts in self._lower.items():
                counts += np.bincount(keys[bins == bin_] & (BINS - 1), minlength=BINS)

    def look_closer(self) -> None:
        """Between the two passes: choose the bins that matter."""
        if not self.count:
            return
        ranks = {rank for p in self._wanted for rank, _ in _ranks(p, self.count)}
        ends = self._upper.cumsum()
        self._lower = {int(np.searchsorted(ends, rank, side="right")): np.zeros(BINS, np.int64) for rank in ranks}

    @property
    def count(self) -> int:
        """Values fed in the first pass."""
        return int(self._upper.sum())

    def values(self) -> tuple[float, ...]:
        """The percentiles wanted; there was at least one value."""
        ends = self._upper.cumsum()
        return tuple(sum(weight * self._value_at(rank, ends) for rank, weight in _ranks(p, self.count)) for p in self._wanted)

    def _value_at(self, rank: int, ends: np.ndarray) -> float:
        """The value at a place in the order, from 0."""
        key = int(np.searchsorted(ends, rank, side="right"))
        if self.needs_second_pass:
            before = int(ends[key - 1]) if key else 0
            key = (key << HALF) + int(np.searchsorted(self._lower[key].cumsum(), rank - before, side="right"))
        return _value(key, self._dtype)


def _ranks(percentile: float, count: int) -> tuple[tuple[int, float], tuple[int, float]]:
    """The two neighbours of a percentile in the order of the values, each with its weight."""
    position = percentile / 100 * (count - 1)
    below, above = floor(position), min(ceil(position), count - 1)
    return (below, 1 - (position - below)), (above, position - below)


def _keys(values: np.ndarray) -> np.ndarray:
    """Whole numbers from 0 in the order of the values. The bits of a float are in order but for the negative ones, which are reversed."""
    if values.dtype.itemsize <= 2:
        lowest = int(np.iinfo(values.dtype).min)
        return values.astype(np.int32) - lowest if lowest else values
    if values.dtype.kind == "f":
        bits = (values + np.float32(0)).view(np.uint32)  # -0 becomes 0
        return bits ^ ((bits.view(np.int32) >> 31).view(np.uint32) | SIGN)
    return values.view(np.uint32) ^ SIGN if values.dtype.kind == "i" else values


def _value(key: int, dtype: np.dtype) -> float:
    if dtype.kind != "f":
        return float(key + int(np.iinfo(dtype).min))
    bits = key ^ int(SIGN) if key >> 31 else key ^ 0xFFFFFFFF
    return float(np.array(bits, np.uint32).view(np.float32))
