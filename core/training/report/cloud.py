"""Reference against answer of one measurement, counted in the cells of a square: memory does not grow with the samples."""

from __future__ import annotations

import numpy as np

CELLS = 512  # on a side; even, as the square is doubled by halving its cells
OUTLIERS = 0.0005  # share of the values at either end that a picture leaves out: one wild value shall not shrink all others to a dot


class Cloud:
    """Pairs of numbers, NaN in the reference where it is unknown.

    The square has the same range on both axes. It begins with the first batch, and doubles about its middle whenever a value lies outside.

    Attributes:
        counts: (CELLS, CELLS): rows are the reference, columns the answer.
        low, width: least value of the square, and width of a cell.
    """

    def __init__(self) -> None:
        self.counts = np.zeros((CELLS, CELLS), np.int64)
        self.low, self.width = 0.0, 1 / CELLS

    def feed(self, reference: np.ndarray, answers: np.ndarray) -> None:
        """Take in a batch."""
        known = np.isfinite(reference) & np.isfinite(answers)
        pairs = np.stack([reference[known], answers[known]]).astype(np.float64)
        if not pairs.size:
            return
        self._cover(float(pairs.min()), float(pairs.max()))
        cells = np.clip(((pairs - self.low) / self.width).astype(np.int64), 0, CELLS - 1)
        np.add.at(self.counts, (cells[0], cells[1]), 1)

    def _cover(self, low: float, high: float) -> None:
        if not self.counts.any():
            span = (high - low) or abs(low) or 1.0
            self.low, self.width = low - 0.05 * span, 1.1 * span / CELLS
        while low < self.low or high > self.low + CELLS * self.width:
            half, quarter = CELLS // 2, CELLS // 4
            merged = self.counts.reshape(half, 2, half, 2).sum(axis=(1, 3))
            self.low, self.width = self.low - half * self.width, 2 * self.width
            self.counts[...] = 0
            self.counts[quarter : quarter + half, quarter : quarter + half] = merged

    def frame(self) -> tuple[int, int]:
        """The cells [first, stop) of either axis that hold all values but outliers."""
        sums = [np.cumsum(self.counts.sum(axis=axis)) for axis in (0, 1)]
        left_out = int(OUTLIERS * sums[0][-1])
        first = min(int(np.searchsorted(summed, left_out, side="right")) for summed in sums)
        stop = max(int(np.searchsorted(summed, summed[-1] - left_out)) + 1 for summed in sums)
        return min(first, stop - 1), stop
