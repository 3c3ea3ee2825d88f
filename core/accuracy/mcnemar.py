"""Whether one of two maps is right more often than the other, or only by chance, on the same samples."""

from __future__ import annotations

from dataclasses import dataclass

from scipy.stats import binomtest, chi2

FEW = 25  # samples on which the maps disagree, below which χ² is no good stand-in for the binomial distribution
SIGNIFICANT = 0.05


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

    @property
    def significant(self) -> bool:
        """At the level of 5 %."""
        return self.p < SIGNIFICANT


def mcnemar(both: int, first: int, second: int, neither: int) -> McNemar:
    """The test on the counts of its table."""
    differing = first + second
    if differing < FEW:
        p = float(binomtest(first, differing).pvalue) if differing else 1.0
        return McNemar(both, first, second, neither, None, p)
    statistic = max(abs(first - second) - 1, 0) ** 2 / differing
    return McNemar(both, first, second, neither, statistic, float(chi2.sf(statistic, 1)))
