"""What stands for the pixels outside an image: index arithmetic, one axis at a time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

STRIP = 16  # rows


@dataclass(frozen=True)
class Span:
    """Positions along one axis, of which some may lie outside the image.

    Attributes:
        first, count: the pixels of the image that have to be read for them.
        index: for every position, which of these stands there.
        within: the positions inside the image; empty if there are none.
        beyond: those before it and those after it, as far as there are any.
    """

    first: int
    count: int
    index: np.ndarray
    within: slice
    beyond: tuple[slice, ...]

    @classmethod
    def of(cls, start: int, length: int, size: int, edges: str) -> Span:
        """`length` positions from `start` on, along an axis of `size` pixels; `edges` as for `inside`."""
        needed = inside(start, length, size, edges)
        first, last = int(needed.min()), int(needed.max())
        begin, end = (min(max(bound - start, 0), length) for bound in (0, size))
        ends = (slice(0, begin), slice(end, length)) if begin < end else (slice(0, length),)
        return cls(first, last + 1 - first, needed - first, slice(begin, end), tuple(part for part in ends if part.start < part.stop))

    @property
    def read(self) -> slice:
        """Where what lies inside the image stands among the pixels that were read."""
        start = int(self.index[self.within.start]) if self.within.start < self.within.stop else 0
        return slice(start, start + self.within.stop - self.within.start)


def spread(pixels: np.ndarray, rows: Span, cols: Span, target: np.ndarray) -> None:
    """Put the pixels that were read (rows.count, cols.count, bands) where they belong in `target` (rows, cols, bands), in its type.

    What lies inside the image is copied as it lies, once; only the margins, which are thin, are looked up pixel by pixel.
    """
    across = pixels[rows.read]
    _copy(across[:, cols.read], target[rows.within, cols.within])
    for margin in cols.beyond:
        target[rows.within, margin] = across[:, cols.index[margin]]
    for margin in rows.beyond:
        target[margin] = pixels[np.ix_(rows.index[margin], cols.index)]


def _copy(pixels: np.ndarray, target: np.ndarray) -> None:
    """From one order of the bands to another, a few rows at a time: the processor's cache keeps them until all bands are done."""
    for first in range(0, len(target), STRIP):
        for band in range(target.shape[2]):
            target[first : first + STRIP, :, band] = pixels[first : first + STRIP, :, band]


def inside(start: int, length: int, size: int, edges: str) -> np.ndarray:
    """For each of `length` positions from `start`, the index within [0, size) whose value stands there.

    reflect mirrors about the centre of the edge pixel (…2 1 0 1 2…), as often as needed; every other rule repeats the edge
    pixel (and whoever wants zeros or no-data puts them there afterwards).
    """
    positions = np.arange(start, start + length)
    if edges != "reflect" or size == 1:
        return np.clip(positions, 0, size - 1)
    folded = positions % (2 * size - 2)
    return np.where(folded < size, folded, 2 * size - 2 - folded)


def outside(start: int, length: int, size: int) -> np.ndarray:
    """For each of `length` positions from `start`, whether it lies outside [0, size)."""
    positions = np.arange(start, start + length)
    outside_image: np.ndarray = (positions < 0) | (positions >= size)
    return outside_image
