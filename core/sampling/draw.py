"""Which of a stream of candidates become samples: exact counts, in one pass, in memory that does not grow with the stream."""

from __future__ import annotations

from typing import Protocol

import numpy as np

BLOCK = 1 << 16  # candidates that are decided at once; part of what a seed means, so never change it
LARGEST_HYPERGEOMETRIC = 10**9  # numpy's limit


class Draw(Protocol):
    """A draw from a stream of candidates whose number is known."""

    def take(self, count: int) -> np.ndarray:
        """Which of the next `count` candidates are samples: ascending positions in [0, count)."""


def make_draw(sampler: str, total: int, required: int, rng: np.random.Generator) -> Draw:
    """The draw of `required` from `total` candidates that the sampler ("random" or "periodic") makes."""
    if required > total:
        raise ValueError(f"{required} samples of {total} candidates")
    return RandomDraw(total, required, rng) if sampler == "random" else PeriodicDraw(total, required)


class RandomDraw:
    """A simple random sample without replacement: every subset of `required` candidates is equally likely.

    How many fall into the next block of the stream is hypergeometric, given what is left; which of them, a draw within the
    block. The blocks are counted along the stream, so the outcome does not depend on the portions in which it is taken.
    """

    def __init__(self, total: int, required: int, rng: np.random.Generator) -> None:
        self._total, self._required, self._rng = total, required, rng  # of what is not decided yet
        self._decided = self._position = 0  # candidates decided, candidates handed out
        self._pending = np.empty(0, np.int64)  # samples decided but not handed out, as positions in the whole stream

    def take(self, count: int) -> np.ndarray:
        """See Draw."""
        end = self._position + count
        blocks = [self._pending]
        while self._decided < end and self._total:
            blocks.append(self._decide())
        pending = np.concatenate(blocks)
        inside = int(np.searchsorted(pending, end))
        taken = pending[:inside] - self._position
        self._pending, self._position = pending[inside:], end
        return taken

    def _decide(self) -> np.ndarray:
        size = min(BLOCK, self._total)
        hits = self._hits(size)
        chosen = np.sort(self._rng.choice(size, hits, replace=False, shuffle=False)) + self._decided
        self._total, self._required, self._decided = self._total - size, self._required - hits, self._decided + size
        return chosen

    def _hits(self, size: int) -> int:
        others = self._total - self._required
        if max(self._required, others) < LARGEST_HYPERGEOMETRIC:
            return int(self._rng.hypergeometric(self._required, others, size))
        # A block is so small a part of the stream that putting candidates back changes nothing one could measure; the count
        # stays exact, since what is left is drawn from the rest.
        hits = int(self._rng.binomial(size, self._required / self._total))
        return min(max(hits, size - others), self._required)


class PeriodicDraw:
    """Every (total ÷ required)-th candidate, from the middle of the first period on: evenly spread along the order of the truth.

    The i-th sample is candidate floor((i + 1/2) · total ÷ required); exact integers.
    """

    def __init__(self, total: int, required: int) -> None:
        self._total, self._required, self._position = total, required, 0

    def take(self, count: int) -> np.ndarray:
        """See Draw."""
        start, self._position = self._position, self._position + count
        first, last = self._samples_before(start), self._samples_before(self._position)
        return np.array([(2 * i + 1) * self._total // (2 * self._required) - start for i in range(first, last)], np.int64)

    def _samples_before(self, position: int) -> int:
        """How many samples are candidates before `position`: the least i with (2i + 1)·total ≥ 2·required·position."""
        if self._required == 0:
            return 0
        return min(max(-((self._total - 2 * self._required * position) // (2 * self._total)), 0), self._required)
