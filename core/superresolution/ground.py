"""On which ground patches lie: of what validates, nothing should be learnt from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from ..sampling import sidecar

TOUCHING = 1e-6  # of a patch: so little do patches that lie side by side share, by rounding


@dataclass(frozen=True)
class Ground:
    """Of patches of one size: their places (patches, 2) and that size (across, down), in units of the map."""

    crs: str
    places: np.ndarray
    size: np.ndarray

    def part(self, start: int, stop: int) -> Ground:
        """That of patches start … stop − 1."""
        return Ground(self.crs, self.places[start:stop], self.size)


def ground_of(images: Sequence[str]) -> Ground | None:
    """That of the patches of several patch images, one after the other; None where it is not known of all of them in one CRS."""
    beside = [sidecar.read(image) for image in images]
    told = [one for one in beside if one is not None and one.crs and len(one.positions) == one.count]
    if len(told) < len(images) or len({one.crs for one in told}) > 1:
        return None
    sizes = [np.abs(one.spacing) * (one.width, one.height) for one in told]
    return Ground(told[0].crs, np.concatenate([np.array(one.positions, float) for one in told]), np.max(sizes, axis=0))


def shared(patches: Ground | None, others: Ground | None) -> np.ndarray:
    """Which patches show ground of some of the others; none where it is not known."""
    if patches is None or others is None or patches.crs != others.crs or not len(others.places):
        return np.zeros(0 if patches is None else len(patches.places), bool)
    size = (patches.size + others.size) / 2
    distances, _ = cKDTree(others.places / size).query(patches.places / size, p=np.inf)
    near: np.ndarray = distances < 1 - TOUCHING
    return near
