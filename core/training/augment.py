"""Turned and mirrored patches: seen from above, a field is as likely in any of its eight poses."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def pose(patches: np.ndarray, turns: int, mirrored: bool) -> np.ndarray:
    """(patches, rows, cols, bands) mirrored left to right if so, then turned by quarter turns."""
    flipped = patches[:, :, ::-1] if mirrored else patches
    return np.rot90(flipped, turns, axes=(1, 2))


def augmented(sources: Sequence[np.ndarray], rng: np.random.Generator) -> list[np.ndarray]:
    """Every sample in one random pose out of eight (four where a source's patches are not square), the same for all of its sources."""
    square = all(source.shape[1] == source.shape[2] for source in sources)
    turns = rng.integers(4, size=len(sources[0])) if square else 2 * rng.integers(2, size=len(sources[0]))
    mirrored = rng.random(len(sources[0])) < 0.5
    results = [np.empty_like(source) for source in sources]
    for turn in range(4):
        for mirror in (False, True):
            chosen = (turns == turn) & (mirrored == mirror)
            if not chosen.any():
                continue  # an odd turn of a patch that is not square, among others: it would not fit
            for source, result in zip(sources, results, strict=True):
                result[chosen] = pose(source[chosen], turn, mirror)
    return results
