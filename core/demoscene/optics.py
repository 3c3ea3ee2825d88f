"""From the ground to the sensor: averages over pixels, blur of the optics, noise, whole numbers; and the speckle of a radar.

Sums are written out term by term, because numpy's reductions round differently with the shape of the array.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from scipy.special import gammaincinv, ndtri

from .noise import white

SCALE = 10000  # digital numbers per unit of reflectance
LOOKS = 4.4  # of the radar: Sentinel-1's ground range product
_STEPS = 4096  # of the tables that turn uniform numbers into other distributions


def binned(fine: np.ndarray, factor: int) -> np.ndarray:
    """Means over factor × factor pixels, (rows, cols) → (rows / factor, cols / factor)."""
    rows = sum((fine[k::factor] for k in range(1, factor)), fine[::factor])
    return sum((rows[:, k::factor] for k in range(1, factor)), rows[:, ::factor]) * np.float32(1 / factor**2)


def majority(classes: np.ndarray, factor: int) -> np.ndarray:
    """The class that covers most of each factor × factor pixels; of equals the lowest. Any uint8, (rows, cols)."""
    present = np.flatnonzero(np.bincount(classes.ravel(), minlength=256))
    shape = classes.shape[0] // factor, classes.shape[1] // factor
    best, label = np.zeros(shape, np.uint8), np.zeros(shape, np.uint8)
    for code in present:
        found = (classes == code).view(np.uint8)
        rows = sum((found[k::factor] for k in range(1, factor)), found[::factor])
        count = sum((rows[:, k::factor] for k in range(1, factor)), rows[:, ::factor])
        more = count > best
        np.copyto(best, count, where=more)
        np.copyto(label, np.uint8(code), where=more)
    return label


def blurred(image: np.ndarray, share: float) -> np.ndarray:
    """What the optics do: each pixel takes `share` from both neighbours, in rows and in columns. One pixel smaller on every side."""
    side, middle = np.float32(share), np.float32(1 - 2 * share)
    rows = image[1:-1] * middle + (image[:-2] + image[2:]) * side
    return rows[:, 1:-1] * middle + (rows[:, :-2] + rows[:, 2:]) * side


def digital(reflectance: np.ndarray, rows: np.ndarray, cols: np.ndarray, seed: int) -> np.ndarray:
    """Digital numbers (uint16, at least 1) with the noise of the detector, a constant part and one that grows with the light.

    `rows`, `cols`: whole numbers of the pixels (1-D), so that each has its own noise.
    """
    signal = np.maximum(reflectance, 0) * np.float32(SCALE)
    sigma = np.sqrt(np.float32(49) + np.float32(0.12) * signal)
    draws = _normal().take(white(rows, cols, seed) >> np.uint32(20))
    return np.clip(np.rint(signal + sigma * draws), 1, 65535).astype(np.uint16)


def speckled_decibels(power: np.ndarray, rows: np.ndarray, cols: np.ndarray, seed: int) -> np.ndarray:
    """Backscatter in dB (float32) of a linear power under multiplicative speckle: gamma distributed, of mean 1."""
    draws = _gamma().take(white(rows, cols, seed) >> np.uint32(20))
    return (10 * np.log10(np.maximum(power * draws, 1e-5))).astype(np.float32)


@cache
def _normal() -> np.ndarray:
    return ndtri((np.arange(_STEPS) + 0.5) / _STEPS).astype(np.float32)


@cache
def _gamma() -> np.ndarray:
    return (gammaincinv(LOOKS, (np.arange(_STEPS) + 0.5) / _STEPS) / LOOKS).astype(np.float32)
