"""Candidates from a label image: every pixel with data is one, of the class that its value says."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from ..errors import BadTruth
from ..raster.grid import Window
from ..raster.source import Source
from ..reporting import Reporter
from .candidates import MOST_PIXELS, Batch, strips


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
        for strip in strips(self._window, self._most_pixels):
            self._reporter.progress((strip.row - self._window.row) / self._window.height, f"row {strip.row}")
            for value, pixels in _by_value(*self._read(strip)):
                yield Batch(value, strip, pixels)

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


def _by_value(values: np.ndarray, valid: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """Each value with the positions that hold it, ascending; one sort for all values (radix for small types)."""
    positions = None if valid.all() else np.flatnonzero(valid)
    values = values if positions is None else values[positions]
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    if not ordered.size:
        return
    changes = np.flatnonzero(ordered[1:] != ordered[:-1]) + 1
    for start, end in pairwise([0, *changes.tolist(), ordered.size]):
        if start < end:
            chosen = order[start:end]
            yield int(ordered[start]), chosen if positions is None else positions[chosen]
