"""The formulas, against others' programs and against sums written out by hand."""

from __future__ import annotations

from math import acos, degrees, inf, log10, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from core.quality.figures import ergas, psnr, spectral_angles
from core.quality.similarity import HALO, SIDE, ssim_map, whole_windows

Pair = tuple[np.ndarray, np.ndarray]

# skimage.metrics.structural_similarity 0.26 (gaussian_weights=True, sigma=1.5, use_sample_covariance=False), of each band
SSIM = {
    255: (0.9669646992110547, 0.9773400537193364, 0.9838021415880978),
    4000: (0.9967905280051127, 0.996832279399469, 0.9966103135293864),
}


@pytest.mark.parametrize("peak", SSIM)
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float64"])
def test_ssim_is_that_of_scikit_image(pair: Pair, peak: int, dtype: str) -> None:
    reference, image = (pixels.astype(dtype) for pixels in pair)
    found = [ssim_map(reference[:, :, band], image[:, :, band], peak).mean() for band in range(3)]
    assert np.allclose(found, SSIM[peak], rtol=0, atol=1e-9)


def test_ssim_is_the_formula_written_out() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(1000, 50, (2, 13, 12))
    steps = np.arange(-HALO, HALO + 1)
    weights = np.exp(-(steps[:, None] ** 2 + steps[None, :] ** 2) / (2 * 1.5**2))
    weights /= weights.sum()
    c1, c2 = (0.01 * 300) ** 2, (0.03 * 300) ** 2
    found = ssim_map(x, y, 300)
    assert found.shape == (3, 2)
    for row, col in np.ndindex(found.shape):
        a, b = x[row : row + SIDE, col : col + SIDE], y[row : row + SIDE, col : col + SIDE]
        mean_a, mean_b = (weights * a).sum(), (weights * b).sum()
        variances = (weights * (a - mean_a) ** 2).sum() + (weights * (b - mean_b) ** 2).sum()
        covariance = (weights * (a - mean_a) * (b - mean_b)).sum()
        expected = (2 * mean_a * mean_b + c1) * (2 * covariance + c2) / ((mean_a**2 + mean_b**2 + c1) * (variances + c2))
        assert found[row, col] == pytest.approx(expected, rel=1e-9)


def test_ssim_loses_no_digits_to_large_values() -> None:
    """A temperature in millikelvin, say, whose range is a hundred-thousandth of it."""
    noise = np.random.default_rng(1).normal(0, 1, (2, 30, 30))
    far, near = (ssim_map(noise[0] + mean, noise[1] + mean, 5.0) for mean in (1e7, 1e3))
    assert np.allclose(far, near, atol=1e-4)


def test_windows_that_touch_a_gap_are_left_out() -> None:
    valid = np.ones((30, 40), bool)
    valid[12, 20] = False
    whole = whole_windows(valid)
    expected = np.ones((20, 30), bool)
    expected[12 - 10 : 12 + 1, 20 - 10 : 20 + 1] = False
    assert np.array_equal(whole, expected)


@pytest.mark.parametrize("shape", [(1, 1), (10, 40), (40, 3)])
def test_an_image_smaller_than_a_window_has_none(shape: tuple[int, int]) -> None:
    assert ssim_map(np.zeros(shape), np.zeros(shape), 1.0).size == 0
    assert whole_windows(np.ones(shape, bool)).shape == ssim_map(np.zeros(shape), np.zeros(shape), 1.0).shape


def test_psnr() -> None:
    assert psnr(2.55, 255) == pytest.approx(40)
    assert psnr(3.0, 100) == pytest.approx(10 * log10(100**2 / 9))
    assert psnr(0, 255) == inf == psnr(0, 0)
    assert psnr(1, 0) is None


def test_ergas_is_walds_formula() -> None:
    rmse, mean = np.array([3.0, 8.0]), np.array([100.0, 200.0])
    assert ergas(rmse, mean, 4) == pytest.approx(100 * 0.25 * sqrt((0.03**2 + 0.04**2) / 2))
    assert ergas(rmse, np.array([100.0, 0.0]), 4) is None


spectra = arrays.arrays(np.float64, (4, 3), elements=st.floats(-1000, 1000).filter(lambda value: value == 0 or abs(value) > 1e-3))


@given(spectra, spectra)
def test_the_spectral_angle_is_the_arc_cosine_of_the_usual_formula(reference: np.ndarray, image: np.ndarray) -> None:
    for angle, a, b in zip(spectral_angles(reference, image), reference, image, strict=True):
        lengths = sqrt(a @ a) * sqrt(b @ b)
        if lengths == 0:
            assert np.isnan(angle)
        else:
            assert angle == pytest.approx(degrees(acos(np.clip(a @ b / lengths, -1, 1))), abs=3e-6)


def test_angles_of_equal_and_of_brighter_spectra_are_0_and_of_opposite_ones_180() -> None:
    spectrum = np.random.default_rng(0).uniform(1, 1e4, (50, 4))
    assert not spectral_angles(spectrum, spectrum).any()
    assert spectral_angles(spectrum, 3 * spectrum).max() < 1e-12
    assert np.allclose(spectral_angles(spectrum, -spectrum), 180)
