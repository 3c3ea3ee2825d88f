"""The regular grid of patches over an image: pure arithmetic, and sums over all patches of a tile at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ..raster.grid import Window

TILE_PIXELS, TILE_WIDTH, TILE_PATCHES = 1 << 22, 4096, 1 << 16  # what is looked at together


@dataclass(frozen=True)
class PatchGrid:
    """All whole patches of `size` × `size` pixels, `step` pixels apart.

    Attributes:
        rows, cols: first row of each row of patches, and first column of each column of them. From the offset on, so that the
            image's first row and column are used where it is 0; the last patch is the last that lies inside the image.
    """

    rows: range
    cols: range
    size: int

    @classmethod
    def over(cls, height: int, width: int, size: int, step: int, offsets: tuple[int, int] = (0, 0)) -> PatchGrid:
        """The grid over an image; `offsets`: rows and columns before the first patch."""
        return cls(range(offsets[0], height - size + 1, step), range(offsets[1], width - size + 1, step), size)

    def __len__(self) -> int:
        return len(self.rows) * len(self.cols)

    def positions(self, rows: np.ndarray, cols: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Row and column in the image of the pixel that stands for each of these patches.

        It is the one about which extraction cuts just this patch: for one source its window starts size // 2 before the
        sample's pixel (core/raster/alignment.py).
        """
        middle = self.size // 2
        return self.rows.start + self.rows.step * rows + middle, self.cols.start + self.cols.step * cols + middle

    def bands(self) -> Iterator[slice]:
        """Runs of rows of patches that are looked at together, from the top."""
        height = max(self.size, TILE_PIXELS // self._tile_width)
        at_once = min(_fitting(height, self.size, self.rows.step), max(1, TILE_PATCHES // max(len(self.cols), 1)))
        yield from _runs(len(self.rows), at_once)

    def spans(self) -> Iterator[slice]:
        """Runs of columns of patches that are looked at together, from the left."""
        yield from _runs(len(self.cols), _fitting(self._tile_width, self.size, self.cols.step))

    @property
    def _tile_width(self) -> int:
        return max(self.size, TILE_WIDTH)

    def window(self, band: slice, span: slice) -> Window:
        """The pixels of these rows and columns of patches."""
        rows, cols = self.rows[band], self.cols[span]
        return Window(rows[0], cols[0], rows[-1] - rows[0] + self.size, cols[-1] - cols[0] + self.size)

    def sums(self, pixels: np.ndarray, band: slice, span: slice) -> np.ndarray:
        """How many pixels are True in each of these patches: (rows of patches, columns of patches); `pixels` are those of `window`.

        Through running sums, along the columns and then along the rows: overlapping patches cost no more than others.
        """
        across = _sums_from(pixels, self.cols.step * np.arange(len(self.cols[span])), self.size)
        return _sums_from(across.T, self.rows.step * np.arange(len(self.rows[band])), self.size).T


def _sums_from(values: np.ndarray, starts: np.ndarray, length: int) -> np.ndarray:
    """Sums over `length` values of each row of an array, from each start on: (rows, starts)."""
    running = np.zeros((values.shape[0], values.shape[1] + 1), np.int32)
    np.cumsum(values, axis=1, out=running[:, 1:])
    sums: np.ndarray = running[:, starts + length] - running[:, starts]
    return sums


def _fitting(pixels: int, size: int, step: int) -> int:
    return (pixels - size) // step + 1


def _runs(count: int, at_once: int) -> Iterator[slice]:
    for first in range(0, count, at_once):
        yield slice(first, min(first + at_once, count))
