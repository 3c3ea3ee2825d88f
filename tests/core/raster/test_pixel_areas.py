"""Areas of the pixels of a window: the same as one by one, and those of the Earth."""

from __future__ import annotations

import numpy as np
import pytest
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from rasterio.crs import CRS

from core.raster.grid import Grid, Window
from core.raster.pixel_areas import PixelAreas

GRIDS = (
    Grid(1, 1, Affine(10, 0, 5e5, 0, -10, 5e6), CRS.from_epsg(32631)),
    Grid(300, 170, Affine(900, 250, 5e5, 250, -900, 7e6), CRS.from_epsg(32631)),
    Grid(180, 360, Affine(1, 0, -180, 0, -1, 90), CRS.from_epsg(4326)),
)


@pytest.mark.parametrize("grid", GRIDS, ids=["one pixel", "rotated", "the Earth"])
@given(st.data())
def test_a_window_has_the_areas_of_its_pixels(grid: Grid, data: st.DataObject) -> None:
    row, col = data.draw(st.integers(0, grid.height - 1)), data.draw(st.integers(0, grid.width - 1))
    window = Window(row, col, data.draw(st.integers(1, grid.height - row)), data.draw(st.integers(1, grid.width - col)))
    areas = PixelAreas(grid)
    rows, cols = np.indices((window.height, window.width)) + np.array([window.row, window.col])[:, np.newaxis, np.newaxis]
    np.testing.assert_allclose(areas.of_window(window), areas.of(rows, cols), rtol=1e-9)


def test_the_earth_is_as_large_as_it_is() -> None:
    assert PixelAreas(GRIDS[2]).of_window(Window(0, 0, 180, 360)).sum() == pytest.approx(510.07e12, rel=1e-3)
