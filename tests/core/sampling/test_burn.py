from __future__ import annotations

from math import floor

import numpy as np
import pytest
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st

from core.raster.grid import Grid, Window
from core.sampling.burn import covered, pixel_window
from core.sampling.candidates import strips

GRIDS = {
    "north-up": Affine(10, 0, 500000, 0, -10, 5000000),
    "south-up": Affine(10, 0, 500000, 0, 10, 5000000),
    "west-going": Affine(-10, 0, 500000, 0, -10, 5000000),
    "rotated": Affine(8, 6, 500000, 6, -8, 5000000),
}
POSITIONS = st.tuples(st.floats(-5, 45), st.floats(-5, 45))  # (row, col)


def _on_map(grid: Grid, positions: list[tuple[float, float]]) -> list[tuple[float, float]]:
    return [grid.xy(row, col) for row, col in positions]


def _holds(triangle: list[tuple[float, float]], row: float, col: float) -> bool | None:
    """Whether the triangle holds the point; None on its edge."""
    sides = []
    for (r0, c0), (r1, c1) in zip(triangle, triangle[1:] + triangle[:1], strict=True):
        sides.append((r1 - r0) * (col - c0) - (c1 - c0) * (row - r0))
    if any(abs(side) < 1e-3 for side in sides):
        return None
    return all(side > 0 for side in sides) or all(side < 0 for side in sides)


@settings(max_examples=30)
@given(st.lists(POSITIONS, min_size=3, max_size=3), st.sampled_from(sorted(GRIDS)))
def test_polygons_cover_the_pixels_whose_centre_they_hold(triangle: list[tuple[float, float]], name: str) -> None:
    grid = Grid(40, 41, GRIDS[name], None)
    ring = _on_map(grid, [*triangle, triangle[0]])
    geometry = {"type": "Polygon", "coordinates": [ring]}
    mask = covered(geometry, grid, Window(0, 0, 40, 41))
    window = pixel_window(geometry, grid)
    for row in range(40):
        for col in range(41):
            expected = _holds(triangle, row + 0.5, col + 0.5)
            assert expected is None or mask[row, col] == expected, (row, col)
    outside = mask.copy()
    outside[window.row : window.row + window.height, window.col : window.col + window.width] = False
    assert not outside.any()


@settings(max_examples=30)
@given(st.lists(POSITIONS, min_size=3, max_size=6), st.integers(1, 500))
def test_strips_of_any_height_cover_the_same(corners: list[tuple[float, float]], most: int) -> None:
    grid = Grid(40, 41, GRIDS["north-up"], None)
    geometry = {"type": "Polygon", "coordinates": [_on_map(grid, [*corners, corners[0]])]}
    whole = Window(0, 0, 40, 41)
    parts = [covered(geometry, grid, strip) for strip in strips(whole, most)]
    assert (np.concatenate(parts) == covered(geometry, grid, whole)).all()


@pytest.mark.parametrize("name", sorted(GRIDS))
def test_points_take_the_pixel_that_holds_them(name: str) -> None:
    grid = Grid(20, 30, GRIDS[name], None)
    positions = [(3.2, 4.9), (19.99, 29.99), (-0.01, 5), (5, 30.01), (0.01, 0.01)]
    geometry = {"type": "MultiPoint", "coordinates": _on_map(grid, positions)}
    mask = covered(geometry, grid, Window(0, 0, 20, 30))
    inside = {(floor(row), floor(col)) for row, col in positions if 0 <= row < 20 and 0 <= col < 30}
    assert set(zip(*(axis.tolist() for axis in np.nonzero(mask)), strict=True)) == inside


def test_lines_take_what_they_touch_and_collections_each_part_by_its_rule() -> None:
    grid = Grid(10, 10, GRIDS["north-up"], None)
    line = {"type": "LineString", "coordinates": _on_map(grid, [(2.9, 1.5), (2.9, 6.2)])}
    polygon = {"type": "Polygon", "coordinates": [_on_map(grid, [(7.1, 7.1), (7.1, 7.4), (7.4, 7.4), (7.1, 7.1)])]}  # holds no centre
    dot = {"type": "Point", "coordinates": grid.xy(9.5, 0.5)}
    mask = covered({"type": "GeometryCollection", "geometries": [line, polygon, dot]}, grid, Window(0, 0, 10, 10))
    assert set(zip(*(axis.tolist() for axis in np.nonzero(mask)), strict=True)) == {*((2, col) for col in range(1, 7)), (9, 0)}


def test_geometries_that_are_nowhere() -> None:
    grid = Grid(10, 10, GRIDS["north-up"], None)
    for geometry in ({"type": "Polygon", "coordinates": []}, {"type": "Point", "coordinates": (float("nan"), 0.0)}):
        assert pixel_window(geometry, grid).empty
