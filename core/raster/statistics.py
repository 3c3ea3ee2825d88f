"""Statistics of bands, block by block: nothing is kept but a few numbers a band."""

from __future__ import annotations

import numpy as np


class BandStatistics:
    """Mean, standard deviation (of the population), least and greatest value of each band.

    Feed blocks; the sums of two blocks are joined as in Chan, Golub & LeVeque, "Updating formulae and a pairwise algorithm for
    computing sample variances" (1979): no large sums of squares are subtracted from each other, so images of large values and
    small variance come out right.
    """

    def __init__(self, bands: int) -> None:
        self.count = 0
        self.mean = np.zeros(bands)
        self.minimum, self.maximum = np.full(bands, np.inf), np.full(bands, -np.inf)
        self._squares = np.zeros(bands)  # sum of squared differences from the mean

    def feed(self, pixels: np.ndarray) -> None:
        """Add a block (…, bands)."""
        added = pixels.size // len(self.mean)
        if added == 0:
            return
        total = self.count + added
        for band in range(len(self.mean)):
            values = pixels[..., band].astype(np.float64)
            mean = float(values.mean())
            self.minimum[band] = min(self.minimum[band], float(values.min()))
            self.maximum[band] = max(self.maximum[band], float(values.max()))
            values -= mean
            between = mean - self.mean[band]
            self._squares[band] += float(np.vdot(values, values)) + between**2 * self.count * added / total
            self.mean[band] += between * added / total
        self.count = total

    @property
    def std(self) -> np.ndarray:
        """Standard deviation of each band; 0 before any block."""
        return np.sqrt(self._squares / max(self.count, 1))
