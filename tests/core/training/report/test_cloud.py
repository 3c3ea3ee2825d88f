"""Pairs of reference and answer, counted: nothing is lost however the range grows."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from core.training.report.cloud import CELLS, Cloud

numbers = arrays.arrays(np.float64, st.integers(0, 20), elements=st.floats(-1e30, 1e30, allow_subnormal=False))


@settings(max_examples=40)
@given(st.lists(numbers, min_size=1, max_size=5), st.integers(0, 9))
def test_every_pair_is_counted_in_its_cell(batches: list[np.ndarray], seed: int) -> None:
    rng, cloud = np.random.default_rng(seed), Cloud()
    pairs = [(batch, rng.permutation(batch)) for batch in batches]
    for reference, answers in pairs:
        cloud.feed(reference, answers)
    assert cloud.counts.sum() == sum(len(batch) for batch in batches)
    low, high = cloud.low, cloud.low + CELLS * cloud.width
    if cloud.counts.any():
        values = np.concatenate(batches).astype(np.float64)
        slack = 1e-9 * max(abs(low), abs(high))
        assert low - slack <= values.min() and values.max() <= high + slack
        for axis, told in enumerate(zip(*pairs, strict=True)):
            centres = cloud.low + (np.arange(CELLS) + 0.5) * cloud.width
            mean = (cloud.counts.sum(axis=1 - axis) * centres).sum() / cloud.counts.sum()
            assert abs(mean - np.concatenate(told).mean()) <= cloud.width + slack  # still in place, however often it was doubled
        first, stop = cloud.frame()
        assert 0 <= first < stop <= CELLS and cloud.counts[first:stop, first:stop].sum() == cloud.counts.sum()  # so few have no outliers


def test_what_is_unknown_does_not_count() -> None:
    cloud = Cloud()
    cloud.feed(np.array([np.nan, 1.0]), np.array([2.0, 3.0]))
    cloud.feed(np.array([np.nan]), np.array([2.0]))
    assert cloud.counts.sum() == 1
    row, col = (int(place) for place in np.argwhere(cloud.counts)[0])
    assert abs(cloud.low + (row + 0.5) * cloud.width - 1.0) <= cloud.width
    assert abs(cloud.low + (col + 0.5) * cloud.width - 3.0) <= cloud.width


def test_a_wild_value_does_not_shrink_the_picture() -> None:
    rng, cloud = np.random.default_rng(0), Cloud()
    values = rng.normal(size=20_000)
    cloud.feed(values, values)
    cloud.feed(np.array([500.0]), np.array([0.0]))
    first, stop = cloud.frame()
    assert cloud.counts.sum() == 20_001 and (stop - first) * cloud.width < 30
