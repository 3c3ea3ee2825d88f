from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.raster.alignment import REFERENCE_AXIS, Alignment
from core.sampling import patch_grid
from core.sampling.patch_grid import PatchGrid

GRIDS = st.builds(
    PatchGrid.over,
    st.integers(1, 40),
    st.integers(1, 40),
    size=st.integers(1, 12),
    step=st.integers(1, 15),
    offsets=st.tuples(st.integers(0, 9), st.integers(0, 9)),
)


def test_first_and_last_rows_and_columns_are_used() -> None:
    """OTBTF never uses the first row and column of patches."""
    grid = PatchGrid.over(48, 32, 16, 16)
    assert (list(grid.rows), list(grid.cols), len(grid)) == ([0, 16, 32], [0, 16], 6)
    assert len(PatchGrid.over(47, 32, 16, 16)) == 4 and len(PatchGrid.over(15, 99, 16, 16)) == 0
    assert list(PatchGrid.over(1, 1, 1, 1).rows) == [0]


@pytest.mark.parametrize("size", [1, 2, 5, 16, 17])
def test_the_position_is_the_pixel_about_which_extraction_cuts_the_patch(size: int) -> None:
    grid = PatchGrid.over(60, 60, size, 7, (3, 4))
    rows, cols = (axis.ravel() for axis in np.indices((len(grid.rows), len(grid.cols))))
    alignment = Alignment((REFERENCE_AXIS,), (REFERENCE_AXIS,), 0)
    for row, col, y, x in zip(rows, cols, *grid.positions(rows, cols), strict=True):
        (window,) = alignment.sample_windows(int(y), int(x), [(size, size)])
        assert (window.row, window.col) == (grid.rows[row], grid.cols[col])
    assert alignment.windows_about(Fraction(1, 2), Fraction(1, 2), [(1, 1)])[0].row == 0


@settings(max_examples=150)
@given(GRIDS, st.integers(0, 2**32 - 1), st.sampled_from([(1, 1, 1), (64, 16, 9), (1 << 22, 4096, 1 << 16)]))
def test_sums_over_tiles_are_those_over_each_patch(grid: PatchGrid, seed: int, limits: tuple[int, int, int]) -> None:
    image = np.random.default_rng(seed).random((60, 60)) < 0.7
    found = np.full((len(grid.rows), len(grid.cols)), -1)
    with pytest.MonkeyPatch.context() as patch:
        for name, limit in zip(("TILE_PIXELS", "TILE_WIDTH", "TILE_PATCHES"), limits, strict=True):
            patch.setattr(patch_grid, name, limit)
        for band in grid.bands():
            for span in grid.spans():
                window = grid.window(band, span)
                part = image[window.row : window.row + window.height, window.col : window.col + window.width]
                assert (found[band, span] == -1).all()
                found[band, span] = grid.sums(part, band, span)
    expected = [[image[row : row + grid.size, col : col + grid.size].sum() for col in grid.cols] for row in grid.rows]
    assert found.tolist() == [[int(number) for number in row] for row in expected]
