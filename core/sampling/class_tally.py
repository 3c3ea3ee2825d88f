"""Sums by class over a vector truth: pixels, features, area, and what was left out."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from math import isfinite

from ..raster.pixel_areas import PixelAreas
from .candidates import Batch
from .truth import Label
from .vector_truth import Outcome


@dataclass
class ClassSum:
    """Of one class.

    Attributes:
        features: that give at least one pixel; `left_out_features`: that give none.
        pixels: candidates; a pixel under two features counts for each. `left_out_pixels`: in no-data or outside the mask.
        area: of the candidates on the ground, in m²; NaN if it cannot be known.
    """

    features: int = 0
    pixels: int = 0
    area: float = 0.0
    left_out_features: int = 0
    left_out_pixels: int = 0


class ClassTally:
    """Takes the batches and the outcomes of a VectorTruth."""

    def __init__(self, areas: PixelAreas) -> None:
        self._areas = areas
        self._sums: defaultdict[Label, ClassSum] = defaultdict(ClassSum)
        self._features = self._left_out = 0

    def add(self, batch: Batch) -> None:
        """Pixels of a feature: their area."""
        if batch.pixels.size:
            self._sums[batch.label].area += float(self._areas.of(*batch.rows_cols()).sum())

    def finish(self, outcome: Outcome) -> None:
        """A feature with all its pixels."""
        self._features += 1
        self._left_out += bool(outcome.reason)
        if outcome.label is not None:
            found = self._sums[outcome.label]
            found.features += not outcome.reason
            found.left_out_features += bool(outcome.reason)
            found.pixels += outcome.pixels
            found.left_out_pixels += outcome.left_out

    def classes(self) -> list[tuple[Label, ClassSum]]:
        """In their order; those without a single pixel too."""
        return [(label, self._sums[label]) for label in sorted(self._sums)]  # of one field, all are of one type

    @property
    def pixels(self) -> int:
        """Candidates of all classes."""
        return sum(found.pixels for found in self._sums.values())

    @property
    def features(self) -> int:
        """All features, with or without a class or a pixel."""
        return self._features

    @property
    def left_out_features(self) -> int:
        """Features that give no pixel, for whatever reason."""
        return self._left_out

    def warnings(self) -> list[str]:
        """What will make trouble later, in words."""
        empty = [str(label) for label, found in self.classes() if not found.pixels]
        sentences = [f"Class {label} has no pixel." for label in empty]
        if len(self._sums) - len(empty) == 1:
            sentences.append("There is only one class with pixels: a classifier needs two at least.")
        return sentences


def known_area(found: ClassSum) -> float | None:
    """In m²; None if it cannot be known."""
    return found.area if isfinite(found.area) else None
