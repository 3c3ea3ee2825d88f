"""Features of the bands: names, pairs, and figures of neighbourhoods against the plain definition."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.classification.bands import normalised_difference, statistics
from core.classification.blocks import HELD, SIZES, block_size
from core.classification.recipe import Recipe, parse_indices
from core.errors import BadParameter

NAMES = ("T33_B02", "T33_B08", "NIR", "3", "pan", "pan")


@pytest.mark.parametrize(
    ("text", "pairs"),
    [("", ()), (" , ", ()), ("b08:B02", ((1, 0),)), ("NIR:3, 1 : 2", ((2, 3), (0, 1))), ("5:6", ((4, 5),))],
)
def test_pairs_by_name_or_number(text, pairs):
    assert parse_indices(text, NAMES) == pairs


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("B08", "expected pairs of bands"),
        ("1:2:3", "expected pairs of bands"),
        ("1:T33_B02", "two different bands"),
        ("pan:1", r"several bands are called pan: received bands 5, 6"),
        ("7:1", r"no such band: expected one of 1 T33_B02, .*received '7'"),
        ("0:1", "no such band"),
        (":1", "no such band"),
    ],
)
def test_what_is_no_pair(text, message):
    with pytest.raises(BadParameter, match=message):
        parse_indices(text, NAMES)


def test_the_names_are_as_many_as_the_features():
    recipe = Recipe((2, 1), True, 3, ((0, 2),))
    names = recipe.names([("a", "b"), ("a",)])
    assert len(names) == recipe.count == 10
    assert names[:3] == ("1: a", "1: b", "2: a") and names[-1] == "(1: a − 2: a) ÷ sum"
    assert Recipe((2,), False, 0, ()).count == 0


@given(st.integers(0, 2**31), st.sampled_from([1, 3, 5]))
def test_statistics_are_those_of_the_pixels_with_data(seed, side):
    rng = np.random.default_rng(seed)
    pixels = rng.normal(100, 30, (side + 3, side + 2, 2))
    has_data = rng.random(pixels.shape[:2]) > 0.3
    pixels[~has_data] = np.nan
    mean, deviation = statistics(pixels, has_data, side)
    assert mean.shape == (4, 3, 2)
    for row, col in np.ndindex(4, 3):
        square = pixels[row : row + side, col : col + side][has_data[row : row + side, col : col + side]]
        if len(square):
            assert mean[row, col] == pytest.approx(square.mean(axis=0)) and deviation[row, col] == pytest.approx(
                square.std(axis=0), abs=1e-5
            )
        else:
            assert not mean[row, col].any()


def test_a_normalised_difference_is_bounded_where_nothing_is():
    a, b = np.array([3, 0, 1, 1], "float32"), np.array([1, 0, -1, 1], "float32")
    assert normalised_difference(a, b).tolist() == [0.5, 0, 0, 0]


@given(st.integers(1, 10**5), st.integers(0, 10**11), st.integers(1, 256))
def test_blocks_keep_within_the_room(pixel_bytes, room, cores):
    size = block_size(pixel_bytes, room, cores)
    assert size in SIZES
    assert size == SIZES[0] or HELD * pixel_bytes * size**2 <= room
