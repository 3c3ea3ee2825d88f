"""Which patches make a set in which all classes are about equally frequent: a pure decision on kinds of patches.

As OTBTF's PatchesSelection, it begins with a share of all patches, as they come, and adds those least like the classes so far
while that makes the set more even. Where OTBTF sorts the patches once, by their likeness to the beginning, here the likeness is to
the set as it grows: a class that was rare at first is not added beyond its due.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from .strategy import share_of, shared_out

FINENESS = 256  # patches are added in portions of the set's size divided by this, and by FINEST at the end
FINEST = 4096


@dataclass(frozen=True)
class Balance:
    """How many patches of each kind to take, and how even that is.

    Attributes:
        quotas: by the kind's index.
        labels, before, after: shares of the labels in all patches, and in those that are taken.
    """

    quotas: dict[int, int]
    labels: tuple[int, ...]
    before: np.ndarray
    after: np.ndarray


def evenness(sums: np.ndarray) -> float:
    """The squared cosine between the classes' frequencies and equal ones, in [1 ÷ classes, 1]; 0 for nothing at all."""
    squares = float((sums**2).sum())
    return float(sums.sum()) ** 2 / (len(sums) * squares) if squares else 0.0


def balance(totals: Mapping[int, int], pixels: Mapping[tuple[int, int], int], share: float) -> Balance:
    """Decide.

    Args:
        totals: patches of each kind.
        pixels: (kind, label): pixels of the label in all patches of the kind.
        share: of all patches, those that the set begins with; every kind in proportion.
    """
    kinds, labels = sorted(totals), sorted({label for _, label in pixels})
    column, row = {label: index for index, label in enumerate(labels)}, {kind: index for index, kind in enumerate(kinds)}
    sums = np.zeros((len(kinds), len(labels)))
    for (kind, label), number in pixels.items():
        sums[row[kind], column[label]] = number
    available = np.array([totals[kind] for kind in kinds])
    seeds = shared_out(share_of(sum(totals.values()), share), totals)
    taken = np.array([seeds[kind] for kind in kinds])
    each = sums / available[:, np.newaxis]  # pixels of each label in a patch of the kind, on average
    _add(taken, available, each)
    quotas = {kind: int(number) for kind, number in zip(kinds, taken, strict=True)}
    return Balance(quotas, tuple(labels), _shares(sums.sum(axis=0)), _shares(taken @ each))


def _add(taken: np.ndarray, available: np.ndarray, each: np.ndarray) -> None:
    """Add to `taken` portion after portion, each time of the kind that makes the set most even, while one does."""
    fineness = FINENESS
    while (taken < available).any():
        sums, portion = taken @ each, max(1, int(taken.sum()) // fineness)
        gains, added = _gains(sums, each, np.minimum(portion, available - taken))
        best = int(np.argmax(gains))
        if gains[best] > evenness(sums) + 1e-12:
            taken[best] += added[best]
        elif portion == 1 or fineness >= FINEST:
            return
        else:
            fineness = min(2 * fineness, FINEST)


def _gains(sums: np.ndarray, each: np.ndarray, added: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The evenness that adding so many patches of each kind would give (−1 where none is left), and these numbers."""
    total = sums.sum() + added * each.sum(axis=1)
    squares = (sums**2).sum() + 2 * added * (each @ sums) + added**2 * (each**2).sum(axis=1)
    return np.where(added > 0, total**2 / (len(sums) * np.maximum(squares, 1e-300)), -1.0), added


def _shares(sums: np.ndarray) -> np.ndarray:
    shares: np.ndarray = sums / max(sums.sum(), 1e-300)
    return shares
