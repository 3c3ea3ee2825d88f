"""Square areas on the map, so that neighbouring pixels, which look alike, go to training or to validation together."""

from __future__ import annotations

import numpy as np

from ..errors import BadParameter
from ..raster.grid import Grid

MOST = 1 << 16  # groups; more areas than that share them, so that memory does not grow with the image
SCRAMBLE = np.uint64(0x9E3779B97F4A7C15)  # 2^64 ÷ golden ratio: areas of one group lie scattered (Knuth's multiplicative hashing)


class Areas:
    """Squares of `side` map units, counted from the lower left corner of the image's extent, each with the number of its group.

    A group is one area; on a map of very many areas it is some of them, scattered over the map.

    Raises:
        BadParameter: the squares are smaller than a pixel.
    """

    def __init__(self, grid: Grid, side: float) -> None:
        pixel = abs(grid.transform.determinant) ** 0.5
        if side < pixel:
            raise BadParameter(
                "Spatial block", expected=f"at least a pixel ({pixel:g} map units)", received=side, remedy="Use 0 for whole polygons."
            )
        self._transform, self._side = grid.transform, side
        self._xmin, self._ymin, xmax, ymax = grid.bounds
        self._across = int((xmax - self._xmin) // side) + 1
        self._count = self._across * (int((ymax - self._ymin) // side) + 1)

    def of(self, rows: np.ndarray, cols: np.ndarray) -> np.ndarray:
        """The group of the area that holds each pixel's centre. It depends on nothing but the pixel."""
        x, y = self._transform @ (cols + 0.5, rows + 0.5)
        across = np.floor((x - self._xmin) / self._side).astype(np.int64)
        up = np.floor((y - self._ymin) / self._side).astype(np.int64)
        numbers: np.ndarray = up * self._across + across
        return numbers if self._count <= MOST else scattered(numbers)


def scattered(numbers: np.ndarray) -> np.ndarray:
    """For very many things, the number of a group in [0, MOST); neighbours come into different groups."""
    return ((numbers.astype(np.uint64) * SCRAMBLE) >> np.uint64(48)).astype(np.int64)
