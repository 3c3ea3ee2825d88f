"""An image in blocks, and which of their values are data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ..raster.grid import Grid, Window
from ..raster.source import Source
from ..raster.writer import TILE

BLOCK_VALUES = 2 << 20  # of all bands


@dataclass(frozen=True)
class Block:
    """Pixels (rows, cols, bands), and whether each value is data: the same shape, None where all are."""

    window: Window
    pixels: np.ndarray
    data: np.ndarray | None

    def values(self, band: int) -> np.ndarray:
        """The values of a band that are data, one-dimensional."""
        of_band = self.pixels[:, :, band]
        values: np.ndarray = of_band.ravel() if self.data is None else of_band[self.data[:, :, band]]
        return values


def blocks(grid: Grid, bands: int) -> Iterator[Window]:
    """Windows over the whole grid, from the top: one row of the output's tiles each, as wide as memory allows, in whole tiles. So each
    tile is written once, and images in strips are read along them."""
    width = max(BLOCK_VALUES // (TILE * bands) // TILE, 1) * TILE
    for row in range(0, grid.height, TILE):
        for col in range(0, grid.width, width):
            yield Window(row, col, min(TILE, grid.height - row), min(width, grid.width - col))


def block_count(grid: Grid, bands: int) -> int:
    """How many there are."""
    return sum(1 for _ in blocks(grid, bands))


def read_block(source: Source, window: Window) -> Block:
    """A pixel has no data by the rule of all sources (no-data in every band, or masked); one band alone has none where it is NaN or
    infinite, whatever the others have."""
    if source.complete:
        return Block(window, source.read(window), None)
    pixels, valid = source.read_valid(window)
    finite = np.isfinite(pixels)
    if valid.all() and finite.all():
        return Block(window, pixels, None)
    missing = np.isnan(pixels)
    partly = missing.any(axis=2) & ~_nodata_or(missing, pixels, source.nodata).all(axis=2)
    return Block(window, pixels, (valid | partly)[:, :, np.newaxis] & finite)


def _nodata_or(missing: np.ndarray, pixels: np.ndarray, nodata: tuple[float | None, ...]) -> np.ndarray:
    """Where a value is NaN or its band's no-data value."""
    empty = missing.copy()
    for band, value in enumerate(nodata):
        if value is not None:
            empty[:, :, band] |= pixels[:, :, band] == value
    return empty
