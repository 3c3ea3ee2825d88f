"""Roads from town to town, and the motorway."""

from __future__ import annotations

import numpy as np

from . import legend
from .canvas import Canvas
from .cells import Sites, box_of
from .geography import Geography
from .legend import ready_made
from .noise import hashed, unit

HALF_WIDTH = 8.0  # metres; roads are as wide as it takes to fill a 10 m pixel
MOTORWAY_HALF_WIDTH = 15.0
_LINKS = ((0, 1, 0.92), (1, 0, 0.92), (1, 1, 0.35))  # to which neighbour of the lattice, and how often

Segment = tuple[float, float, float, float]


def paint_roads(canvas: Canvas, geography: Geography) -> None:
    """Main roads (with verges) and the motorway (with a median), over everything else: they cross water on bridges."""
    distance = _to_segments(canvas.u, canvas.v, links(geography, box_of(canvas.u, canvas.v)))
    _paint_strip(canvas, distance, HALF_WIDTH, verge=4.0)
    canvas.paint(distance < 0.7, ready_made("yards", 5), land_class=legend.ROAD)  # the white line
    distance = geography.motorway(canvas.frame)
    if (distance < MOTORWAY_HALF_WIDTH + 10).any():
        _paint_strip(canvas, distance, MOTORWAY_HALF_WIDTH, verge=9.0)
        canvas.paint(distance < 1.6, ready_made("rough grassland", 4), land_class=legend.ROAD)


def _paint_strip(canvas: Canvas, distance: np.ndarray, half_width: float, verge: float) -> None:
    canvas.paint(
        (distance < half_width + verge) & (canvas.classes != legend.WATER) & (canvas.classes != legend.TOWN),
        ready_made("rough grassland", 2),
    )
    canvas.paint(distance < half_width, ready_made("asphalt", 4), land_class=legend.ROAD)


def links(geography: Geography, box: tuple[float, float, float, float]) -> list[Segment]:
    """Straight pieces (x0, y0, x1, y1) of the bent plane that join neighbouring towns in and around the box."""
    towns, _ = geography.towns(box)
    rows = len(towns) // towns.columns
    segments = []
    for row in range(rows):
        for col in range(towns.columns):
            segments += _links_of(towns, row, col, rows)
    return segments


def _links_of(towns: Sites, row: int, col: int, rows: int) -> list[Segment]:
    here = row * towns.columns + col
    segments = []
    for number, (down, right, often) in enumerate(_LINKS):
        if row + down < rows and col + right < towns.columns and unit(hashed(towns.key[here], 5, number))[0] < often:
            there = (row + down) * towns.columns + col + right
            segments.append((float(towns.x[here]), float(towns.y[here]), float(towns.x[there]), float(towns.y[there])))
    return segments


def _to_segments(u: np.ndarray, v: np.ndarray, segments: list[Segment], reach: float = 60.0) -> np.ndarray:
    """Distance of every point to the nearest segment; at least `reach` where none is near (those are skipped)."""
    xmin, ymin, xmax, ymax = box_of(u, v)
    middle = np.float64((xmin + xmax) / 2), np.float64((ymin + ymax) / 2)
    radius = float(np.hypot(xmax - xmin, ymax - ymin)) / 2
    nearest = np.full(u.shape, np.float32(reach))
    for segment in segments:
        if _to_segment(middle[0], middle[1], segment) < radius + reach:
            np.minimum(nearest, _to_segment(u, v, segment), out=nearest)
    return nearest


def _to_segment(u: np.ndarray, v: np.ndarray, segment: Segment) -> np.ndarray:
    x0, y0, x1, y1 = segment
    dx, dy = x1 - x0, y1 - y0
    length = max(dx * dx + dy * dy, 1.0)
    share = np.clip((u - x0) * (dx / length) + (v - y0) * (dy / length), 0, 1)
    off_x, off_y = u - x0 - share * dx, v - y0 - share * dy
    return np.sqrt(off_x * off_x + off_y * off_y)
