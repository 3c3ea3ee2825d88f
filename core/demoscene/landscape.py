"""The landscape, layer over layer: fields, forest, water, settlements, roads; and then light and shadow."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from . import legend
from .canvas import Canvas
from .farmland import paint_farmland
from .geography import Geography
from .nature import paint_forest, paint_water
from .noise import Frame, noise
from .roads import paint_roads
from .spectra import Surfaces
from .town import paint_town

SUN = (1, 1)  # steps (rows, cols) on the 2.5 m grid towards the sun, in the south-east
RISE = 3.4  # metres that a sun ray climbs in one such step: 44 degrees


@dataclass(frozen=True)
class Ground:
    """The ground under a frame: `classes` (uint8), `surface` (int32, a place in `surfaces`) and `light` (float32, about 1)."""

    classes: np.ndarray
    surface: np.ndarray
    light: np.ndarray
    surfaces: Surfaces


def ground(frame: Frame, geography: Geography) -> Ground:
    """All layers at the points of a frame. The light is meant for points 2.5 m apart, and lacks shadows that come from beyond the frame."""
    canvas = Canvas.blank(frame, *geography.bent(frame))
    town = geography.town(frame)
    fields, lanes = paint_farmland(canvas, geography)
    paint_forest(canvas, geography, town)
    paint_water(canvas, geography)
    paint_town(canvas, geography.seed, town, geography.hamlet(frame), lanes)
    paint_roads(canvas, geography)
    _grow_crowns(canvas, geography.seed)
    return Ground(canvas.classes, canvas.surface, _light(canvas, geography), legend.ready_made_surfaces(geography.seed).then(fields))


def _grow_crowns(canvas: Canvas, seed: int) -> None:
    """Trees are no plateau: everything over 10 m that is forest gets crowns, and dark gaps between them."""
    tall = (canvas.height > 10) & (canvas.classes == legend.FOREST)
    if tall.any():
        crowns = noise(canvas.frame, 7.0, seed + 300) * 2.2 + noise(canvas.frame, 17.0, seed + 301) * 1.6
        np.copyto(canvas.height, np.maximum(canvas.height + crowns, 2), where=tall)
        np.copyto(canvas.shade, 1 + 0.035 * crowns, where=tall)


def _light(canvas: Canvas, geography: Geography) -> np.ndarray:
    """Brightness by texture, slope of the ground, slope of crowns, and cast shadows."""
    height = canvas.height
    rise = height - _towards_sun(height, 1)
    light = canvas.shade * geography.sunlight(canvas.frame)
    light *= 1 + np.clip(rise, -4, 4) * np.where(canvas.classes == legend.FOREST, np.float32(0.05), np.float32(0))
    shadow = np.zeros(height.shape, bool)
    for steps in range(1, 5):
        shadow |= _towards_sun(height, steps) > height + np.float32(RISE * steps)
    return light * np.where(shadow, np.float32(0.5), np.float32(1))


def _towards_sun(height: np.ndarray, steps: int) -> np.ndarray:
    """The height that lies so many steps towards the sun; 0 beyond the frame."""
    seen = np.zeros_like(height)
    seen[: -steps * SUN[0], : -steps * SUN[1]] = height[steps * SUN[0] :, steps * SUN[1] :]
    return seen
