"""Patches as another sensor, day or radar pass would have seen them: the same ground with other values. Never for the truth.

A network that has seen a class under one light only takes the light for the class. What is drawn here is what differs between two
acquisitions: gain and offset of each band (optical images), speckle (radar).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def jittered(sources: Sequence[np.ndarray], stds: Sequence[np.ndarray], strength: float, rng: np.random.Generator) -> list[np.ndarray]:
    """Every band of every sample with a gain and an offset of its own: v · (1 + s·a) + s·b·std, with a and b from N(0, 1).

    All pixels of a sample share them, so that the texture stays. Gain and offset are what light, haze and calibration change between two
    images (Schott, Salvaggio & Volchok 1988, *Radiometric scene normalization using pseudoinvariant features*); measured in standard
    deviations, the strength means the same for reflectances of 0 … 1 and of 0 … 10,000. Not for bands whose values are names or heights.

    Args:
        sources: (samples, rows, cols, bands) each, of any number type.
        stds: of each source, the standard deviation of each of its bands over all training patches (BandStatistics.std).
        strength: s; 0 leaves the values as they are, 0.05 is a clear difference between two dates, above 0.3 gains may turn negative.

    Returns:
        float32; what is NaN stays NaN, and changes nothing else.
    """
    return [_jittered(source, std, strength, rng) for source, std in zip(sources, stds, strict=True)]


def _jittered(source: np.ndarray, std: np.ndarray, strength: float, rng: np.random.Generator) -> np.ndarray:
    each = (len(source), 1, 1, source.shape[3])
    gains, offsets = 1 + strength * rng.standard_normal(each), strength * std * rng.standard_normal(each)
    result = source.astype(np.float32)  # a copy, in which 65,535 · 1.1 has room
    result *= gains.astype(np.float32)
    result += offsets.astype(np.float32)
    return result


def speckled(sources: Sequence[np.ndarray], looks: float, rng: np.random.Generator) -> list[np.ndarray]:
    """Every value times noise of its own: v · g, with g from Gamma(shape L, scale 1/L), of mean 1 and variance 1/L.

    The intensity of fully developed speckle averaged over L looks is so distributed around the backscatter (Goodman 1976, *Some
    fundamental properties of speckle*; Ulaby, Moore & Fung 1982, *Microwave Remote Sensing* II). For intensities, σ⁰ or γ⁰ on a linear
    scale: amplitudes are their roots, and in decibels the noise would add. An image has speckle already: if that is of L₀ looks, v · g
    has that of 1 / (1/L₀ + 1/L + 1/(L₀·L)), so an L well above L₀ is a light change.

    Args:
        sources: (samples, rows, cols, bands) each, of any number type. Bands get noise of their own.
        looks: L > 0, whole or not (the equivalent number of looks); the more, the weaker; infinity leaves the values as they are.

    Returns:
        float32; NaN stays NaN, 0 stays 0.
    """
    return [_speckled(source, looks, rng) for source in sources]


def _speckled(source: np.ndarray, looks: float, rng: np.random.Generator) -> np.ndarray:
    result = source.astype(np.float32)
    if np.isfinite(looks):
        noise = rng.standard_gamma(looks, source.shape, np.float32)
        noise /= np.float32(looks)
        result *= noise
    return result
