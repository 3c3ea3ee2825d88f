"""Reads sample points and sorts out, by geometry alone, those that can become patches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from math import isfinite

import numpy as np

from ..errors import BadTruth
from ..raster.grid import Grid
from ..reporting import Reporter
from ..reprojection import positions_of
from ..vector import Feature, VectorReader
from .rejections import NO_CLASS, NO_GEOMETRY, OUTSIDE, OVER_EDGE, Rejections
from .truth import Label, label_of
from .windows import PatchStarts, Size

AT_ONCE = 10_000


@dataclass(frozen=True)
class Samples:
    """Samples as columns, one entry each; about 40 bytes a sample.

    Attributes:
        x, y: position in the reference's CRS.
        rows, cols: the anchor's pixel that holds it.
        label: index into `labels`.
    """

    x: np.ndarray
    y: np.ndarray
    rows: np.ndarray
    cols: np.ndarray
    label: np.ndarray
    labels: tuple[Label, ...]

    def __len__(self) -> int:
        return len(self.x)

    def chosen(self, which: np.ndarray | slice) -> Samples:
        """The samples at these indexes, in this run, or where this mask is True."""
        return Samples(self.x[which], self.y[which], self.rows[which], self.cols[which], self.label[which], self.labels)


@dataclass(frozen=True)
class Layout:
    """Where the patches of a sample lie: the sources' grids, which is the anchor, patch sizes (height, width), starts.

    `padding`: whether patches may reach over the images.
    """

    grids: tuple[Grid, ...]
    anchor: int
    sizes: tuple[Size, ...]
    starts: PatchStarts
    padding: bool


def read_samples(points: VectorReader, field: str, layout: Layout, rejections: Rejections, reporter: Reporter) -> Samples:
    """All points that lie in every source, with patches that do too (unless `layout.padding`); the others go to `rejections`.

    Without a field, all are of the class 0.

    Raises:
        BadTruth: no such field, values that are no classes, or geometries that are no points.
    """
    if field:
        points.check_field(field)
    labels: dict[Label, int] = {}
    parts: list[Samples] = []
    found, done = _positions(points, field, layout.grids[0], rejections), 0
    while batch := list(islice(found, AT_ONCE)):
        done += len(batch)
        reporter.progress(min(done / max(len(points), 1), 1.0), f"point {done}")
        label = np.array([labels.setdefault(label, len(labels)) for _, _, label in batch], np.int64)
        x, y = np.array([x for x, _, _ in batch]), np.array([y for _, y, _ in batch])
        parts.append(_accepted(x, y, label, tuple(labels), layout, rejections))
    return _joined(parts, tuple(labels))


def _joined(parts: list[Samples], labels: tuple[Label, ...]) -> Samples:
    x, y = (np.concatenate([np.empty(0), *(getattr(part, name) for part in parts)]) for name in ("x", "y"))
    rows, cols, label = (
        np.concatenate([np.empty(0, np.int64), *(getattr(part, name) for part in parts)]) for name in ("rows", "cols", "label")
    )
    return Samples(x, y, rows, cols, label, labels)


def _positions(points: VectorReader, field: str, reference: Grid, rejections: Rejections) -> Iterator[tuple[float, float, Label]]:
    for feature in points.features(reference.crs):
        label = label_of(feature.attributes[field], field) if field else 0
        positions = _of_point(feature, points.path)
        if not positions:
            rejections.add(None, label, NO_GEOMETRY)
        for position in positions:
            if label is None:
                rejections.add({"type": "Point", "coordinates": position}, None, NO_CLASS)
            else:
                yield *position, label


def _of_point(feature: Feature, path: str) -> list[tuple[float, float]]:
    if feature.geometry is None:
        return []
    if feature.geometry["type"] not in ("Point", "MultiPoint"):
        raise BadTruth(
            f"{path} holds no sample points", expected="points", received=feature.geometry["type"], remedy="Select samples from it first."
        )
    return [(x, y) for x, y, *_ in positions_of(feature.geometry) if isfinite(x) and isfinite(y)]


def reject(rejections: Rejections, samples: Samples, reason: str, source: int) -> None:
    """Hand all these samples to the rejections; `source`: the number of the source where the reason lies, from 1."""
    for x, y, label in zip(samples.x.tolist(), samples.y.tolist(), samples.label.tolist(), strict=True):
        rejections.add({"type": "Point", "coordinates": (x, y)}, samples.labels[label], reason, source)


def _accepted(
    x: np.ndarray, y: np.ndarray, label: np.ndarray, labels: tuple[Label, ...], layout: Layout, rejections: Rejections
) -> Samples:
    pixels = [_pixels(grid, x, y) for grid in layout.grids]
    samples = Samples(x, y, *pixels[layout.anchor], label, labels)
    left = np.ones(len(x), bool)
    for reason, source, good in _checks(pixels, layout):
        reject(rejections, samples.chosen(left & ~good), reason, source + 1)
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
