"""What a coarser sensor would have seen: the protocol of Wald, Ranchin & Mangolini (1997), by which an image becomes its own truth.

The sensor blurs as a Gaussian whose modulation transfer (MTF) at the coarse grid's Nyquist frequency is given, usually 0.2 to 0.35 (Aiazzi
et al., *MTF-tailored multiscale fusion*, 2006). With a factor f, and frequencies in cycles a fine pixel::

    MTF(ν) = exp(−2 π² σ² ν²),   ν = 1 / (2 f)   ⇒   σ = f / π · √(−2 ln MTF)  fine pixels

and it samples at the centres of its own pixels, which for an even factor lie between fine ones: the weights are taken there, so that
nothing moves. Blur and sampling are one matrix along each axis.
"""

from __future__ import annotations

from functools import lru_cache
from math import ceil, log, pi, sqrt

import numpy as np

REACH = 3.0  # standard deviations; beyond lies 0.3 %


def sigma(factor: int, mtf: float) -> float:
    """Standard deviation of the blur, in fine pixels. `mtf`: above 0 and below 1."""
    return factor / pi * sqrt(-2 * log(mtf))


def rim(factor: int, mtf: float) -> int:
    """Coarse pixels at every edge whose blur reaches over it: these are left out."""
    return max(ceil((REACH * sigma(factor, mtf) - factor / 2) / factor), 0)


@lru_cache(16)
def sensor(length: int, factor: int, mtf: float) -> np.ndarray:
    """The weights (coarse pixels, `length` fine ones) along one axis; coarse pixels whose blur is not whole have none, and are left out."""
    edge, blur = rim(factor, mtf), sigma(factor, mtf)
    centres = (np.arange(edge, length // factor - edge) + 0.5) * factor
    distances = np.arange(length) + 0.5 - centres[:, np.newaxis]
    reach = (edge + 0.5) * factor
    weights = np.where(np.abs(distances) < reach, np.exp(-0.5 * (distances / blur) ** 2), 0.0)
    normalized: np.ndarray = weights / weights.sum(axis=1, keepdims=True)
    return normalized


def degraded(fine: np.ndarray, factor: int, mtf: float) -> np.ndarray:
    """(samples, rows, cols, bands) as the coarser sensor sees them, float32, without the `rim` on every side."""
    down, across = sensor(fine.shape[1], factor, mtf), sensor(fine.shape[2], factor, mtf)
    samples, rows, cols, bands = fine.shape
    lower = np.matmul(down, fine.reshape(samples, rows, cols * bands).astype(np.float64)).reshape(samples, -1, cols, bands)
    coarse: np.ndarray = np.matmul(across, lower)
    return coarse.astype(np.float32)


def inner(fine: np.ndarray, factor: int, edge: int) -> np.ndarray:
    """The fine pixels under whole coarse ones, but for `edge` coarse ones at every side."""
    rows, cols = (length // factor for length in fine.shape[1:3])
    return fine[:, edge * factor : (rows - edge) * factor, edge * factor : (cols - edge) * factor]
