"""Wald's protocol: the coarse sensor sees what it should, where it should."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.superresolution.degradation import degraded, inner, rim, sensor


@given(factor=st.integers(2, 8), mtf=st.floats(0.1, 0.5), length=st.integers(60, 90))
def test_a_ramp_stays_where_it_is(factor: int, mtf: float, length: int) -> None:
    edge = rim(factor, mtf)
    found = sensor(length, factor, mtf) @ (np.arange(length) + 0.5)  # the value is the place, from the corner
    expected = (np.arange(edge, length // factor - edge) + 0.5) * factor
    np.testing.assert_allclose(found, expected, atol=1e-9)


@pytest.mark.parametrize("factor", [2, 3, 4, 8])
@pytest.mark.parametrize("mtf", [0.2, 0.3])
def test_the_transfer_at_the_nyquist_frequency_is_the_one_asked_for(factor: int, mtf: float) -> None:
    places = np.arange(20 * factor) + 0.5
    wave = np.cos(np.pi * (places / factor - 0.5))  # of two coarse pixels, its tops at their centres
    assert np.abs(sensor(len(places), factor, mtf) @ wave).mean() == pytest.approx(mtf, abs=0.01)


def test_pairs_cover_the_same_ground() -> None:
    fine = np.random.default_rng(0).uniform(0, 60000, (2, 65, 50, 3)).astype(np.uint16)
    low, high = degraded(fine, 4, 0.25), inner(fine, 4, rim(4, 0.25))
    assert low.dtype == np.float32 and high.shape[1:3] == tuple(4 * side for side in low.shape[1:3])
    np.testing.assert_array_equal(high[0, 0, 0], fine[0, 4 * rim(4, 0.25), 4 * rim(4, 0.25)])
