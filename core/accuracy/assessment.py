"""All figures of a map against a reference, from the counts: no file is read here."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import binomtest

from ..metrics import Scores, score
from .classes import ClassList
from .stratified import Stratified, stratified
from .tally import Meetings


@dataclass(frozen=True)
class Assessment:
    """What is known of a map.

    Attributes:
        name: of the map, for people.
        scores: from the samples as they are, each of the same worth; rows of the matrix are the reference.
        adjusted: with each sample's share of the map's area.
        area: of the map's classes that have samples, in m²; None where it is not known.
    """

    name: str
    classes: ClassList
    scores: Scores
    adjusted: Stratified
    area: float | None

    @property
    def samples(self) -> int:
        """In all."""
        return int(self.scores.matrix.sum())

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % confidence interval of the overall accuracy, samples being independent: Wilson's, which stays within 0 and 1."""
        low, high = binomtest(int(self.scores.matrix.trace()), self.samples).proportion_ci(0.95, method="wilson")
        return float(low), float(high)

    @property
    def area_left_out(self) -> float:
        """Share of the map in classes without a single sample, from 0 to 1."""
        sizes = _sizes(self.classes)
        return float(sizes[list(self.adjusted.left_out)].sum() / sizes.sum())

    def numbers(self) -> dict[str, float | int]:
        """By the names of the algorithm's outputs; what cannot be told is not among them."""
        figures = self.scores.numbers()
        adjusted = self.adjusted.overall
        found = {
            **{name.upper(): figures[name] for name in ("overall_accuracy", "kappa", "f1", "iou")},
            "SAMPLES": self.samples,
            "AREA_ADJUSTED_ACCURACY": adjusted.value,
            "AREA_ADJUSTED_HALF_WIDTH": adjusted.half_width,
        }
        return {name: value for name, value in found.items() if value is not None}


def assess(name: str, meetings: Meetings, classes: ClassList) -> Assessment:
    """All figures of one sample at least.

    Args:
        meetings: (reference class, code of the map) → samples.
    """
    count = len(classes.classes)
    matrix = np.zeros((count, count), np.int64)
    for (label, code), number in meetings.items():
        matrix[classes.of_label[label], classes.of_code[code]] += number
    adjusted, sizes = stratified(matrix.T, _sizes(classes)), _sizes(classes)
    sampled = float(sizes.sum() - sizes[list(adjusted.left_out)].sum())
    area = None if classes.area is None else sampled
    return Assessment(name, classes, score(matrix, classes.names), adjusted, area)


def _sizes(classes: ClassList) -> np.ndarray:
    """Of the map's classes: their areas, or, where the CRS tells none, their pixels."""
    return np.array([c.pixels if classes.area is None else c.area for c in classes.classes], float)
