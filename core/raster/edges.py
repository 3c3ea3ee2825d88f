"""What stands for the pixels outside an image: index arithmetic, one axis at a time."""

from __future__ import annotations

import numpy as np


def inside(start: int, length: int, size: int, edges: str) -> np.ndarray:
    """For each of `length` positions from `start`, the index within [0, size) whose value stands there.

    reflect mirrors about the centre of the edge pixel (…2 1 0 1 2…), as often as needed; every other rule repeats the edge
    pixel (and whoever wants zeros or no-data puts them there afterwards).
    """
    positions = np.arange(start, start + length)
    if edges != "reflect" or size == 1:
        return np.clip(positions, 0, size - 1)
    folded = positions % (2 * size - 2)
    return np.where(folded < size, folded, 2 * size - 2 - folded)


def outside(start: int, length: int, size: int) -> np.ndarray:
    """For each of `length` positions from `start`, whether it lies outside [0, size)."""
    positions = np.arange(start, start + length)
    outside_image: np.ndarray = (positions < 0) | (positions >= size)
    return outside_image
