"""Accuracies and areas as good practice has them: weighted by how much of the map each class covers, with 95 % confidence intervals.

A sample's worth is the share of the map that it stands for. Counting samples alone, a rare class that was sampled densely counts as much
as half a country. The map's classes are the strata; n_ij samples of stratum i (of n_i) turned out to be class j, and W_i is the stratum's
share of the map's area::

    p_ij = W_i · n_ij / n_i                                                                (equation 4)
    overall O = Σ p_jj     user's U_i = p_ii / p_i·     producer's P_j = p_jj / p_·j       (1–3)
    area share of class j = p_·j                                                           (9)

with the variances of equations 5, 6, 7 and 10 of P. Olofsson, G. M. Foody, M. Herold, S. V. Stehman, C. E. Woodcock and M. A. Wulder, "Good
practices for estimating area and assessing accuracy of land change", Remote Sensing of Environment 148 (2014). They hold for samples drawn
at random within the strata, and nearly so for a simple random or systematic sample of the map.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isnan, sqrt

import numpy as np

Z = 1.96  # of the 95 % interval, as the paper rounds it


@dataclass(frozen=True)
class Estimate:
    """A value with its standard error; None where the samples do not tell (one in a stratum)."""

    value: float
    error: float | None

    @property
    def half_width(self) -> float | None:
        """Of the 95 % confidence interval."""
        return None if self.error is None else Z * self.error

    def __str__(self) -> str:
        width = "?" if self.half_width is None else f"{self.half_width:.3f}"
        return f"{self.value:.3f} ± {width}"


@dataclass(frozen=True)
class ClassEstimates:
    """Of one class: `users` and `producers` accuracy, None where they have no meaning, and `share` of the area in the reference."""

    users: Estimate | None
    producers: Estimate | None
    share: Estimate


@dataclass(frozen=True)
class Stratified:
    """Of a map.

    Attributes:
        overall: share of the area that is mapped right.
        classes: in the order given.
        proportions: p_ij, rows are the map, columns the reference; all add up to 1.
        left_out: indexes of classes that the map has, but no sample: the estimates hold for the rest of the map.
        alone: indexes of classes with a single sample in the map's class: no variance can be told from it.
    """

    overall: Estimate
    classes: tuple[ClassEstimates, ...]
    proportions: np.ndarray
    left_out: tuple[int, ...]
    alone: tuple[int, ...]


def stratified(counts: np.ndarray, sizes: np.ndarray) -> Stratified:
    """The estimates from an error matrix of one sample at least.

    Args:
        counts: (classes, classes) samples; rows are the map (the strata), columns the reference.
        sizes: (classes,) of the strata, in whatever unit; 0 for a class that only the reference has.
    """
    samples = counts.sum(axis=1)
    sampled = (samples > 0) & (sizes > 0)
    weights = np.where(sampled, sizes, 0.0) / sizes[sampled].sum()
    rates = counts / np.maximum(samples, 1)[:, np.newaxis]
    freedom = np.where(samples > 1, samples - 1.0, np.nan)[:, np.newaxis]
    variances = np.where(sampled[:, np.newaxis], rates * (1 - rates) / freedom, 0.0)  # of each rate within its stratum
    weighted = weights[:, np.newaxis] ** 2 * variances
    proportions = weights[:, np.newaxis] * rates
    left_out = (sizes > 0) & ~sampled
    return Stratified(
        _estimate(np.trace(proportions), np.trace(weighted)),
        tuple(_of_class(j, sampled[j], left_out[j], rates, variances, proportions, weighted) for j in range(len(counts))),
        proportions,
        tuple(np.flatnonzero(left_out).tolist()),
        tuple(np.flatnonzero(sampled & (samples == 1)).tolist()),
    )


def _of_class(
    j: int, sampled: bool, left_out: bool, rates: np.ndarray, variances: np.ndarray, proportions: np.ndarray, weighted: np.ndarray
) -> ClassEstimates:
    share, spread = proportions[:, j].sum(), weighted[:, j].sum()
    users = _estimate(rates[j, j], variances[j, j]) if sampled else None
    if left_out or share == 0:
        return ClassEstimates(users, None, _estimate(share, spread))
    rate, own = proportions[j, j] / share, weighted[j, j]
    variance = ((1 - rate) ** 2 * own + rate**2 * (spread - own)) / share**2
    return ClassEstimates(users, _estimate(rate, variance), _estimate(share, spread))


def _estimate(value: float, variance: float) -> Estimate:
    return Estimate(float(value), None if isnan(variance) else sqrt(max(variance, 0.0)))
