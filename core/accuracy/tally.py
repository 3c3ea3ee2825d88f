"""Counts how often a reference class meets a code of the map, and of a second map: what every figure is computed from."""

from __future__ import annotations

from collections import Counter

import numpy as np

from ..sampling.candidates import Batch
from ..sampling.truth import Label
from .class_map import ClassMap, check_few
from .counting import joint_counts

Meeting = tuple[Label, int, "int | None"]


class PairTally:
    """Takes the pixels of a reference. Memory grows with the classes, not with the pixels.

    Attributes:
        meetings: (reference class, code of the map, code of the second map or None) → samples.
        without_map: samples where the map has no data.

    Raises:
        BadTruth: the reference or the second map holds no classes.
    """

    def __init__(self, judged: ClassMap, other: ClassMap | None = None) -> None:
        self._judged, self._other = judged, other
        self.meetings: Counter[Meeting] = Counter()
        self.without_map = 0
        self._labels: set[Label] = set()
        self._other_codes: set[int] = set()

    def add(self, batch: Batch) -> None:
        """Pixels of one class within a window."""
        codes, known = self._judged.at(batch.window)
        pixels = batch.pixels[known[batch.pixels]]
        self.without_map += batch.pixels.size - pixels.size
        self._labels.add(batch.label)
        check_few(len(self._labels), "The reference")
        if self._other is None:
            self._count(batch.label, codes[pixels])
            return
        others, told = self._other.at(batch.window)
        both = told[pixels]
        self._count(batch.label, codes[pixels[~both]])
        for (code, other), number in joint_counts([codes[pixels[both]], others[pixels[both]]]).items():
            self.meetings[batch.label, code, other] += number
            self._other_codes.add(other)
        check_few(len(self._other_codes), self._other.path)

    def _count(self, label: Label, codes: np.ndarray) -> None:
        for (code,), number in joint_counts([codes]).items():
            self.meetings[label, code, None] += number

    @property
    def labels(self) -> set[Label]:
        """The reference classes that met a pixel with data."""
        return {label for label, _, _ in self.meetings}

    @property
    def samples(self) -> int:
        """On pixels of the map that have data."""
        return self.meetings.total()
