"""Where to look closer."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.quality.cells import CellMeans
from core.quality.detail import worst_window
from core.raster.grid import Window


@pytest.mark.parametrize("spot", [(200, 700), (0, 0), (399, 899), (3, 500)])
@pytest.mark.parametrize("most", [2000, 90])
def test_it_is_about_the_largest_difference_and_inside(spot: tuple[int, int], most: int) -> None:
    difference = np.full((400, 900), 0.1)
    difference[max(spot[0] - 20, 0) : spot[0] + 20, max(spot[1] - 20, 0) : spot[1] + 20] = 5
    difference[100:120] = np.nan
    cells = CellMeans((400, 900), 1, most)
    cells.feed(difference[:, :, np.newaxis], 0, 0)
    found = worst_window(cells.means[:, :, 0], cells.step, Window(7, 9, 400, 900), 64)
    assert (found.height, found.width) == (64, 64)
    assert 7 <= found.row <= 7 + 400 - 64 and 9 <= found.col <= 9 + 900 - 64
    seen = difference[found.row - 7 :, found.col - 9 :][:64, :64]
    assert (seen == 5).sum() > 0.9 * (difference == 5).sum()


@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 9), st.integers(1, 64))
def test_it_is_never_outside(rows: int, cols: int, step: int, side: int) -> None:
    compared = Window(3, 4, rows * step - step // 2, cols * step)
    found = worst_window(np.random.default_rng(rows).uniform(size=(rows, cols)), step, compared, side)
    assert (found.height, found.width) == (min(side, compared.height), min(side, compared.width))
    assert found.row >= 3 and found.row + found.height <= 3 + compared.height
    assert found.col >= 4 and found.col + found.width <= 4 + compared.width
