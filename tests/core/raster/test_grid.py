from __future__ import annotations

from fractions import Fraction

import pytest
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st

from core.errors import GridMismatch
from core.raster.grid import Grid, Window, snap

GRID = Grid(30, 40, Affine(10, 0, 500000, 0, -10, 5000000), None)


@given(row=st.floats(-100, 100), col=st.floats(-100, 100))
def test_pixel_to_map_and_back(row: float, col: float) -> None:
    assert GRID.row_col(*GRID.xy(row, col)) == pytest.approx((row, col), abs=1e-6)


@given(
    size=st.integers(1, 5000), factor=st.sampled_from([Fraction(1, 4), Fraction(1, 2), Fraction(1), Fraction(2), Fraction(3), Fraction(4)])
)
def test_rescaled_grid_covers_everything_and_no_pixel_more(size: int, factor: Fraction) -> None:
    rescaled = Grid(size, size, GRID.transform, None).rescaled(factor)
    assert rescaled.height * factor >= size > (rescaled.height - 1) * factor
    assert rescaled.xy(0, 0) == GRID.xy(0, 0)


def test_part_keeps_its_place() -> None:
    assert GRID.part(Window(3, 5, 2, 2)).xy(0, 0) == GRID.xy(3, 5)


def test_extent_takes_every_pixel_that_it_touches() -> None:
    assert GRID.window_of((500015, 4999905, 500030, 4999995)) == Window(0, 1, 10, 2)


def test_extent_on_pixel_edges_takes_no_neighbour() -> None:
    assert GRID.window_of((500010, 4999900, 500030, 4999990)) == Window(1, 1, 9, 2)


def test_extent_is_cut_at_the_image() -> None:
    assert GRID.window_of((0, 0, 1e7, 1e7)) == Window(0, 0, 30, 40)


def test_extent_beside_the_image_is_refused() -> None:
    with pytest.raises(GridMismatch, match="does not touch"):
        GRID.window_of((0, 0, 10, 10))


def test_south_up_extent() -> None:
    assert Grid(30, 40, Affine(10, 0, 0, 0, 10, 0), None).window_of((0, 100, 50, 200)) == Window(10, 0, 10, 5)


def test_snap() -> None:
    assert snap(1 / 3) == Fraction(1, 3)
    assert snap(0.15000000001) == Fraction(3, 20)
    assert snap(0.123456789) is None or abs(float(snap(0.123456789)) - 0.123456789) <= 1e-6  # type: ignore[arg-type]
