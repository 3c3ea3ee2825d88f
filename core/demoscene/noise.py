"""Random fields that any part of the scene can compute for itself: hashes of whole numbers, and smooth noise between them.

Nothing here keeps state or draws in an order, so a pixel has the same value whatever block it is computed in, to the last bit:
only element-wise arithmetic is used (no matrix products or pairwise sums, whose rounding depends on the shape of the array).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

_B_SPLINE_STD = 0.27735  # of a bicubic B-spline over uniform values in [-1, 1]; the noise is divided by it
Field = Callable[["Frame"], np.ndarray]


@dataclass(frozen=True)
class Frame:
    """Points of the world in rows and columns, `step` metres apart: `ys` (going south) and `xs` (going east), 1-D float64, metres."""

    ys: np.ndarray
    xs: np.ndarray
    step: float

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, cols)."""
        return len(self.ys), len(self.xs)

    @property
    def extent(self) -> tuple[float, float, float, float]:
        """(xmin, ymin, xmax, ymax), the outermost points."""
        return float(self.xs[0]), float(self.ys[0]), float(self.xs[-1]), float(self.ys[-1])

    def linear(self, per_x: float, per_y: float) -> np.ndarray:
        """The linear form per_x · x + per_y · y, float32 (rows, cols)."""
        return ((self.xs * per_x)[None, :] + (self.ys * per_y)[:, None]).astype(np.float32)

    def moved(self, dx: float, dy: float) -> Frame:
        """The same lattice somewhere else."""
        return Frame(self.ys + dy, self.xs + dx, self.step)


@dataclass(frozen=True)
class Points:
    """Single points of the world, in metres; the same questions can be asked of them as of a Frame. 1-D arrays."""

    x: np.ndarray
    y: np.ndarray

    def linear(self, per_x: float, per_y: float) -> np.ndarray:
        """The linear form per_x · x + per_y · y, float32."""
        return (self.x.astype(np.float64) * per_x + self.y.astype(np.float64) * per_y).astype(np.float32)

    def moved(self, dx: float, dy: float) -> Points:
        """The same points somewhere else."""
        return Points(self.x + dx, self.y + dy)


def hashed(seed: int | np.ndarray, *keys: int | np.ndarray) -> np.ndarray:
    """A random uint32 for every combination of whole numbers (broadcast), the same for ever. C. Wellons' lowbias32 mixer."""
    value = _mix(_as_uint32(seed) + np.uint32(0x9E3779B9))
    for key in keys:
        value = _mix(value ^ (_as_uint32(key) * np.uint32(0x85EBCA6B) + np.uint32(0xC2B2AE35)))
    return value


def unit(bits: np.ndarray) -> np.ndarray:
    """Hashes as float32, uniform in [0, 1)."""
    return (bits >> np.uint32(8)).astype(np.float32) * np.float32(2.0**-24)


def _as_uint32(key: int | np.ndarray) -> np.ndarray:
    return np.atleast_1d(np.asarray(key)).astype(np.int64).astype(np.uint32)


def _mix(value: np.ndarray) -> np.ndarray:
    value = value ^ (value >> np.uint32(16))
    value *= np.uint32(0x7FEB352D)
    value ^= value >> np.uint32(15)
    value *= np.uint32(0x846CA68B)
    value ^= value >> np.uint32(16)
    return value


def noise(place: Frame | Points, scale: float, seed: int) -> np.ndarray:
    """Smooth noise, mean 0 and standard deviation about 1: random values every `scale` metres, joined by cubic B-splines."""
    return _noise_of_frame(place, scale, seed) if isinstance(place, Frame) else _noise_of_points(place, scale, seed)


def _noise_of_frame(frame: Frame, scale: float, seed: int) -> np.ndarray:
    rows, row_weights, row_first, row_count = _knots(frame.ys, scale)
    cols, col_weights, col_first, col_count = _knots(frame.xs, scale)
    knots = unit(hashed(seed, np.arange(row_count)[:, None] + row_first, np.arange(col_count) + col_first)) * 2 - 1
    tall = sum((np.take(knots, rows + k, axis=0) * row_weights[k][:, None] for k in range(1, 4)), knots[rows] * row_weights[0][:, None])
    wide = np.take(tall, cols, axis=1) * col_weights[0]
    for k in range(1, 4):
        wide += np.take(tall, cols + k, axis=1) * col_weights[k]
    return wide * np.float32(1 / _B_SPLINE_STD)


def _noise_of_points(points: Points, scale: float, seed: int) -> np.ndarray:
    rows, row_weights, row_first, _ = _knots(points.y.astype(np.float64), scale)
    cols, col_weights, col_first, _ = _knots(points.x.astype(np.float64), scale)
    total = np.zeros(len(points.x), np.float32)
    for j in range(4):
        for k in range(4):
            total += unit(hashed(seed, rows + row_first + j, cols + col_first + k)) * row_weights[j] * col_weights[k]
    return (total * 2 - 1) * np.float32(1 / _B_SPLINE_STD)


def _knots(at: np.ndarray, scale: float) -> tuple[np.ndarray, np.ndarray, int, int]:
    """For every coordinate the local number of its first knot, its four weights; and the first knot, and how many there are."""
    position = at / scale
    cell = np.floor(position).astype(np.int64)
    t = position - cell
    weights = np.stack([(1 - t) ** 3, 3 * t**3 - 6 * t**2 + 4, -3 * t**3 + 3 * t**2 + 3 * t + 1, t**3]) / 6
    first = int(cell.min())
    return cell - first, weights.astype(np.float32), first, int(cell.max()) - first + 4


def coarsely(frame: Frame, spacing: float, field: Field) -> np.ndarray:
    """A field computed every `spacing` metres only, and linearly between: for what is smooth at that scale, many times cheaper."""
    if frame.step >= spacing:
        return field(frame)
    rows, row_share, ys = _between(frame.ys, spacing)
    cols, col_share, xs = _between(frame.xs, spacing)
    values = field(Frame(ys, xs, spacing))
    low = np.take(values, rows, axis=0)
    tall = low + (np.take(values, rows + 1, axis=0) - low) * row_share[:, None]
    left = np.take(tall, cols, axis=1)
    return left + (np.take(tall, cols + 1, axis=1) - left) * col_share


def _between(at: np.ndarray, spacing: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    position = at / spacing
    cell = np.floor(position).astype(np.int64)
    first, last = int(cell.min()), int(cell.max()) + 1
    return cell - first, (position - cell).astype(np.float32), np.arange(first, last + 1) * spacing


def white(rows: np.ndarray, cols: np.ndarray, seed: int) -> np.ndarray:
    """A random uint32 for every pixel, by its whole-number row and column (1-D each); cheap enough for the finest grid."""
    value = hashed(seed, rows)[:, None] + hashed(seed + 1, cols)[None, :]
    value ^= value >> np.uint32(15)
    value *= np.uint32(0x2C1B3C6D)
    value ^= value >> np.uint32(13)
    value *= np.uint32(0x297A2D39)
    value ^= value >> np.uint32(16)
    return value


def smoothstep(value: np.ndarray, low: float | np.ndarray, high: float | np.ndarray) -> np.ndarray:
    """0 up to `low`, 1 from `high` on, and 3t² − 2t³ between."""
    t = np.clip((value - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)
