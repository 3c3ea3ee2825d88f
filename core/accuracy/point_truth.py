"""Points of known class, as the pixels that hold them, gathered so that neighbours are looked up together: where a map has a hundred
thousand samples, reading it point by point takes a minute and so a second."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from ..points import Points, read_points
from ..raster.grid import Grid, Window
from ..reporting import Reporter
from ..sampling.candidates import Batch
from ..sampling.truth import Label, label_of
from ..sampling.vector_truth import NO_GEOMETRY, NULL_CLASS, OUTSIDE, Losses
from ..vector import VectorReader

SIDE = 256  # pixels, of the squares in which points are gathered: no more of the map than one is read at once


class PointTruth:
    """The points of a layer on a grid.

    Raises:
        BadTruth: there is no such field, or it holds measurements.
    """

    def __init__(self, layer: VectorReader, field: str, grid: Grid, losses: Losses, reporter: Reporter) -> None:
        layer.check_field(field)
        self._layer, self._field, self._grid, self._losses, self._reporter = layer, field, grid, losses, reporter

    def batches(self) -> Iterator[Batch]:
        """The pixels, square by square; a pixel with several points comes as often."""
        done = 0
        for points in read_points(self._layer, self._grid.crs, [self._field]):
            for batch in self._of(points):
                self._reporter.progress(min(done / max(len(self._layer), 1), 1.0), f"point {done + 1}")
                yield batch
            done += len(points)

    def _of(self, points: Points) -> Iterator[Batch]:
        found = [label_of(value, self._field) for value in points.values[0]]
        labels: list[Label] = sorted({label for label in found if label is not None})
        numbers = {label: number for number, label in enumerate(labels)}
        which = np.array([-1 if label is None else numbers[label] for label in found], np.int64)
        cols, rows = ~self._grid.transform @ (points.x, points.y)
        known, placed = which >= 0, np.isfinite(points.x)
        inside = placed & (rows >= 0) & (rows < self._grid.height) & (cols >= 0) & (cols < self._grid.width)
        for reason, lost in ((NULL_CLASS, ~known), (NO_GEOMETRY, known & ~placed), (OUTSIDE, known & placed & ~inside)):
            if lost.any():
                self._losses.features[reason] += int(np.count_nonzero(lost))
        kept = known & inside
        for number, window, pixels in _gathered(rows[kept].astype(np.int64), cols[kept].astype(np.int64), which[kept]):
            yield Batch(labels[number], window, pixels)


def _gathered(rows: np.ndarray, cols: np.ndarray, which: np.ndarray) -> Iterator[tuple[int, Window, np.ndarray]]:
    """Square by square and class by class: the number of the class, a window about the square's points, and their pixels in it."""
    order = np.lexsort((which, cols // SIDE, rows // SIDE))
    rows, cols, which = rows[order], cols[order], which[order]
    for square in _runs(rows // SIDE, cols // SIDE):
        top, left = int(rows[square].min()), int(cols[square].min())
        window = Window(top, left, int(rows[square].max()) - top + 1, int(cols[square].max()) - left + 1)
        pixels = (rows[square] - top) * window.width + cols[square] - left
        for part in _runs(which[square]):
            yield int(which[square][part][0]), window, pixels[part]


def _runs(*keys: np.ndarray) -> Iterator[slice]:
    """The stretches in which no key changes."""
    changes = np.flatnonzero(np.logical_or.reduce([key[1:] != key[:-1] for key in keys])) + 1
    edges = [0, *changes.tolist(), len(keys[0])]
    return (slice(start, stop) for start, stop in pairwise(edges) if stop > start)
