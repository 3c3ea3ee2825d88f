"""Forests, rivers and lakes."""

from __future__ import annotations

import numpy as np

from . import legend
from .canvas import Canvas
from .geography import Geography
from .legend import ready_made
from .noise import Frame, coarsely, noise


def paint_forest(canvas: Canvas, geography: Geography, built: np.ndarray) -> None:
    """Large forests with ragged edges, of stands of broadleaves and conifers; away from settlements (`built`, see Geography)."""
    wood = geography.ragged_woodland(canvas.frame) - np.maximum(built + 0.35, 0) * 1.5
    inside = wood > 0
    if inside.any():
        canvas.paint(inside, _stands(canvas.frame, geography.seed), land_class=legend.FOREST, height=14.0)


def _stands(frame: Frame, seed: int) -> np.ndarray:
    """Ready-made surfaces: which trees grow where, and how bright the stand is."""
    conifers = coarsely(frame, 10.0, lambda f: noise(f, 520, seed + 70) + 0.35 * noise(f, 90, seed + 71)) > 0.45
    brightness = coarsely(frame, 10.0, lambda f: noise(f, 230, seed + 72) + 0.6 * noise(f, 45, seed + 73))
    tone = np.clip((brightness * 1.6 + legend.TONES / 2).astype(np.int32), 0, legend.TONES - 1)
    return np.where(conifers, np.int32(ready_made("conifers")), np.int32(ready_made("broadleaves"))) + tone


def paint_water(canvas: Canvas, geography: Geography) -> None:
    """Rivers and lakes, with wet banks and the broken line of trees that follows a river."""
    distance, half_width = geography.river(canvas.frame)
    lakes = geography.lakes(canvas.frame)
    bank = distance - half_width
    canvas.paint((bank < 9) | (lakes > -0.12), ready_made("banks", 3), land_class=legend.MEADOW)
    if (bank < 45).any():
        broken = coarsely(canvas.frame, 10.0, lambda f: noise(f, 230, geography.seed + 80) + 0.5 * noise(f, 50, geography.seed + 81))
        trees = (bank > 2) & (bank < 6 + 11 * broken)
        canvas.paint(trees, ready_made("broadleaves", 5), land_class=legend.FOREST, height=13.0)
    canvas.paint(bank < 0, ready_made("silty water", 2), land_class=legend.WATER)
    canvas.paint(lakes > 0, ready_made("clear water", 2), land_class=legend.WATER)
