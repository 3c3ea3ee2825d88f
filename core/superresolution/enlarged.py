"""Whether fine pixels are fine: images are often enlarged before they come here (20 m bands stacked with 10 m ones, a multispectral image
resampled for pansharpening). Of such pixels a network learns to draw squares, and its figures on others of them are excellent.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

FACTORS = (2, 3, 4, 5, 6, 10)  # by which bands of one sensor differ in size
LEAST = 3  # squares along each side of a patch that must be seen
ENOUGH = 0.9  # of the patches in which anything varies


def enlarged(patches: Sequence[np.ndarray]) -> list[int]:
    """By how many times each band of patches (rows, cols, bands) was enlarged by nearest neighbours; 1: it was not, or nothing varies."""
    found = []
    for band in range(patches[0].shape[-1]):
        planes = [patch[..., band] for patch in patches if np.ptp(patch[..., band]) > 0]
        found.append(next((factor for factor in FACTORS[::-1] if planes and _share(planes, factor) >= ENOUGH), 1))
    return found


def _share(planes: Sequence[np.ndarray], factor: int) -> float:
    return float(np.mean([_in_squares(plane, factor) for plane in planes]))


def _in_squares(plane: np.ndarray, factor: int) -> bool:
    """Whether values change along lines of a grid of that width alone, wherever the patch was cut out of it."""
    changing = [(np.diff(plane, axis=axis) != 0).any(axis=1 - axis) for axis in (0, 1)]
    return min(plane.shape) >= LEAST * factor and all(_on_a_grid(np.flatnonzero(lines), factor) for lines in changing)


def _on_a_grid(places: np.ndarray, factor: int) -> bool:
    return len(np.unique(places % factor)) <= 1
