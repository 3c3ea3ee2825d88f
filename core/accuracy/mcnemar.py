"""Whether one of two maps is right more often than the other, or only by chance, on the same samples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from scipy.stats import binomtest, chi2

FEW = 25  # samples on which the maps disagree, below which χ² is no good stand-in for the binomial distribution
SIGNIFICANT = 0.05  # the level


@dataclass(frozen=True)
class McNemar:
    """The test of Q. McNemar (1947), as G. M. Foody uses it for maps ("Thematic map comparison: evaluating the statistical significance of
    differences in classification accuracy", Photogrammetric Engineering & Remote Sensing 70, 2004): it looks only at samples that one of
    the maps has right and the other wrong.

    Attributes:
        both, neither: samples that both maps have right, and wrong.
        first, second: samples that only this map has right.
        statistic: χ² with continuity correction; None where the exact binomial test was taken for few samples.
        p: probability of so large a difference, or a larger one, if the maps were equally good.
    """

    both: int
    first: int
    second: int
    neither: int
    statistic: float | None
    p: float


def mcnemar(both: int, first: int, second: int, neither: int) -> McNemar:
    """The test on the counts of its table."""
    differing = first + second
    if differing < FEW:
        p = float(binomtest(first, differing).pvalue) if differing else 1.0
        return McNemar(both, first, second, neither, None, p)
    statistic = max(abs(first - second) - 1, 0) ** 2 / differing
    return McNemar(both, first, second, neither, statistic, float(chi2.sf(statistic, 1)))


def holm(probabilities: Sequence[float]) -> list[float]:
    """The probabilities of several tests, corrected so that one of them all is below 5 % by chance alone in 5 % of the cases at most.

    S. Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6 (1979): the smallest of m is
    multiplied by m, the next by m − 1, and so on; none gets smaller than the one before, none larger than 1. A single one stays as it is.
    """
    corrected, highest = [0.0] * len(probabilities), 0.0
    for rank, place in enumerate(sorted(range(len(probabilities)), key=lambda i: probabilities[i])):
        highest = max(highest, min(1.0, (len(probabilities) - rank) * probabilities[place]))
        corrected[place] = highest
    return corrected
