"""Reads sample points and sorts out, by geometry alone, those that can become patches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

import numpy as np

from ..errors import BadTruth
from ..points import Points, read_points
from ..raster.grid import Grid
from ..reporting import Reporter
from ..vector import VectorReader
from .rejections import NO_CLASS, NO_GEOMETRY, NO_VALUE, OF_LABELS, OUTSIDE, OVER_EDGE, Rejections
from .truth import Label, label_of
from .windows import PatchStarts, Size

NO_LABEL = 0  # class of all samples where no field tells one


@dataclass(frozen=True)
class Samples:
    """Samples as columns, one entry each; about 40 bytes a sample.

    Attributes:
        x, y: position in the reference's CRS.
        rows, cols: the anchor's pixel that holds it.
        label: index into `labels`.
        values: (samples, targets) float32: measurements.
    """

    x: np.ndarray
    y: np.ndarray
    rows: np.ndarray
    cols: np.ndarray
    label: np.ndarray
    labels: tuple[Label, ...]
    values: np.ndarray

    def __len__(self) -> int:
        return len(self.x)

    def chosen(self, which: np.ndarray | slice) -> Samples:
        """The samples at these indexes, in this run, or where this mask is True."""
        return Samples(self.x[which], self.y[which], self.rows[which], self.cols[which], self.label[which], self.labels, self.values[which])


@dataclass(frozen=True)
class Layout:
    """Where the patches of a sample lie: the sources' grids, which is the anchor, patch sizes (height, width), starts.

    `padding`: whether patches may reach over the images. `label_image`: whether the last source is the truth.
    """

    grids: tuple[Grid, ...]
    anchor: int
    sizes: tuple[Size, ...]
    starts: PatchStarts
    padding: bool
    label_image: bool = False

    def number(self, source: int) -> int | None:
        """What users call a source, from 1 on; None for the label image."""
        return None if self.label_image and source == len(self.grids) - 1 else source + 1


def read_samples(
    layer: VectorReader, field: str, targets: Sequence[str], layout: Layout, rejections: Rejections, reporter: Reporter
) -> Samples:
    """All points that lie in every source, with patches that do too (unless `layout.padding`); the others go to `rejections`.

    Args:
        field: of the class; without one, all are of the class 0.
        targets: fields of measurements.

    Raises:
        BadTruth: no such field, values that are no classes or no numbers, or geometries that are no points.
    """
    for name in (field, *targets):
        if name:
            layer.check_field(name)
    columns = _Columns(field, targets)
    parts: list[Samples] = []
    done = 0
    for points in read_points(layer, layout.grids[0].crs, [name for name in (field, *targets) if name]):
        done += len(points)
        reporter.progress(min(done / max(len(layer), 1), 1.0), f"point {done}")
        x, y, label, values = columns.sorted_out(points, rejections)
        parts.append(_accepted(x, y, label, tuple(columns.labels), values, layout, rejections))
    return _joined(parts, tuple(columns.labels), len(targets))


def _joined(parts: list[Samples], labels: tuple[Label, ...], targets: int) -> Samples:
    x, y = (np.concatenate([np.empty(0), *(getattr(part, name) for part in parts)]) for name in ("x", "y"))
    rows, cols, label = (
        np.concatenate([np.empty(0, np.int64), *(getattr(part, name) for part in parts)]) for name in ("rows", "cols", "label")
    )
    values = np.concatenate([np.empty((0, targets), np.float32), *(part.values for part in parts)])
    return Samples(x, y, rows, cols, label, labels, values)


class _Columns:
    """Turns the values of points into numbers: classes, counted as they come (`labels`), and measurements."""

    def __init__(self, field: str, targets: Sequence[str]) -> None:
        self._field, self._targets = field, targets
        self.labels: dict[Label, int] = {} if field else {NO_LABEL: 0}
        self._known: dict[Any, tuple[Label | None, int]] = {}  # by value of the field

    def sorted_out(self, points: Points, rejections: Rejections) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """x, y, label and values of the points that have a place, a class and all measurements; the others are rejected."""
        found = [self._class(value) for value in points.values[0]] if self._field else [(NO_LABEL, 0)] * len(points)
        label = np.array([number for _, number in found], np.int64)
        columns = points.values[1:] if self._field else points.values
        numbers = [[_number(value, name) for value in column] for name, column in zip(self._targets, columns, strict=True)]
        values = np.array(numbers, np.float32).reshape(len(numbers), len(points)).T  # None becomes NaN
        placed, complete = np.isfinite(points.x), ~np.isnan(values).any(axis=1)
        for reason, rejected in (
            (NO_GEOMETRY, ~placed),
            (NO_CLASS, placed & (label < 0)),
            (NO_VALUE, placed & (label >= 0) & ~complete),
        ):
            for index in np.flatnonzero(rejected):
                place = {"type": "Point", "coordinates": (float(points.x[index]), float(points.y[index]))}
                rejections.add(None if reason == NO_GEOMETRY else place, found[index][0], reason)
        good = placed & (label >= 0) & complete
        return points.x[good], points.y[good], label[good], values[good]

    def _class(self, value: Any) -> tuple[Label | None, int]:
        """The class, and its number; −1 for none."""
        if value not in self._known:
            label = label_of(value, self._field)
            self._known[value] = label, -1 if label is None else self.labels.setdefault(label, len(self.labels))
        return self._known[value]


def _number(value: Any, field: str) -> float | None:
    """A measurement; None for null and not-a-number.

    Raises:
        BadTruth: text.
    """
    if value is None or (isinstance(value, float) and not isfinite(value)):
        return None
    if not isinstance(value, (int, float)):
        raise BadTruth(f"Field {field!r} holds no measurements", expected="numbers", received=value, remedy="Choose another field.")
    return float(value)


def reject(rejections: Rejections, samples: Samples, reason: str, source: int | None) -> None:
    """Hand all these samples to the rejections; `source`: the number of the source where the reason lies, from 1; None: the truth."""
    for x, y, label in zip(samples.x.tolist(), samples.y.tolist(), samples.label.tolist(), strict=True):
        rejections.add({"type": "Point", "coordinates": (x, y)}, samples.labels[label], reason, source)


def _accepted(
    x: np.ndarray, y: np.ndarray, label: np.ndarray, labels: tuple[Label, ...], values: np.ndarray, layout: Layout, rejections: Rejections
) -> Samples:
    pixels = [_pixels(grid, x, y) for grid in layout.grids]
    samples = Samples(x, y, *pixels[layout.anchor], label, labels, values)
    left = np.ones(len(x), bool)
    for reason, source, good in _checks(pixels, layout):
        number = layout.number(source)
        reject(rejections, samples.chosen(left & ~good), reason if number else OF_LABELS.format(reason), number)
        left &= good
    return samples.chosen(left)


def _pixels(grid: Grid, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Row and column of the pixel that holds each position."""
    cols, rows = ~grid.transform @ (x, y)
    limit = float(1 << 40)  # far outside any image; a float beyond int64 would wrap around
    return np.floor(np.clip(rows, -limit, limit)).astype(np.int64), np.floor(np.clip(cols, -limit, limit)).astype(np.int64)


def _checks(pixels: Sequence[tuple[np.ndarray, np.ndarray]], layout: Layout) -> Iterator[tuple[str, int, np.ndarray]]:
    """The conditions, in order, with the reason that one not met gives: (reason, source, where it is met)."""
    for source, (grid, (rows, cols)) in enumerate(zip(layout.grids, pixels, strict=True)):
        yield OUTSIDE, source, _within(rows, cols, (1, 1), grid)
    if not layout.padding:
        for source, (grid, size) in enumerate(zip(layout.grids, layout.sizes, strict=True)):
            yield OVER_EDGE, source, _within(*layout.starts.of(source, *pixels[layout.anchor]), size, grid)


def _within(rows: np.ndarray, cols: np.ndarray, size: Size, grid: Grid) -> np.ndarray:
    inside: np.ndarray = (rows >= 0) & (cols >= 0) & (rows + size[0] <= grid.height) & (cols + size[1] <= grid.width)
    return inside
