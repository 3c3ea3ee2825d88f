"""Whether the first map is better than the others, on the same samples: no file is read here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .assessment import Assessment
from .classes import folded
from .mcnemar import SIGNIFICANT, McNemar, holm, mcnemar
from .tally import PairMeetings

LEAST_P = 0.001  # that is told


@dataclass(frozen=True)
class Contest:
    """The first map against another one, by their names.

    Attributes:
        p: of the test, after Holm's correction where there are several others.
    """

    first: str
    other: str
    test: McNemar
    p: float

    @property
    def p_in_words(self) -> str:
        """As papers have it: "= 0.03"; below a thousandth, where more digits (or a 0 that is none) would feign precision, "< 0.001"."""
        return f"= {self.p:.3g}" if self.p >= LEAST_P else f"< {LEAST_P:g}"

    def verdict(self) -> str:
        """Which map is the better one, in words."""
        if self.test.first == self.test.second:
            return f"{self.first} and {self.other} are right equally often; p {self.p_in_words}."
        better, worse = (self.first, self.other) if self.test.first > self.test.second else (self.other, self.first)
        fewer, more = sorted((self.test.first, self.test.second))
        counts = f"alone it is right on {more:,} samples, {worse} alone on {fewer:,}; p {self.p_in_words}"
        if self.p < SIGNIFICANT:
            return f"{better} is better than {worse}, and not by chance alone: {counts}."
        return f"{better} looks better than {worse}, but the difference may well be chance: {counts}."


def contests(found: Sequence[Assessment], pairs: Sequence[PairMeetings]) -> tuple[Contest, ...]:
    """The first map against each other one.

    Args:
        pairs: for each other map, (reference class, code of the first map, code of this map) → samples.
    """
    first, *others = found
    tests = [_test(first, other, pair) for other, pair in zip(others, pairs, strict=True)]
    corrected = holm([test.p for test in tests])
    return tuple(Contest(first.name, other.name, test, p) for other, test, p in zip(others, tests, corrected, strict=True))


def _test(first: Assessment, other: Assessment, pair: PairMeetings) -> McNemar:
    table = np.zeros((2, 2), np.int64)  # the first map right or not, the other right or not
    for (label, code, answer), number in pair.items():
        table[int(first.classes.is_right(label, code)), int(other.classes.is_right(label, answer))] += number
    return mcnemar(int(table[1, 1]), int(table[1, 0]), int(table[0, 1]), int(table[0, 0]))


def all_names(found: Sequence[Assessment]) -> list[str]:
    """The classes of all maps, each once, as the first map that has it spells it."""
    names: dict[str, str] = {}
    for name in (name for one in found for name in one.classes.names):
        names.setdefault(folded(name), name)
    return list(names.values())
