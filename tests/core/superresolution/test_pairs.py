"""Pairs: whether they fit, how far they lie apart, and their radiometry."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, shift

from core.errors import BadParameter
from core.superresolution.degradation import degraded, rim
from core.superresolution.pairs import Pairing, fit_radiometry, shifts
from core.superresolution.registration import shift_between


def ground(side: int = 96, bands: int = 2, seed: int = 0) -> np.ndarray:
    """(side, side, bands) of fields and noise."""
    noise = np.random.default_rng(seed).normal(0, 1, (side, side, bands))
    return gaussian_filter(noise, (1.5, 1.5, 0)) * 800 + 3000


@pytest.mark.parametrize("down, right", [(0, 0), (3, -2), (-1.5, 0.4)])
def test_a_shift_is_found(down: float, right: float) -> None:
    reference = ground()
    moved = shift(reference, (down, right, 0), order=3, mode="reflect")
    assert shift_between(reference, moved * 0.3 + 50) == pytest.approx((down, right), abs=0.15)


def test_nothing_is_found_where_nothing_varies() -> None:
    assert np.isnan(shift_between(np.ones((16, 16, 1)), np.ones((16, 16, 1)))).all()


def test_pairs_that_lie_apart_are_told() -> None:
    fine = ground(160)[np.newaxis]
    whole = np.pad(fine, ((0, 0), (32, 32), (32, 32), (0, 0)), mode="reflect")
    coarse = degraded(whole, 4, 0.25)
    start = 8 - rim(4, 0.25)
    same, moved = (coarse[:, start + by : start + by + 40, start : start + 40] for by in (0, 1))
    assert shifts(same, fine, 4, 0.25) == [pytest.approx((0, 0), abs=0.1)]
    assert shifts(moved, fine, 4, 0.25) == [pytest.approx((1, 0), abs=0.15)]


def test_the_radiometry_is_found_band_by_band() -> None:
    fine = ground(96)[np.newaxis]
    gain, offset = np.array([0.5, 2.0]), np.array([100.0, -30.0])
    seen = degraded(fine * gain + offset, 4, 0.25)
    edge = rim(4, 0.25)
    coarse = np.pad(seen, ((0, 0), (edge, edge), (edge, edge), (0, 0)))
    found = fit_radiometry([coarse], [fine], 4, 0.25)
    np.testing.assert_allclose(found.gain, gain, rtol=1e-4)
    np.testing.assert_allclose(found.offset, offset, atol=0.5)


@pytest.mark.parametrize("factor", [2, 3])
def test_a_guide_covers_what_the_fine_patch_covers(factor: int) -> None:
    """A guide that holds the fine patch itself, finer: made coarser it must be that patch, seen through the sensor's blur."""
    side = 48 * factor * factor
    rows, cols = np.mgrid[:side, :side]
    finest = (3.0 * rows + 5.0 * cols)[np.newaxis, :, :, np.newaxis]  # a ramp: a blur leaves it as it is
    fine = finest.reshape(1, side // factor, factor, side // factor, factor, 1).mean(axis=(2, 4))
    (low, guide), high = Pairing(factor, 0.25, given=False, guided=True)([fine, finest])
    assert guide.shape == high.shape and high.shape[1] == low.shape[1] * factor
    np.testing.assert_allclose(guide, high, rtol=1e-5)


@pytest.mark.parametrize("given, side", [(True, 128), (False, 64)])
def test_guides_that_do_not_fit_are_refused(given: bool, side: int) -> None:
    shapes = [(64, 64, 3), *([(32, 32, 3)] if given else []), (side, side, 1)]
    with pytest.raises(BadParameter, match="guide's patches do not fit"):
        Pairing(2, 0.25, given=given, guided=True).check(shapes)


@pytest.mark.parametrize("shapes", [((64, 64, 3), (15, 16, 3)), ((64, 64, 3), (16, 16, 4))])
def test_patches_that_do_not_fit_are_refused(shapes: tuple[tuple[int, int, int], ...]) -> None:
    with pytest.raises(BadParameter, match="do not fit"):
        Pairing(4, 0.25, given=True).check(shapes)


def test_patches_that_are_all_edge_are_refused() -> None:
    with pytest.raises(BadParameter, match="at least 48 × 48"):
        Pairing(4, 0.25, given=False).check([(40, 64, 1)])
