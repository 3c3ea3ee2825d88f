from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from core.raster.statistics import BandStatistics


@given(st.lists(st.integers(0, 40), min_size=1, max_size=6), st.integers(0, 2**32 - 1), st.sampled_from(["uint8", "int16", "float32"]))
def test_any_blocks_give_what_numpy_gives_for_the_whole(sizes: list[int], seed: int, dtype: str) -> None:
    rng = np.random.default_rng(seed)
    blocks = [(rng.integers(0, 100, (size, 3, 2)) + np.array([0, 20])).astype(dtype) for size in sizes]
    statistics = BandStatistics(2)
    for block in blocks:
        statistics.feed(block)
    whole = np.concatenate(blocks).reshape(-1, 2).astype(float)
    assert statistics.count == len(whole)
    if len(whole):
        np.testing.assert_allclose(statistics.mean, whole.mean(axis=0))
        np.testing.assert_allclose(statistics.std, whole.std(axis=0), atol=1e-9)
        assert (statistics.minimum == whole.min(axis=0)).all() and (statistics.maximum == whole.max(axis=0)).all()


def test_large_values_of_small_variance_do_not_cancel() -> None:
    statistics = BandStatistics(1)
    for part in np.split(1e9 + np.arange(1000.0) % 2, 10):
        statistics.feed(part[:, np.newaxis])
    assert statistics.std[0] == 0.5
