"""Which pixels a geometry covers: polygons by their pixels' centres, lines by touch, points by the pixel that holds them."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil, floor, isfinite

import numpy as np
from rasterio.features import is_valid_geom, rasterize

from ..raster.grid import Grid, Window
from ..reprojection import Geometry, positions_of

NOWHERE = Window(0, 0, 0, 0)


def pixel_window(geometry: Geometry, grid: Grid) -> Window:
    """The smallest window of the grid that holds every pixel that the geometry may cover; empty if it lies outside."""
    places = np.array([position[:2] for position in positions_of(geometry)], np.float64).reshape(-1, 2)
    cols, rows = ~grid.transform @ (places[:, 0], places[:, 1])
    if not len(places) or not np.isfinite(rows + cols).all():
        return NOWHERE
    top, left, bottom, right = floor(rows.min()), floor(cols.min()), ceil(rows.max()), ceil(cols.max())
    return Window(top, left, max(bottom, top + 1) - top, max(right, left + 1) - left).clipped(grid.height, grid.width)


def covered(geometry: Geometry, grid: Grid, window: Window) -> np.ndarray:
    """Which pixels of the window the geometry covers: bool (rows, cols)."""
    mask = np.zeros((window.height, window.width), np.uint8)
    for touch, shapes in _by_rule(geometry).items():
        if touch is None:
            _mark_points(mask, shapes, grid, window)
        elif shapes:
            rasterize([(shape, 1) for shape in shapes], out=mask, transform=grid.part(window).transform, all_touched=touch)
    return mask.astype(bool)


def _by_rule(geometry: Geometry) -> dict[bool | None, list[Geometry]]:
    """The simple parts by the rule that covers pixels: centre inside (False), touched (True), held (None: points)."""
    found: dict[bool | None, list[Geometry]] = {False: [], True: [], None: []}
    for part in _parts(geometry):
        if part["type"] == "Point":
            found[None].append(part)
        elif is_valid_geom(part):  # not degenerate (a ring of two positions)
            found["Line" in part["type"]].append(part)
    return found


def _parts(geometry: Geometry) -> Iterator[Geometry]:
    kind: str = geometry["type"]
    if kind == "GeometryCollection":
        for part in geometry["geometries"]:
            yield from _parts(part)
    elif kind.startswith("Multi"):
        yield from ({"type": kind[len("Multi") :], "coordinates": part} for part in geometry["coordinates"])
    else:
        yield {"type": kind, "coordinates": geometry["coordinates"]}


def _mark_points(mask: np.ndarray, points: list[Geometry], grid: Grid, window: Window) -> None:
    for point in points:
        row, col = grid.row_col(*point["coordinates"][:2])
        if isfinite(row) and isfinite(col):
            inside = Window(floor(row), floor(col), 1, 1)
            if 0 <= inside.row - window.row < window.height and 0 <= inside.col - window.col < window.width:
                mask[inside.row - window.row, inside.col - window.col] = 1
