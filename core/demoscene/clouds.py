"""Clouds and their shadows, which a cloud mask has turned into no-data; thin edges remain, as they do."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .noise import Frame, coarsely, noise

SHADOW = (-210.0, -330.0)  # metres east and south from a cloud to its shadow: the morning sun stands in the south-east
MASKED_CLOUD, MASKED_SHADOW = 0.3, 0.45  # opacity and darkness from which a pixel is masked
_BRIGHTNESS = 0.62  # reflectance of a thick cloud


@dataclass(frozen=True)
class Sky:
    """The clouds of one date: a single one in a place (x, y and radius in metres), and scattered ones, the more the larger `cover`."""

    seed: int
    place: tuple[float, float, float]
    cover: float = -9.0

    def opacity(self, frame: Frame) -> np.ndarray:
        """How much of the ground is hidden, 0 to 1."""
        return np.clip(coarsely(frame, 20.0, self._thickness), 0, 1)

    def _thickness(self, frame: Frame) -> np.ndarray:
        x, y, radius = self.place
        distance = np.sqrt((frame.linear(1, 0) - np.float32(x)) ** 2 + (frame.linear(0, 1) - np.float32(y)) ** 2)
        puffs = noise(frame, max(radius * 0.6, 30), self.seed + 1) * 0.28 + noise(frame, max(radius * 0.2, 20), self.seed + 2) * 0.1
        single = (1 - distance / np.float32(radius)) + puffs * (distance < 2 * radius)
        field = noise(frame, 1500, self.seed + 3) + 0.55 * noise(frame, 430, self.seed + 4) + 0.18 * noise(frame, 130, self.seed + 5)
        return np.maximum(single * 1.6, (field + np.float32(self.cover)) * 1.5)


@dataclass(frozen=True)
class Haze:
    """What clouds do to the pixels of a frame; arrays (rows, cols): `veil` and `shade` from 0 to 1, `masked` bool."""

    veil: np.ndarray
    shade: np.ndarray
    masked: np.ndarray

    def over(self, reflectance: np.ndarray) -> np.ndarray:
        """The reflectance as seen through thin cloud and in thin shadow."""
        return reflectance * (1 - np.float32(0.6) * self.shade) * (1 - self.veil) + np.float32(_BRIGHTNESS) * self.veil


def haze(sky: Sky, frame: Frame) -> Haze:
    """The clouds over the points of a frame, and the shadows of those beside it."""
    veil, shade = sky.opacity(frame), sky.opacity(frame.moved(-SHADOW[0], -SHADOW[1]))
    return Haze(veil, shade, (veil > MASKED_CLOUD) | (shade > MASKED_SHADOW))
