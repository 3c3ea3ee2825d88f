"""Figures gathered in blocks are those of the whole."""

from __future__ import annotations

from dataclasses import astuple
from math import inf

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.quality.cells import CellMeans
from core.quality.figures import Quality
from core.quality.similarity import HALO, ssim_map, whole_windows
from core.quality.tally import QualityTally

NAMES = ("a", "b", "c")


def in_blocks(reference: np.ndarray, image: np.ndarray, valid: np.ndarray, height: int, width: int) -> Quality:
    """As the job does it: every block with a halo, which has no data outside of the image."""
    tally = QualityTally(NAMES, 255)
    wide = [np.pad(pixels, [(HALO, HALO)] * 2 + [(0, 0)] * (pixels.ndim - 2)) for pixels in (reference, image, valid)]
    for row in range(0, valid.shape[0], height):
        for col in range(0, valid.shape[1], width):
            rows, cols = min(height, valid.shape[0] - row), min(width, valid.shape[1] - col)
            parts = [pixels[row : row + rows + 2 * HALO, col : col + cols + 2 * HALO] for pixels in wide]
            assert tally.feed(*parts, HALO).shape == (rows, cols)
    return tally.scores()


def numbers(quality: Quality) -> list[float]:
    *overall, bands = astuple(quality)
    return [value for value in (*overall, *(value for band in bands for value in band[1:])) if value is not None]


@given(st.integers(1, 60), st.integers(1, 60), st.lists(st.tuples(st.integers(0, 39), st.integers(0, 56)), max_size=4))
@settings(max_examples=25, deadline=None)
def test_blocks_of_any_size_give_the_figures_of_the_whole(height: int, width: int, holes: list[tuple[int, int]]) -> None:
    rng = np.random.default_rng(3)
    reference, image = rng.normal(500, 40, (2, 40, 57, 3))
    valid = np.ones((40, 57), bool)
    for row, col in holes:
        valid[row, col] = False
    whole = QualityTally(NAMES, 255)
    whole.feed(reference, image, valid)
    assert np.allclose(numbers(in_blocks(reference, image, valid, height, width)), numbers(whole.scores()), rtol=1e-9)


def test_the_figures_are_their_sums_written_out(pair: tuple[np.ndarray, np.ndarray]) -> None:
    reference, image = (pixels.astype(np.uint8) for pixels in pair)
    tally = QualityTally(NAMES, 255, 2)
    tally.feed(reference, image)
    found, error = tally.scores(), pair[1].astype(float) - pair[0]
    mse = (error**2).mean(axis=(0, 1))
    assert found.pixels == 40 * 57
    assert found.psnr == pytest.approx(26.931885565164, abs=1e-9)  # skimage.metrics.peak_signal_noise_ratio 0.26
    assert (found.rmse, found.mae, found.bias) == pytest.approx((np.sqrt(mse.mean()), np.abs(error).mean(), error.mean()))
    assert found.ergas == pytest.approx(50 * np.sqrt(np.mean(mse / pair[0].mean(axis=(0, 1)) ** 2)))
    assert found.ssim == pytest.approx(np.mean([band.ssim for band in found.bands]))
    for place, band in enumerate(found.bands):
        a, b = pair[0][:, :, place], pair[1][:, :, place]
        assert (band.mean, band.rmse, band.mae, band.bias) == pytest.approx(
            (a.mean(), np.sqrt(mse[place]), np.abs(error[:, :, place]).mean(), error[:, :, place].mean())
        )
        assert band.correlation == pytest.approx(np.corrcoef(a.ravel(), b.ravel())[0, 1])
        assert band.psnr == pytest.approx(10 * np.log10(255**2 / mse[place]))
        assert band.ssim == pytest.approx(ssim_map(a, b, 255).mean())


