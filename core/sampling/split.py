"""Which groups of candidates (polygons, or areas of the map) go to validation: whole groups, and every class near its share.

A pure decision. Groups are all or nothing, so the shares cannot be met exactly; the assignment makes the sum over the classes
of (share reached − share wanted)² small, and leaves no side of a class empty if the class has two groups or more.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

import numpy as np

from .truth import Label

EMPTY_SIDE = 1.0  # cost of a class without validation, or without training: more than any wrong share costs
MOST_PASSES = 8
TRIALS, TRIALS_OVER_GROUPS = 16, 4000  # few groups: several random orders, the best is kept; many: chance evens out

Counts = Mapping[tuple[int, Label], int]  # candidates by group and class


def validation_groups(counts: Counts, share: float, seed: int) -> np.ndarray:
    """The groups that go to validation, ascending. The same for the same counts, share and seed."""
    groups = sorted({group for group, _ in counts})
    balance = _Balance(counts, groups, share)
    trials = max(1, min(TRIALS, TRIALS_OVER_GROUPS // max(len(groups), 1)))
    rng = np.random.default_rng([seed, 1])
    best = min((balance.assign(rng.permutation(len(groups)).tolist()) for _ in range(trials)), key=lambda trial: trial[0])
    return np.array([group for group, chosen in zip(groups, best[1], strict=True) if chosen], np.int64)


class _Balance:
    """The candidates as shares of their class, group by group, and the cost of an assignment."""

    def __init__(self, counts: Counts, groups: list[int], share: float) -> None:
        self._share = share
        position = {group: index for index, group in enumerate(groups)}
        label_index = {label: index for index, label in enumerate(dict.fromkeys(label for _, label in counts))}
        self._totals = [0] * len(label_index)
        self._spread = [0] * len(label_index)  # groups that have the class
        self._groups: list[list[tuple[int, int]]] = [[] for _ in groups]  # (class, candidates)
        for (group, label), count in counts.items():
            index = label_index[label]
            self._groups[position[group]].append((index, count))
            self._totals[index] += count
            self._spread[index] += 1

    def assign(self, order: list[int]) -> tuple[float, list[bool]]:
        """Take group after group if that brings the shares nearer; then change single groups, the smallest first, while it helps."""
        chosen, held = [False] * len(self._groups), [0] * len(self._totals)
        self._improve(order, chosen, held, penalty=0.0)
        by_size = sorted(order, key=self._size)
        for _ in range(MOST_PASSES):
            if not self._improve(by_size, chosen, held, EMPTY_SIDE):
                break
        return sum(self._cost(index, count, EMPTY_SIDE) for index, count in enumerate(held)), chosen

    def _improve(self, order: list[int], chosen: list[bool], held: list[int], penalty: float) -> bool:
        """Move every group to the other side whose move lowers the cost; whether there was one."""
        moved = False
        for group in order:
            sign = -1 if chosen[group] else 1
            change = sum(
                self._cost(index, held[index] + sign * count, penalty) - self._cost(index, held[index], penalty)
                for index, count in self._groups[group]
            )
            if change < -1e-12:
                moved, chosen[group] = True, not chosen[group]
                for index, count in self._groups[group]:
                    held[index] += sign * count
        return moved

    def _cost(self, index: int, held: int, penalty: float) -> float:
        total = self._totals[index]
        empty = held in (0, total) and self._spread[index] > 1
        return (held / total - self._share) ** 2 + (penalty if empty else 0.0)

    def _size(self, group: int) -> float:
        return max(count / self._totals[index] for index, count in self._groups[group])


def totals_by_side(counts: Counts, validation: np.ndarray) -> tuple[dict[Label, int], dict[Label, int]]:
    """Candidates of each class on the training and on the validation side."""
    chosen = set(validation.tolist())
    sides: tuple[dict[Label, int], dict[Label, int]] = (defaultdict(int), defaultdict(int))
    for (group, label), count in counts.items():
        sides[group in chosen][label] += count
    return dict(sides[0]), dict(sides[1])
