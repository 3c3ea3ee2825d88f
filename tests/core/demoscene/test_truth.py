"""Truth polygons: exact, many, of every class."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from core.demoscene import legend, truth
from core.raster.outlines import hull, inside, outlines


@settings(max_examples=25)
@given(st.integers(0, 10_000))
def test_every_polygon_holds_one_class(seed: int) -> None:
    rng = np.random.default_rng(seed)
    small = rng.choice([0, 1, 2, 3, 4, 5, 6, 7, 8], (10, 13)).astype(np.uint8)
    labels = np.repeat(np.repeat(small, 11, axis=0), 8, axis=1)
    labels[rng.random(labels.shape) < 0.01] = 2
    units = np.repeat(np.repeat(rng.integers(0, 50, (10, 13)), 11, axis=0), 8, axis=1)
    rows, cols = np.indices(labels.shape)
    for code, rings in truth.polygons(labels, units, 128, 64, seed):
        moved = [[(x - 64, y - 128) for x, y in ring] for ring in rings]
        found = inside(moved, labels.shape) if code not in (legend.ROAD, legend.WATER) else _centres_inside(moved, rows, cols)
        assert found.sum() >= 4
        assert set(labels[_centres_inside(moved, rows, cols)]) == {code}


def _centres_inside(rings: list[list[tuple[float, float]]], rows: np.ndarray, cols: np.ndarray) -> np.ndarray:
    """By the even-odd rule, written out."""
    odd = np.zeros(rows.shape, bool)
    for ring in rings:
        for (x0, y0), (x1, y1) in pairwise(ring):
            if y0 != y1:
                crosses = ((rows + 0.5 >= min(y0, y1)) & (rows + 0.5 < max(y0, y1))) & (
                    cols + 0.5 < x0 + (rows + 0.5 - y0) * (x1 - x0) / (y1 - y0)
                )
                odd ^= crosses
    return odd


def test_polygons_do_not_depend_on_the_blocks() -> None:
    labels = np.full((128, 128), legend.FOREST, np.uint8)
    labels[:, 40:100] = legend.MEADOW
    units = np.zeros(labels.shape, int)
    whole = list(truth.polygons(labels, units, 0, 0, 1))
    parts = [
        p
        for row in (0, 64)
        for col in (0, 64)
        for p in truth.polygons(labels[row : row + 64, col : col + 64], units[:64, :64], row, col, 1)
    ]
    assert sorted(whole, key=repr) == sorted(parts, key=repr)
    assert {code for code, _ in whole} == {legend.FOREST, legend.MEADOW}


def test_outlines_follow_the_pixels() -> None:
    mask = np.zeros((5, 6), bool)
    mask[1:4, 2:5] = True
    mask[2, 3] = False
    ((outer, hole),) = outlines(mask)
    assert {(2.0, 1.0), (5.0, 1.0), (5.0, 4.0), (2.0, 4.0)} == set(outer)
    assert {(3.0, 2.0), (4.0, 2.0), (4.0, 3.0), (3.0, 3.0)} == set(hole)
    assert outlines(np.zeros((3, 3), bool)) == []


def test_hulls_join_pixel_centres() -> None:
    mask = np.zeros((6, 6), bool)
    mask[1:5, 2:4] = True
    assert set(hull(mask) or []) == {(2.5, 1.5), (3.5, 1.5), (3.5, 4.5), (2.5, 4.5)}
    assert hull(np.eye(6, dtype=bool)) is None
