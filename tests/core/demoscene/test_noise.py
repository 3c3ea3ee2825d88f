"""Fields of the scene: the same at a place however it is asked for."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.demoscene.noise import Frame, Points, coarsely, hashed, noise, smoothstep, unit, white


def frame(row: int, col: int, height: int, width: int, step: float = 2.5) -> Frame:
    return Frame((np.arange(row, row + height) + 0.5) * step, (np.arange(col, col + width) + 0.5) * step, step)


@given(
    row=st.integers(-500, 500),
    col=st.integers(-500, 500),
    height=st.integers(1, 30),
    width=st.integers(1, 30),
    scale=st.sampled_from([6.0, 38.0, 700.0]),
)
def test_a_window_of_the_noise_is_the_noise_of_the_window(row: int, col: int, height: int, width: int, scale: float) -> None:
    whole = noise(frame(row - 7, col - 3, height + 20, width + 20), scale, 5)
    assert np.array_equal(whole[7 : 7 + height, 3 : 3 + width], noise(frame(row, col, height, width), scale, 5))


@given(row=st.integers(-500, 500), col=st.integers(-500, 500), height=st.integers(1, 30), width=st.integers(1, 30))
def test_coarse_fields_do_not_depend_on_the_window_either(row: int, col: int, height: int, width: int) -> None:
    def field(place: Frame) -> np.ndarray:
        return noise(place, 300, 9)

    whole = coarsely(frame(row - 11, col - 2, height + 17, width + 17), 40, field)
    assert np.array_equal(whole[11 : 11 + height, 2 : 2 + width], coarsely(frame(row, col, height, width), 40, field))


def test_noise_at_points_is_that_of_the_frame() -> None:
    grid = frame(100, 200, 20, 30)
    x, y = (part.ravel() for part in np.meshgrid(grid.xs, grid.ys))
    np.testing.assert_allclose(noise(Points(x, y), 170, 3), noise(grid, 170, 3).ravel(), atol=1e-4)


def test_noise_has_mean_0_and_deviation_1() -> None:
    sample = noise(frame(0, 0, 900, 900), 6.0, 1)
    assert abs(sample.mean()) < 0.02
    assert sample.std() == pytest.approx(1, abs=0.02)


def test_coarse_fields_are_close_to_the_exact_ones() -> None:
    grid = frame(0, 0, 200, 200)
    np.testing.assert_allclose(coarsely(grid, 20, lambda f: noise(f, 400, 2)), noise(grid, 400, 2), atol=0.02)


def test_hashes_are_even_and_differ() -> None:
    draws = unit(hashed(7, np.arange(-5000, 5000)))
    assert draws.min() >= 0
    assert draws.max() < 1
    assert np.histogram(draws, 10, (0, 1))[0].min() > 900
    assert len(np.unique(hashed(7, np.arange(-5000, 5000)))) > 9990
    assert hashed(7, 1, 2)[0] != hashed(7, 2, 1)[0] != hashed(8, 2, 1)[0]


def test_white_noise_has_no_lines() -> None:
    image = unit(white(np.arange(300), np.arange(300), 4))
    assert image.mean() == pytest.approx(0.5, abs=0.005)
    assert np.corrcoef(image[:-1].ravel(), image[1:].ravel())[0, 1] == pytest.approx(0, abs=0.02)
    assert np.corrcoef(image[:, :-1].ravel(), image[:, 1:].ravel())[0, 1] == pytest.approx(0, abs=0.02)
    assert image.mean(axis=0).std() < 0.03


def test_smoothstep_goes_from_0_to_1() -> None:
    np.testing.assert_allclose(smoothstep(np.array([-1, 0, 5, 10, 11]), 0, 10), [0, 0, 0.5, 1, 1])
