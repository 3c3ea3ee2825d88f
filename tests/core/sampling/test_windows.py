from __future__ import annotations

from fractions import Fraction

import numpy as np
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st

from core.raster.alignment import align
from core.raster.grid import Grid
from core.sampling.windows import PatchStarts

RATIOS = [Fraction(1), Fraction(2), Fraction(1, 2), Fraction(1, 4), Fraction(3, 20), Fraction(3), Fraction(2, 3)]


@settings(max_examples=80)
@given(
    st.lists(st.tuples(st.sampled_from(RATIOS), st.integers(-3, 3), st.integers(1, 33), st.integers(1, 33)), min_size=1, max_size=4),
    st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 5000)), min_size=1, max_size=8),
)
def test_arrays_follow_the_one_rule_exactly(sources: list[tuple[Fraction, int, int, int]], places: list[tuple[int, int]]) -> None:
    grids = [Grid(6000, 6000, Affine(60, 0, 0, 0, -60, 0), None)]
    for ratio, offset, _, _ in sources[1:]:  # offsets are whole pixels of the source
        size = float(60 * ratio)
        grids.append(Grid(round(6000 / ratio), round(6000 / ratio), Affine(size, 0, offset * size, 0, -size, -offset * size), None))
    alignment = align(grids)
    sizes = [(height, width) for _, _, height, width in sources]
    starts = PatchStarts(alignment, sizes)
    rows, cols = (np.array(axis) for axis in zip(*places, strict=True))
    found = [starts.of(source, rows, cols) for source in range(len(sources))]
    for index, (row, col) in enumerate(places):
        for source, window in enumerate(alignment.sample_windows(row, col, sizes)):
            assert (found[source][0][index], found[source][1][index]) == (window.row, window.col)


def test_one_source_is_anchored_at_half_its_size() -> None:
    alignment = align([Grid(50, 50, Affine(10, 0, 0, 0, -10, 0), None)])
    for height, width in ((16, 15), (1, 2), (8, 25)):
        rows, cols = PatchStarts(alignment, [(height, width)]).of(0, np.array([20, 30]), np.array([21, 31]))
        assert rows.tolist() == [20 - height // 2, 30 - height // 2] and cols.tolist() == [21 - width // 2, 31 - width // 2]
