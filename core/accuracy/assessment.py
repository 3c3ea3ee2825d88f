"""All figures of a map against a reference, from the counts: no file is read here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..training.metrics import Scores, score
from .classes import ClassList
from .mcnemar import McNemar, mcnemar
from .stratified import Stratified, stratified
from .tally import Meeting


@dataclass(frozen=True)
class Comparison:
    """Two maps on the samples where both have data: the scores of each, and the test of their difference."""

    first: Scores
    second: Scores
    test: McNemar

    def verdict(self) -> str:
        """Which map is the better one, in words."""
        fewer, more = sorted((self.test.first, self.test.second))
        better = 1 if more == self.test.first else 2
        if more == fewer:
            return f"Both maps are right equally often; p = {self.test.p:.3g}."
        counts = f"map {better} alone is right on {more:,} samples, the other alone on {fewer:,}; p = {self.test.p:.3g}"
        if self.test.significant:
            return f"Map {better} is better, and not by chance alone: {counts}."
        return f"Map {better} looks better, but the difference may well be chance: {counts}."


@dataclass(frozen=True)
class Assessment:
    """What is known of a map.

    Attributes:
        scores: from the samples as they are, each of the same worth; rows of the matrix are the reference.
        adjusted: with each sample's share of the map's area.
        area: of the map's classes that have samples, in m²; None where it is not known.
    """

    classes: ClassList
    scores: Scores
    adjusted: Stratified
    area: float | None
    comparison: Comparison | None

    @property
    def samples(self) -> int:
        """In all."""
        return int(self.scores.matrix.sum())

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
            "MCNEMAR_P": self.comparison.test.p if self.comparison else None,
        }
        return {name: value for name, value in found.items() if value is not None}


def assess(meetings: Mapping[Meeting, int], classes: ClassList, other_names: Mapping[int, str]) -> Assessment:
    """All figures of one sample at least.

    Args:
        meetings: (reference class, code of the map, code of the second map or None) → samples.
        other_names: of the second map's codes, where these count.
    """
    count = len(classes.classes)
    matrix = np.zeros((count, count), np.int64)
    for (label, code, _), number in meetings.items():
        matrix[classes.of_label[label], classes.of_code[code]] += number
    adjusted, sizes = stratified(matrix.T, _sizes(classes)), _sizes(classes)
    sampled = float(sizes.sum() - sizes[list(adjusted.left_out)].sum())
    area = None if classes.area is None else sampled
    return Assessment(classes, score(matrix, classes.names), adjusted, area, _compare(meetings, classes, other_names))


def _sizes(classes: ClassList) -> np.ndarray:
    """Of the map's classes: their areas, or, where the CRS tells none, their pixels."""
    return np.array([c.pixels if classes.area is None else c.area for c in classes.classes], float)


def _compare(meetings: Mapping[Meeting, int], classes: ClassList, names: Mapping[int, str]) -> Comparison | None:
    count = len(classes.classes)
    matrices = np.zeros((2, count, count + 1), np.int64)
    of_other = {other: classes.index_of(other, names) for other in {other for _, _, other in meetings} if other is not None}
    table = np.zeros((2, 2), np.int64)  # map 1 right or not, map 2 right or not
    for (label, code, other), number in meetings.items():
        if other is None:
            continue
        truth, answers = classes.of_label[label], (classes.of_code[code], of_other[other])
        for matrix, answer in zip(matrices, answers, strict=True):
            matrix[truth, answer] += number  # −1, none of the classes, is the last column
        table[int(answers[0] == truth), int(answers[1] == truth)] += number
    if not table.any():
        return None
    first, second = (score(matrix, classes.names) for matrix in matrices)
    return Comparison(first, second, mcnemar(int(table[1, 1]), int(table[1, 0]), int(table[0, 1]), int(table[0, 0])))
