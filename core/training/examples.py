"""Picks patches that the model got right and wrong, and makes pictures of them for the report."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..classes import LandClass
from .figures import Example
from .prepare import Data

MOST = 24  # of each kind
PERCENTILES = (2, 98)
_COLOURS = (("b04", "b4", "red"), ("b03", "b3", "green"), ("b02", "b2", "blue"))  # Sentinel-2's bands, and plain words


def examples(
    data: Data, predictions: np.ndarray, classes: Sequence[LandClass], bands: Sequence[str]
) -> tuple[list[Example], list[Example]]:
    """Right ones and wrong ones, spread evenly over the reference classes; of the first source, in its natural colours if its bands
    tell, stretched together so that the patches can be compared."""
    right, wrong = predictions == data.targets, predictions != data.targets
    chosen = [spread(data.targets, mask, MOST) for mask in (right, wrong)]
    patches = [data.feed.read(int(index), int(index) + 1)[0][0] for indices in chosen for index in indices]
    pictures = iter(_stretched(patches, colour_bands(bands, patches[0].shape[-1])) if patches else [])
    names = [c.name for c in classes]
    results = [[Example(next(pictures), names[data.targets[i]], names[predictions[i]]) for i in indices] for indices in chosen]
    return results[0], results[1]


def spread(targets: np.ndarray, mask: np.ndarray, most: int) -> list[int]:
    """Up to `most` indices where the mask is set: as many from every class, and within a class evenly from its first to its last."""
    classes = np.unique(targets[mask])
    each, picked = max(1, most // max(len(classes), 1)), []
    for target in classes:
        candidates = np.flatnonzero(mask & (targets == target))
        picked += [int(index) for index in candidates[np.unique(np.linspace(0, len(candidates) - 1, each).astype(int))]]
    return picked[:most]


def colour_bands(names: Sequence[str], count: int) -> tuple[int, int, int]:
    """Positions of the bands to show as red, green and blue: by their names; else 3, 2, 1 as most sensors order them; else the first."""
    lowered = [name.lower() for name in names]
    found = [next((i for i, name in enumerate(lowered) if any(word in name for word in words)), None) for words in _COLOURS]
    red, green, blue = found
    if red is not None and green is not None and blue is not None:
        return red, green, blue
    return (2, 1, 0) if count >= 3 else (0, 0, 0)


def _stretched(patches: Sequence[np.ndarray], bands: tuple[int, int, int]) -> list[np.ndarray]:
    pixels = np.stack([patch[:, :, list(bands)].astype(np.float64) for patch in patches])
    low, high = np.percentile(pixels, PERCENTILES, axis=(0, 1, 2))
    return list(np.clip((pixels - low) / np.maximum(high - low, 1e-12), 0, 1))
