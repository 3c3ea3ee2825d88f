"""A buffer around validation: where no sample may train, because a pixel that may validate is too near."""

from __future__ import annotations

from math import hypot, isqrt

import numpy as np
from scipy.ndimage import distance_transform_edt

from ..raster.grid import Grid

MOST_CELLS = 1 << 22  # of the map of validation pixels; on a larger image a cell is a square of pixels, so that memory does not grow


class Separation:
    """Which pixels of an image lie at least `distance` map units from every marked one, centre to centre.

    Exact on images of up to MOST_CELLS pixels. On larger ones pixels are taken together in cells, and up to a cell's diagonal more
    is kept free: never less than the distance.
    """

    def __init__(self, grid: Grid, distance: float) -> None:
        self._distance = distance
        self._side = isqrt(max(grid.height * grid.width - 1, 0) // MOST_CELLS) + 1  # side² · MOST_CELLS ≥ the image's pixels
        self._marked = np.zeros((-(-grid.height // self._side), -(-grid.width // self._side)), bool)
        self._spacing = _spacing(grid)

    def mark(self, rows: np.ndarray, cols: np.ndarray) -> None:
        """These pixels may validate."""
        self._marked[rows // self._side, cols // self._side] = True

    def seal(self) -> None:
        """All are marked: measure the distances (Euclidean distance transform)."""
        if self._marked.any():
            down, across = self._spacing
            apart = distance_transform_edt(~self._marked, sampling=(self._side * down, self._side * across))
            within_cells = hypot((self._side - 1) * down, (self._side - 1) * across)  # pixels are nearer than the middles of their cells
            self._marked = apart < self._distance + within_cells

    def near(self, rows: np.ndarray, cols: np.ndarray) -> np.ndarray:
        """Which of these pixels lie too near: bool, one each. After `seal`."""
        near: np.ndarray = self._marked[rows // self._side, cols // self._side]
        return near


def _spacing(grid: Grid) -> tuple[float, float]:
    """Map units from one pixel to the next, down and across; on a sheared grid, the least that any direction has."""
    a, b, d, e = grid.transform.a, grid.transform.b, grid.transform.d, grid.transform.e
    across, down = hypot(a, d), hypot(b, e)
    if abs(a * b + d * e) <= 1e-9 * across * down:
        return down, across
    least = float(np.linalg.svd(np.array([[a, b], [d, e]]), compute_uv=False)[-1])
    return least, least
