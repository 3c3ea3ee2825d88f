from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.training.data.radiometry import jittered, speckled

TYPES = ("uint8", "uint16", "int16", "int64", "float32", "float64")
shapes = st.tuples(st.integers(0, 6), st.integers(1, 5), st.integers(1, 5), st.integers(1, 4))


def patches(shape: tuple[int, ...], dtype: str, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 200, shape).astype(dtype)


def std_of(source: np.ndarray) -> np.ndarray:
    return source.std(axis=(0, 1, 2), dtype="float64") if source.size else np.ones(source.shape[3])


@given(shape=shapes, other=shapes, dtype=st.sampled_from(TYPES), seed=st.integers(0, 99))
def test_shape_type_input_and_seed(shape: tuple[int, ...], other: tuple[int, ...], dtype: str, seed: int) -> None:
    sources = [patches(shape, dtype), patches((shape[0], *other[1:]), dtype, 1)]
    before = [source.copy() for source in sources]
    for change in (
        lambda: jittered(sources, [std_of(source) for source in sources], 0.1, np.random.default_rng(seed)),
        lambda: speckled(sources, 4.0, np.random.default_rng(seed)),
    ):
        once, again = change(), change()
        for found, same, source, untouched in zip(once, again, sources, before, strict=True):
            assert found.dtype == np.float32 and found.shape == source.shape and not np.shares_memory(found, source)
            np.testing.assert_array_equal(found, same)
            np.testing.assert_array_equal(source, untouched)


@given(shape=shapes, dtype=st.sampled_from(TYPES))
def test_no_strength_and_endless_looks_change_nothing(shape: tuple[int, ...], dtype: str) -> None:
    source = patches(shape, dtype)
    for found in (
        jittered([source], [std_of(source)], 0.0, np.random.default_rng(0)),
        speckled([source], np.inf, np.random.default_rng(0)),
    ):
        np.testing.assert_array_equal(found[0], source.astype("float32"))


def test_all_pixels_of_a_band_share_gain_and_offset() -> None:
    """Each sample and band is a straight line of what it was, and each another one."""
    source = patches((40, 6, 6, 3), "uint16")
    (found,) = jittered([source], [std_of(source)], 0.2, np.random.default_rng(0))
    lines = np.array([[np.polyfit(source[i, ..., b].ravel(), found[i, ..., b].ravel(), 1) for b in range(3)] for i in range(40)])
    fitted = lines[:, None, None, :, 0] * source + lines[:, None, None, :, 1]
    np.testing.assert_allclose(found, fitted, atol=0.01)
    assert len(np.unique(lines[..., 0].round(6))) == 120


@pytest.mark.parametrize("strength", [0.02, 0.1])
def test_gain_and_offset_are_as_strong_as_said(strength: float) -> None:
    """Where the value is 0 there is the offset alone; a band that is twice as wide is moved by twice as much."""
    stds = np.array([100.0, 200.0])
    (dark,) = jittered([np.zeros((20000, 1, 1, 2))], [stds], strength, np.random.default_rng(0))
    (bright,) = jittered([np.full((20000, 1, 1, 2), 1000.0)], [np.zeros(2)], strength, np.random.default_rng(0))
    np.testing.assert_allclose(dark.std(axis=(0, 1, 2)), strength * stds, rtol=0.03)
    np.testing.assert_allclose(bright.std(axis=(0, 1, 2)), strength * 1000, rtol=0.03)
    np.testing.assert_allclose(dark.mean(axis=(0, 1, 2)), 0, atol=0.03 * strength * 200)
    np.testing.assert_allclose(bright.mean(axis=(0, 1, 2)), 1000, atol=0.03 * strength * 1000)


def test_values_at_the_end_of_their_type_do_not_wrap() -> None:
    source = np.full((500, 1, 1, 1), 65535, "uint16")
    (found,) = jittered([source], [np.array([1000.0])], 0.1, np.random.default_rng(0))
    assert found.max() > 65535 and found.min() > 30000


@given(looks=st.floats(0.5, 50), seed=st.integers(0, 99))
def test_speckle_keeps_the_mean_and_has_the_variance_of_its_looks(looks: float, seed: int) -> None:
    (found,) = speckled([np.full((1, 150, 150, 1), 3.0)], looks, np.random.default_rng(seed))
    noise = found.astype("float64") / 3
    errors = 5 / np.sqrt(noise.size)  # five standard errors
    assert noise.min() >= 0
    assert abs(noise.mean() - 1) < errors / np.sqrt(looks)
    assert abs(noise.var() * looks - 1) < errors * np.sqrt(2 + 6 / looks)


def test_speckle_is_new_in_every_pixel_and_band() -> None:
    (found,) = speckled([np.ones((4, 8, 8, 2), "uint8")], 1, np.random.default_rng(0))
    assert len(np.unique(found)) > 500


def test_nan_stays_where_it_is_and_zero_too() -> None:
    source = np.ones((3, 4, 4, 2), "float32")
    source[1, 2, 3, 0], source[2, 0, 0, 1] = np.nan, 0
    clean = np.nan_to_num(source, nan=1)
    for found, expected in (
        (jittered([source], [np.ones(2)], 0.1, np.random.default_rng(0)), jittered([clean], [np.ones(2)], 0.1, np.random.default_rng(0))),
        (speckled([source], 4, np.random.default_rng(0)), speckled([clean], 4, np.random.default_rng(0))),
    ):
        assert np.isnan(found[0]).sum() == 1 and np.isnan(found[0][1, 2, 3, 0])
        np.testing.assert_array_equal(found[0][~np.isnan(source)], expected[0][~np.isnan(source)])
    assert speckled([source], 4, np.random.default_rng(0))[0][2, 0, 0, 1] == 0
