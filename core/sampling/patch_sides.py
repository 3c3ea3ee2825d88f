"""Deals patches out to training, validation and test. Exact counts, whatever the portions in which they come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import lcm
from typing import Protocol

import numpy as np

from .draw import RandomDraw
from .patch_survey import NONE
from .strategy import shared_out

TRAINING, VALIDATION, TEST, LEFT_OUT = range(4)
KINDS_STREAM, SIDES_STREAM = 3, 4  # parts of the seed, apart from those of the other selections


class Dealer(Protocol):
    """Says on which side each patch goes. Asked once for every run of rows, from the top."""

    def deal(self, first_row: int, kinds: np.ndarray) -> np.ndarray:
        """TRAINING, VALIDATION, TEST or LEFT_OUT for each patch of a run (see Survey.runs)."""


class Everything:
    """All patches train."""

    def deal(self, first_row: int, kinds: np.ndarray) -> np.ndarray:
        """See Dealer."""
        return np.where(kinds == NONE, LEFT_OUT, TRAINING)


class Chessboard:
    """Black fields train, white ones validate; the first patch of the grid is black."""

    def deal(self, first_row: int, kinds: np.ndarray) -> np.ndarray:
        """See Dealer."""
        rows, cols = np.indices(kinds.shape)
        return np.where(kinds == NONE, LEFT_OUT, np.where((rows + cols + first_row) % 2 == 0, TRAINING, VALIDATION))


class Shares:
    """Draws of each kind of patch its quota, and deals what was drawn out at random.

    Args:
        totals, quotas: by kind: how many there are, and how many are drawn.
        sides: how many of those drawn go to training, to validation and to test; the others to none.
    """

    def __init__(self, totals: Mapping[int, int], quotas: Mapping[int, int], sides: Sequence[int], seed: int) -> None:
        self._kinds = {
            kind: RandomDraw(totals[kind], quotas[kind], np.random.default_rng([seed, KINDS_STREAM, kind])) for kind in sorted(totals)
        }
        self._sides: list[tuple[int, RandomDraw]] = []
        left = sum(quotas.values())
        for side, count in enumerate(sides):
            self._sides.append((side, RandomDraw(left, count, np.random.default_rng([seed, SIDES_STREAM, side]))))
            left -= count

    def deal(self, first_row: int, kinds: np.ndarray) -> np.ndarray:
        """See Dealer."""
        flat = kinds.ravel()
        drawn = np.zeros(flat.size, bool)
        for kind in np.unique(flat[flat != NONE]).tolist():
            places = np.flatnonzero(flat == kind)
            drawn[places[self._kinds[kind].take(places.size)]] = True
        sides = np.full(flat.size, LEFT_OUT)
        rest = np.flatnonzero(drawn)
        for side, draw in self._sides:
            chosen = draw.take(rest.size)
            sides[rest[chosen]] = side
            rest = np.delete(rest, chosen)
        return sides.reshape(kinds.shape)


def side_counts(number: int, shares: Sequence[float]) -> list[int]:
    """`number` shared out by these shares of it, taken as the decimals that were typed; what they leave of 1 is left out."""
    parts = [Fraction(str(share)) for share in shares]
    parts.append(1 - sum(parts, Fraction(0)))
    scale = lcm(*(part.denominator for part in parts))
    counts = shared_out(number, {side: int(part * scale) for side, part in enumerate(parts)})
    return [counts[side] for side in range(len(shares))]