def test_patches_are_compared_each_by_itself() -> None:
    """Windows reach over no seam between two patches; those of both count the same."""
    reference, image = np.random.default_rng(5).uniform(0, 1, (2, 2, 16, 20, 1))
    tally = QualityTally(("a",), 1.0)
    for truth, told in zip(reference, image, strict=True):
        tally.feed(truth, told)
    expected = np.mean([ssim_map(a[:, :, 0], b[:, :, 0], 1.0) for a, b in zip(reference, image, strict=True)])
    assert tally.scores().ssim == pytest.approx(expected)
    assert tally.scores().sam is None


def test_not_a_number_and_infinity_count_nowhere(pair: tuple[np.ndarray, np.ndarray]) -> None:
    reference, image = (pixels.astype(np.float32) for pixels in pair)
    reference[3, 4, 0], image[30, 50, 2], image[:, 20, 1] = np.nan, np.inf, np.nan
    valid = np.ones((40, 57), bool)
    valid[3, 4] = valid[30, 50] = False
    valid[:, 20] = False
    tally = QualityTally(NAMES, 255)
    tally.feed(reference, image)
    found = tally.scores()
    assert np.isfinite(numbers(found)).all() and found.pixels == valid.sum()
    maps = [ssim_map(pair[0][:, :, band], pair[1][:, :, band], 255)[whole_windows(valid)] for band in range(3)]
    assert found.ssim == pytest.approx(np.mean(maps))
    assert found.rmse == pytest.approx(np.sqrt(np.mean((pair[1] - pair[0])[valid] ** 2.0)))


def test_equal_images(pair: tuple[np.ndarray, np.ndarray]) -> None:
    tally = QualityTally(NAMES, 255)
    tally.feed(pair[0], pair[0])
    found = tally.scores()
    assert (found.psnr, found.sam, found.ergas, found.rmse) == (inf, 0, 0, 0)
    assert found.ssim == pytest.approx(1) and found.correlation == pytest.approx(1)
    assert found.numbers() == {"ssim": found.ssim, "sam": 0, "ergas": 0, "rmse": 0}


def test_what_has_no_meaning_is_none() -> None:
    tally = QualityTally(("a", "b"), 0)
    tally.feed(np.zeros((1, 1, 2)), np.ones((1, 1, 2)))
    found = tally.scores()
    assert (found.psnr, found.ssim, found.sam, found.ergas, found.correlation) == (None,) * 5
    assert found.numbers() == {"rmse": 1}


def test_a_constant_of_large_values_has_no_correlation() -> None:
    tally = QualityTally(("a",), 1)
    rng = np.random.default_rng(0)
    for _ in range(3):
        tally.feed(np.full((50, 50, 1), 0.1 + 1e6), rng.normal(size=(50, 50, 1)))
    assert tally.scores().correlation is None


def test_a_cancel_is_heard_between_bands(pair: tuple[np.ndarray, np.ndarray]) -> None:
    heard: list[int] = []
    QualityTally(NAMES, 255).feed(*pair, check=lambda: heard.append(1))
    assert len(heard) == 3


@given(st.integers(1, 50), st.integers(1, 50), st.integers(1, 60), st.integers(1, 30), st.integers(1, 30))
@settings(deadline=None)
def test_cells_are_means_however_they_are_fed(rows: int, cols: int, most: int, height: int, width: int) -> None:
    values = np.random.default_rng(rows).uniform(size=(rows, cols, 2))
    values[rows // 2, :, 0] = np.nan
    cells = CellMeans((rows, cols), 2, most)
    for row in range(0, rows, height):
        for col in range(0, cols, width):
            cells.feed(values[row : row + height, col : col + width], row, col)
    step, found = cells.step, cells.means
    assert max(found.shape[:2]) <= most
    for row, col in np.ndindex(found.shape[:2]):
        part = values[row * step : (row + 1) * step, col * step : (col + 1) * step].reshape(-1, 2)
        part = part[~np.isnan(part).any(axis=1)]
        assert np.allclose(found[row, col], part.mean(axis=0)) if len(part) else np.isnan(found[row, col]).all()
