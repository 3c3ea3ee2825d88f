"""The features and classes of sample points."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..raster.alignment import align
from ..raster.grid import Window
from ..reporting import Reporter
from ..sampling.cut import batches, by_tile
from ..sampling.rejections import Rejections
from ..sampling.samples import Layout, Samples, read_samples, reject
from ..sampling.truth import Label, warn_without_crs
from ..sampling.windows import PatchStarts
from ..vector import VectorReader
from .opening import Opened

TILE = 128  # output pixels on a side whose samples are handled together
NO_DATA, NO_NUMBER = "no data", "features that are no number"


@dataclass(frozen=True)
class Table:
    """Samples as a classifier takes them.

    Attributes:
        features: (samples, features), single precision.
        label: (samples,), index into `labels`.
        x, y: (samples,), on the map.
        rejected: what of the points could not be used, in words.
    """

    features: np.ndarray
    label: np.ndarray
    labels: tuple[Label, ...]
    x: np.ndarray
    y: np.ndarray
    rejected: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.label)


def read_table(path: str, layer: str, field: str, opened: Opened, reporter: Reporter) -> Table:
    """The samples of a layer that lie on the image and have data in all features; says how many others there are, and why.

    Raises:
        BadTruth: no such field, values that are no classes, or geometries that are no points.
    """
    layout = Layout((opened.grid,), 0, ((1, 1),), PatchStarts(align([opened.grid]), [(1, 1)]), padding=True)
    with VectorReader(path, layer) as points, Rejections("", opened.grid.crs) as rejections:
        warn_without_crs(points.crs, opened.grid.crs, reporter.warn)
        placed = by_tile(read_samples(points, field, (), layout, rejections, reporter), TILE)
        count = len(placed) + rejections.count
        features, valid = _features(placed, opened, reporter)
        good = valid & np.isfinite(features).all(axis=1)
        reject(rejections, placed.chosen(~valid), NO_DATA, None)
        reject(rejections, placed.chosen(valid & ~good), NO_NUMBER, None)
        reasons = tuple(rejections.sentences())
    if reasons:
        reporter.warn(f"{count - int(good.sum())} of {count} samples left out: {'; '.join(reasons)}.")
    kept = placed.chosen(good)
    return Table(features[good], kept.label, kept.labels, kept.x, kept.y, reasons)


def _features(samples: Samples, opened: Opened, reporter: Reporter) -> tuple[np.ndarray, np.ndarray]:
    parts: list[np.ndarray] = []
    valid = np.zeros(len(samples), bool)
    for batch in batches(samples, TILE, TILE**2):
        rows, cols = samples.rows[batch], samples.cols[batch]
        top, left = int(rows.min()), int(cols.min())
        block = opened.plan.block(Window(top, left, int(rows.max()) - top + 1, int(cols.max()) - left + 1))
        features, valid[batch] = opened.at(block, rows, cols)
        parts.append(features)
        reporter.progress(batch.stop / len(samples), "Reading the samples")
    return _stacked(parts, opened.recipe.count), valid


def _stacked(parts: list[np.ndarray], least: int) -> np.ndarray:
    """Batches without data have no deep features; their samples are not valid."""
    count = max([least, *(part.shape[1] for part in parts)])
    whole = [part if part.shape[1] == count else np.zeros((len(part), count), np.float32) for part in parts]
    return np.concatenate([np.empty((0, count), np.float32), *whole])
