"""Counts how often a reference class meets a code of the map, and of the maps compared with it: what every figure is computed from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from ..sampling.candidates import Batch
from ..sampling.truth import Label
from .class_map import ClassMap, check_few
from .counting import joint_counts

Meetings = Counter[tuple[Label, int]]
PairMeetings = Counter[tuple[Label, int, int]]


class Tally:
    """Takes the pixels of a reference; those count where all maps have data. Memory grows with the classes, not with the pixels.

    Attributes:
        first: (reference class, code of the first map) → samples.
        pairs: for each other map, (reference class, code of the first map, code of this map) → samples.
        without_map: samples where the first map has no data.
        without_compared: samples where it has, and another map has none.

    Raises:
        BadTruth: the reference holds no classes.
    """

    def __init__(self, maps: Sequence[ClassMap]) -> None:
        self._maps = maps
        self.first: Meetings = Counter()
        self.pairs: list[PairMeetings] = [Counter() for _ in maps[1:]]
        self.without_map = self.without_compared = 0
        self._labels: set[Label] = set()

    def add(self, batch: Batch) -> None:
        """Pixels of one class within a window."""
        codes, known = zip(*(one.at(batch.window) for one in self._maps), strict=True)
        on_map = batch.pixels[known[0][batch.pixels]]
        pixels = on_map[np.logical_and.reduce([told[on_map] for told in known])]
        self.without_map += batch.pixels.size - on_map.size
        self.without_compared += on_map.size - pixels.size
        self._labels.add(batch.label)
        check_few(len(self._labels), "The reference")
        first, *others = (told[pixels] for told in codes)
        for (code,), number in joint_counts([first]).items():
            self.first[batch.label, code] += number
        for pair, other in zip(self.pairs, others, strict=True):
            for (code, answer), number in joint_counts([first, other]).items():
                pair[batch.label, code, answer] += number

    def meetings(self) -> list[Meetings]:
        """For each map, (reference class, its code) → samples: as many of each class for all of them."""
        return [self.first, *(_of_second(pair) for pair in self.pairs)]

    @property
    def labels(self) -> set[Label]:
        """The reference classes that met a pixel with data."""
        return {label for label, _ in self.first}

    @property
    def samples(self) -> int:
        """On pixels where all maps have data."""
        return self.first.total()


def _of_second(pair: PairMeetings) -> Meetings:
    found: Meetings = Counter()
    for (label, _, answer), number in pair.items():
        found[label, answer] += number
    return found
