"""The scale of the bands that a network works in: median 0 and spread 1, robust, and stored inside the network.

SR4RS multiplies all bands by 1e-4, which leaves dark bands with weights of almost nothing. Mean and standard deviation would follow a few
clouds; the median and the distance between the quartiles do not. Losses are counted in this scale, so that all bands weigh alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .networks.parts import scaling_layers

NORMAL = 1.349  # quartiles of a normal distribution are so many standard deviations apart


@dataclass(frozen=True)
class Scale:
    """Of each band: the value that becomes 0, and the difference that becomes 1; in pixel values."""

    centre: np.ndarray
    spread: np.ndarray


def robust_scale(pixels: np.ndarray) -> Scale:
    """That of pixels (…, bands). Where more than half of them are equal the quartiles say nothing: then the standard deviation counts, and
    1 where a band is constant."""
    flat = pixels.reshape(-1, pixels.shape[-1]).astype(np.float64)
    low, centre, high = np.percentile(flat, (25, 50, 75), axis=0)
    quartiles, deviation = (high - low) / NORMAL, flat.std(axis=0)
    spread = np.where(quartiles > 0, quartiles, np.where(deviation > 0, deviation, 1.0))
    return Scale(centre, spread)


def give_scale(network: Any, scale: Scale, guide: Scale | None = None) -> None:
    """Store it in the network, at its input and at its outputs; and that of the guide's bands at the second input, if there is one."""
    layers, second = scaling_layers(network)
    for layer in layers:
        _give(layer, scale)
    if second is not None and guide is not None:
        _give(second, guide)


def _give(layer: Any, scale: Scale) -> None:
    layer.adapt_mean.assign(scale.centre)
    layer.adapt_variance.assign(scale.spread**2)
    layer.finalize_state()
