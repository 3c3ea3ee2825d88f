"""Candidates from a label image: every pixel with data is one, of the class that its value says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np

from ..errors import BadTruth
from ..raster.grid import Window
from ..raster.source import Source
from ..reporting import Reporter
from .candidates import MOST_PIXELS, Batch, strips
from .truth import Label

MOST_COUNTED = 1 << 16  # a table of that many counts is faster than a sort
FEW = 12


class LabelTruth:
    """The pixels of the first band of `labels` that have data, but for a border of `padding` pixels.

    Raises:
        BadTruth: the padding leaves nothing.
    """

    def __init__(self, labels: Source, padding: int, reporter: Reporter, most_pixels: int = MOST_PIXELS) -> None:
        height, width = labels.grid.height - 2 * padding, labels.grid.width - 2 * padding
        if height <= 0 or width <= 0:
            raise BadTruth(
                "The border leaves no pixel",
                expected=f"a border under half of {labels.grid.height} × {labels.grid.width} pixels",
                received=padding,
                remedy="Make it smaller.",
            )
        self._labels, self._window, self._reporter, self._most_pixels = (
            labels,
            Window(padding, padding, height, width),
            reporter,
            most_pixels,
        )

    def batches(self) -> Iterator[Batch]:
        """See Candidates."""
        for strip, values, valid in self._strips():
            for value, pixels in _by_value(values, valid):
                yield Batch(value, strip, pixels)

    def totals(self) -> Counter[Label]:
        """See Candidates."""
        counts: Counter[Label] = Counter()
        for _, values, valid in self._strips():
            for value, number in zip(*_counted(values[valid]), strict=True):
                counts[value] += number
        return counts

    def _strips(self) -> Iterator[tuple[Window, np.ndarray, np.ndarray]]:
        for strip in strips(self._window, self._most_pixels):
            self._reporter.progress((strip.row - self._window.row) / self._window.height, f"row {strip.row}")
            yield strip, *self._read(strip)

    def _read(self, window: Window) -> tuple[np.ndarray, np.ndarray]:
        pixels, valid = self._labels.read_valid(window)
        return whole_numbers(pixels[:, :, 0].ravel(), valid.ravel()), valid.ravel()


def whole_numbers(values: np.ndarray, valid: np.ndarray) -> np.ndarray:
    """The values as integers, where they are valid.

    Raises:
        BadTruth: one has a fraction: this is no label image.
    """
    if np.issubdtype(values.dtype, np.integer):
        return values
    fractions = valid & (values != np.floor(values))
    if fractions.any():
        raise BadTruth(
            "This is no label image", expected="whole numbers", received=values[fractions][0], remedy="Choose an image of classes."
        )
    return np.where(valid, values, 0).astype(np.int64)


def _counted(values: np.ndarray) -> tuple[list[int], list[int]]:
    """The different values, ascending, and how often each occurs."""
    if not values.size:
        return [], []
    low, high = int(values.min()), int(values.max())
    if high - low > MOST_COUNTED:
        found, numbers = np.unique(values, return_counts=True)
        return found.tolist(), numbers.tolist()
    numbers = np.bincount(values.astype(np.int64) - low)
    present = np.flatnonzero(numbers)
    return (present + low).tolist(), numbers[present].tolist()


def _by_value(values: np.ndarray, valid: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """Each value with the positions that hold it, ascending: a look at all pixels for each of a few values, one sort for many."""
    found, numbers = _counted(values[valid])
    if len(found) <= FEW:
        yield from ((value, np.flatnonzero((values == value) & valid)) for value in found)
        return
    positions = np.flatnonzero(valid)
    order = positions[np.argsort(values[positions], kind="stable")]  # radix for small types
    yield from zip(found, np.split(order, np.cumsum(numbers)[:-1]), strict=True)
