"""Which of a stream of candidates become samples: exact counts, in one pass, in memory that does not grow with the stream."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Protocol

import numpy as np

from ..jobs import Sampling

BLOCK = 1 << 16  # candidates that are decided at once; part of what a seed means, so never change it
LARGEST_HYPERGEOMETRIC = 10**9  # numpy's limit


class Draw(Protocol):
    """A draw from a stream of candidates whose number is known."""

    def take(self, count: int) -> np.ndarray:
        """Which of the next `count` candidates are samples: ascending positions in [0, count)."""


def make_draw(sampling: Sampling, total: int, required: int, rng: np.random.Generator) -> Draw:
    """The draw of `required` from `total` candidates that the sampler makes."""
    if required > total:
        raise ValueError(f"{required} samples of {total} candidates")
    if sampling.sampler == "random":
        return RandomDraw(total, required, rng)
    return PeriodicDraw(total, required, rng, sampling.jitter)


class _Blockwise(ABC):
    """Decides block after block, counted along the stream, so that the outcome does not depend on the portions in which it is taken."""

    def __init__(self) -> None:
        self._position = 0  # candidates handed out
        self._decided = 0  # candidates decided; no later sample lies before it
        self._pending = np.empty(0, np.int64)  # samples decided but not handed out, as positions in the whole stream

    def take(self, count: int) -> np.ndarray:
        """See Draw."""
        end = self._position + count
        blocks = [self._pending]
        while self._decided < end and self._more():
            blocks.append(self._decide())
        pending = np.concatenate(blocks)
        inside = int(np.searchsorted(pending, end))
        taken = pending[:inside] - self._position
        self._pending, self._position = pending[inside:], end
        return taken

    @abstractmethod
    def _more(self) -> bool:
        """Whether anything is left to decide."""

    @abstractmethod
    def _decide(self) -> np.ndarray:
        """The samples of the next block, as ascending positions in the whole stream; moves `_decided` on."""


class RandomDraw(_Blockwise):
    """A simple random sample without replacement: every subset of `required` candidates is equally likely.

    How many fall into the next block of the stream is hypergeometric, given what is left; which of them, a draw within the block.
    """

    def __init__(self, total: int, required: int, rng: np.random.Generator) -> None:
        super().__init__()
        self._total, self._required, self._rng = total, required, rng  # of what is not decided yet

    def _more(self) -> bool:
        return self._total > 0

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


class PeriodicDraw(_Blockwise):
    """Every (total ÷ required)-th candidate, from the middle of the first period on: evenly spread along the order of the truth.

    The i-th sample is candidate floor((i + 1/2) · total ÷ required), in exact integers; with jitter, up to so many candidates to
    either side of it, at random, but never out of its period [ceil(i · total ÷ required), ceil((i + 1) · total ÷ required)).
    """

    def __init__(self, total: int, required: int, rng: np.random.Generator, jitter: int = 0) -> None:
        super().__init__()
        self._total, self._required, self._rng, self._jitter = total, required, rng, jitter
        self._number = 0  # of the next sample

    def _more(self) -> bool:
        return self._number < self._required

    def _decide(self) -> np.ndarray:
        last = min(self._number + BLOCK, self._required)
        # Python's integers where 64 bits would overflow: slower, but only for streams of thousands of millions.
        kind = np.int64 if 2 * self._total * self._required < 1 << 62 else object
        numbers = np.arange(self._number, last).astype(kind)
        chosen = ((2 * numbers + 1) * self._total // (2 * self._required)).astype(np.int64)
        if self._jitter:
            starts, ends = (-(-edge * self._total // self._required) for edge in (numbers, numbers + 1))
            moved = chosen + self._rng.integers(-self._jitter, self._jitter, chosen.size, endpoint=True)
            chosen = np.clip(moved, starts.astype(np.int64), ends.astype(np.int64) - 1)
        self._number, self._decided = last, -(-last * self._total // self._required)
        return chosen
