"""Pictures of what is computed block by block: means over the cells of a small picture, so that memory does not grow with the image."""

from __future__ import annotations

import numpy as np


class CellMeans:
    """Means over squares of pixels, which become the pixels of a picture.

    An overview of a file cannot show these: the mean of an error's size is not the error's size of means, which cancel out.

    Args:
        shape: rows and columns of the image.
        layers: values a pixel.
        max_size: pixels of the picture's longer side, at most.
    """

    def __init__(self, shape: tuple[int, int], layers: int, max_size: int) -> None:
        self.step = max(-(-max(shape) // max_size), 1)
        small = tuple(-(-length // self.step) for length in shape)
        self._sums, self._counts = np.zeros((*small, layers)), np.zeros(small, np.int64)

    def feed(self, values: np.ndarray, row: int, col: int) -> None:
        """A block (rows, cols, layers) whose first pixel is (row, col) of the image; a pixel with NaN in any layer does not count."""
        if not values.size:
            return
        counted = ~np.isnan(values).any(axis=2)
        down, across = (_cells(first, length, self.step) for first, length in zip((row, col), values.shape, strict=False))
        target = (slice(down[0], down[0] + len(down[1])), slice(across[0], across[0] + len(across[1])))
        for sums, part in ((self._sums, np.where(counted[:, :, np.newaxis], values, 0)), (self._counts, counted.astype(np.int64))):
            sums[target] += np.add.reduceat(np.add.reduceat(part, down[1], axis=0), across[1], axis=1)

    @property
    def means(self) -> np.ndarray:
        """The picture (rows, cols, layers); NaN where nothing counted."""
        with np.errstate(invalid="ignore"):
            means: np.ndarray = self._sums / self._counts[:, :, np.newaxis]
        return means


def _cells(first: int, length: int, step: int) -> tuple[int, np.ndarray]:
    """The first cell that pixels [first, first + length) touch, and where in them each cell begins."""
    cells = np.arange(first, first + length) // step
    return int(cells[0]), np.flatnonzero(np.diff(cells, prepend=-1))
