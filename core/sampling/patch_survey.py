"""Looks at every patch of a grid: has it data in all of its pixels, and which classes does it show? Streams over rows of patches."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np

from ..errors import BadTruth
from ..raster.grid import Window
from ..raster.source import Source
from ..reporting import Reporter
from .candidates import MOST_PIXELS, strips
from .label_truth import whole_numbers
from .on_grid import valid_pixels
from .patch_grid import PatchGrid

NONE, VALID = -1, 0  # kinds of patches where classes do not matter
LEVELS = 4  # a class's share of a patch is told in quarters, rounded up: what is there at all shows
MOST_KINDS = 1 << 16  # beyond, classes under a quarter are left out of new kinds, so that their number stays bounded
MOST_CLASSES = 1024

Kind = tuple[tuple[int, int], ...]  # (label, quarters) of each class of a patch, in the order of the labels


class Survey:
    """The patches of a grid, one run of its rows after the other.

    A patch counts only if every one of its pixels has data in the image and is above 0 in the mask.
    """

    def __init__(self, grid: PatchGrid, image: Source, mask: Source | None, reporter: Reporter) -> None:
        self.grid, self._image, self._mask, self._reporter = grid, image, mask, reporter
        self._strip = max(1, MOST_PIXELS // image.count)

    def runs(self) -> Iterator[tuple[int, np.ndarray]]:
        """(first row of patches, kinds: int (rows of patches, columns of patches)), from the top; NONE for a patch that does not count."""
        for band in self.grid.bands():
            self._reporter.progress(band.start / len(self.grid.rows), f"row {self.grid.rows[band.start]}")
            yield band.start, np.hstack([self._kinds(band, span) for span in self.grid.spans()])

    def _kinds(self, band: slice, span: slice) -> np.ndarray:
        if self._image.complete and self._mask is None:
            return np.full((len(self.grid.rows[band]), len(self.grid.cols[span])), VALID)
        missing = np.vstack([~self._valid(strip) for strip in strips(self.grid.window(band, span), self._strip)])
        return np.where(self.grid.sums(missing, band, span) == 0, VALID, NONE)

    def _valid(self, strip: Window) -> np.ndarray:
        self._reporter.check()
        return valid_pixels(self._image, self._mask, strip)


class ClassSurvey(Survey):
    """The same with classes: patches that show the same classes in about the same shares are of one kind.

    A patch without a single label does not count.

    Attributes:
        kinds: the index of each kind.
        pixels: (index of the kind, label): how many pixels of the label patches of that kind showed so far.

    Args:
        classes: labels from 0 to this number − 1 are classes, others none; 0: every label is one.
    """

    def __init__(self, grid: PatchGrid, image: Source, mask: Source | None, labels: Source, classes: int, reporter: Reporter) -> None:
        super().__init__(grid, image, mask, reporter)
        self._labels, self._classes = labels, classes
        self.kinds: dict[Kind, int] = {}
        self.pixels: Counter[tuple[int, int]] = Counter()
        self._seen: set[int] = set()

    def _kinds(self, band: slice, span: slice) -> np.ndarray:
        found = super()._kinds(band, span)
        labels, counts = self._counts(band, span)
        counted = (found == VALID) & (counts.sum(axis=0) > 0)
        found[...] = NONE
        if counted.any():
            found[counted] = self._index(labels, counts[:, counted])
        return found

    def _counts(self, band: slice, span: slice) -> tuple[list[int], np.ndarray]:
        """Labels of the tile, ascending, and the pixels of each in each patch: (labels, rows of patches, columns of patches)."""
        window = self.grid.window(band, span)
        pixels, valid = self._labels.read_valid(window)
        values = whole_numbers(pixels[:, :, 0], valid)
        if self._classes:
            valid = valid & (values >= 0) & (values < self._classes)
        labels = np.unique(values[valid]).tolist()
        self._seen.update(labels)
        if len(self._seen) > MOST_CLASSES:
            raise BadTruth(
                "Too many different labels for classes",
                expected=f"at most {MOST_CLASSES}",
                remedy="Choose an image of classes, or say how many of them count.",
            )
        shape = (len(labels), len(self.grid.rows[band]), len(self.grid.cols[span]))
        counts = np.zeros(shape, np.int32)
        for index, label in enumerate(labels):
            self._reporter.check()
            counts[index] = self.grid.sums(valid & (values == label), band, span)
        return labels, counts

    def _index(self, labels: list[int], counts: np.ndarray) -> np.ndarray:
        """The index of each patch's kind, from (labels, patches)."""
        quarters = -(-LEVELS * counts // counts.sum(axis=0))  # rounded up
        rows, inverse = np.unique(quarters.T.astype(np.uint8), axis=0, return_inverse=True)
        indexes = np.array([self._index_of(_kind(labels, row.tolist())) for row in rows])
        sums = np.zeros((len(rows), len(labels)), np.int64)
        np.add.at(sums, inverse.ravel(), counts.T)
        for row, col in np.argwhere(sums).tolist():
            self.pixels[int(indexes[row]), labels[col]] += int(sums[row, col])
        return indexes[inverse.ravel()]

    def _index_of(self, kind: Kind) -> int:
        if kind not in self.kinds and len(self.kinds) >= MOST_KINDS:
            kind = tuple((label, level) for label, level in kind if level > 1)
        return self.kinds.setdefault(kind, len(self.kinds))


def _kind(labels: list[int], quarters: list[int]) -> Kind:
    return tuple((label, level) for label, level in zip(labels, quarters, strict=True) if level)


def tally(survey: Survey) -> Counter[int]:
    """Patches of each kind."""
    counts: Counter[int] = Counter()
    for _, kinds in survey.runs():
        indexes, numbers = np.unique(kinds[kinds != NONE], return_counts=True)
        for index, number in zip(indexes.tolist(), numbers.tolist(), strict=True):
            counts[index] += number
    return counts
