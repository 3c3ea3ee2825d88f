"""The pixels that may become samples: class by class, in portions of bounded size, always in the same order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from ..raster.grid import Window
from ..vector import Feature
from .truth import Label

MOST_PIXELS = 1 << 20  # of a strip: what is held at once


@dataclass(frozen=True)
class Batch:
    """Candidates of one class within a window, row by row.

    Attributes:
        pixels: their positions in the window, counted along its rows; ascending.
        feature: the feature of the truth that they belong to; None for a label image.
    """

    label: Label
    window: Window
    pixels: np.ndarray
    feature: Feature | None = None

    def rows_cols(self, which: np.ndarray | slice = slice(None)) -> tuple[np.ndarray, np.ndarray]:
        """Rows and columns in the image."""
        rows, cols = np.divmod(self.pixels[which], self.window.width)
        return rows + self.window.row, cols + self.window.col


class Candidates(Protocol):
    """A truth, as the pixels of an image that it covers. Read as often as needed, always with the same result."""

    def batches(self) -> Iterator[Batch]:
        """All candidates. The order of each class's candidates does not depend on the portions."""

    def totals(self) -> Counter[Label]:
        """How many there are of each class; without finding out where."""


def strips(window: Window, most_pixels: int = MOST_PIXELS) -> Iterator[Window]:
    """The window in full-width strips, from the top: the pixels come in the order of the whole window at any strip height."""
    height = max(1, most_pixels // max(window.width, 1))
    for row in range(window.row, window.row + window.height, height):
        yield Window(row, window.col, min(height, window.row + window.height - row), window.width)
