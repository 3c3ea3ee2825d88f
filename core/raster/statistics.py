"""Statistics of bands, block by block: nothing is kept but a few numbers a band."""

from __future__ import annotations

import numpy as np

IN_CACHE = 1 << 16  # values at a time: their float64 copy stays in a core's cache, which is three times as fast


class BandStatistics:
    """Mean, standard deviation (of the population), least and greatest value of each band.

    Feed blocks; the sums of two blocks are joined as in Chan, Golub & LeVeque, "Updating formulae and a pairwise algorithm for
    computing sample variances" (1979): no large sums of squares are subtracted from each other, so images of large values and
    small variance come out right.
    """

    def __init__(self, bands: int) -> None:
        self._counts = [0] * bands
        self.mean = np.zeros(bands)
        self.minimum, self.maximum = np.full(bands, np.inf), np.full(bands, -np.inf)
        self._squares = np.zeros(bands)  # sum of squared differences from the mean

    def feed(self, pixels: np.ndarray) -> None:
        """Add a block (…, bands)."""
        for band in range(len(self.mean)):
            values = pixels[..., band].ravel()
            for first in range(0, values.size, IN_CACHE):
                self._add(band, values[first : first + IN_CACHE])

    def _add(self, band: int, part: np.ndarray) -> None:
        values = part.astype(np.float64)
        mean, count, total = float(values.mean()), self._counts[band], self._counts[band] + values.size
        self.minimum[band] = min(self.minimum[band], float(part.min()))
        self.maximum[band] = max(self.maximum[band], float(part.max()))
        values -= mean
        between = mean - self.mean[band]
        self._squares[band] += float(np.vdot(values, values)) + between**2 * count * values.size / total
        self.mean[band] += between * values.size / total
        self._counts[band] = total

    @property
    def count(self) -> int:
        """Pixels so far."""
        return self._counts[0]

    @property
    def std(self) -> np.ndarray:
        """Standard deviation of each band; 0 before any block."""
        return np.sqrt(self._squares / max(self.count, 1))
