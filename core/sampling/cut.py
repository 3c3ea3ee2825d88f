"""Cuts patches out of sources, tile by tile, so that each block of an image is decoded about once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from math import isqrt

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from ..raster.edges import outside
from ..raster.grid import Window
from ..raster.source import Source
from .samples import Layout, Samples

TILE_BYTES = 64 << 20  # pixels of all sources that are held at once
LEAST_SIDE, MOST_SIDE = 32, 1024
BATCH_BYTES = 32 << 20  # patches of one source that are cut at once


def tile_side(sources: Sequence[Source], layout: Layout) -> int:
    """Side, in the anchor's pixels, of the squares in which samples are handled together: as large as TILE_BYTES allows."""
    anchor = layout.grids[layout.anchor].transform.determinant
    bytes_a_pixel = sum(abs(anchor / source.grid.transform.determinant) * source.count * source.dtype.itemsize for source in sources)
    return min(max(isqrt(int(TILE_BYTES / bytes_a_pixel)), LEAST_SIDE), MOST_SIDE)


def by_tile(samples: Samples, side: int) -> Samples:
    """The samples in the order of the tiles that hold them, and of rows and columns within a tile."""
    return samples.chosen(np.lexsort((samples.cols, samples.rows, samples.cols // side, samples.rows // side)))


def batches(samples: Samples, side: int, most: int) -> Iterator[slice]:
    """Runs of samples, ordered by tile: none spans two tiles or has more than `most` samples."""
    if not len(samples):
        return
    rows, cols = samples.rows // side, samples.cols // side
    changes = np.flatnonzero((np.diff(rows) != 0) | (np.diff(cols) != 0)) + 1
    edges = [0, *changes.tolist(), len(samples)]
    for start, end in pairwise(edges):
        for first in range(start, end, most):
            yield slice(first, min(first + most, end))


def most_patches(sources: Sequence[Source], layout: Layout) -> int:
    """How many samples' patches are cut at once."""
    largest = max(height * width * s.count * s.dtype.itemsize for (height, width), s in zip(layout.sizes, sources, strict=True))
    return max(1, BATCH_BYTES // largest)


class Cutter:
    """The patches of one source: one read for a batch of samples, then slices of it."""

    def __init__(self, source: Source, number: int, layout: Layout) -> None:
        self._source, self._number, self._layout = source, number, layout
        self._height, self._width = layout.sizes[number]

    def cut(self, samples: Samples) -> np.ndarray:
        """Patches of the samples, as (samples · rows, cols, bands): as they are stacked in a patch image."""
        tops, lefts, window = self._places(samples)
        pixels = self._source.read(window)
        patches = sliding_window_view(pixels, (self._height, self._width), axis=(0, 1))[tops, lefts]  # (samples, bands, rows, cols)
        by_band = np.moveaxis(patches, 1, 0).reshape(self._source.count, -1, self._width)
        return np.moveaxis(by_band, 0, 2)

    def complete(self, samples: Samples) -> np.ndarray:
        """Which samples' patches have data everywhere inside the image: bool, one each."""
        tops, lefts, window = self._places(samples)
        valid = self._source.valid(window)
        grid = self._source.grid
        valid = valid | np.logical_or.outer(outside(window.row, window.height, grid.height), outside(window.col, window.width, grid.width))
        if valid.all():
            return np.ones(len(samples), bool)
        windows = sliding_window_view(valid, (self._height, self._width))[tops, lefts]
        return windows.all(axis=(1, 2))

    def _places(self, samples: Samples) -> tuple[np.ndarray, np.ndarray, Window]:
        """The window that holds all patches, and where they start in it."""
        tops, lefts = self._layout.starts.of(self._number, samples.rows, samples.cols)
        top, left = int(tops.min()), int(lefts.min())
        window = Window(top, left, int(tops.max()) - top + self._height, int(lefts.max()) - left + self._width)
        return tops - top, lefts - left, window
