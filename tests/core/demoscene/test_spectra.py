"""What the surfaces reflect: the calendar of crops, and the contrasts that a classifier lives on."""

from __future__ import annotations

import numpy as np
import pytest

from core.demoscene import legend
from core.demoscene.spectra import columns, cover, reflectance

EVERY_KIND = legend.surfaces_of(np.arange(len(legend.KINDS)), lambda purpose: np.full(len(legend.KINDS), 0.5))


def ndvi(name: str, day: int) -> float:
    red, nir = reflectance(legend.KINDS, EVERY_KIND, day)[legend.kind(name)][columns(("B04", "B08"))]
    return float((nir - red) / (nir + red))


@pytest.mark.parametrize("day", range(1, 366, 13))
def test_covers_are_shares_and_spectra_are_reflectances(day: int) -> None:
    green, ripe = cover(legend.KINDS, EVERY_KIND, day)
    assert green.min() >= 0 and ripe.min() >= 0 and (green + ripe).max() <= 1 + 1e-6
    values = reflectance(legend.KINDS, EVERY_KIND, day)
    assert values.shape == (len(legend.KINDS), 10)
    assert values.min() > 0
    assert values.max() < 0.6


def test_crops_have_a_calendar() -> None:
    assert ndvi("wheat", 130) > 0.7 > 0.4 > ndvi("wheat", 230)
    assert ndvi("maize", 110) < 0.3 < 0.7 < ndvi("maize", 225)
    assert ndvi("sugar beet", 250) > 0.7 > 0.35 > ndvi("maize", 300)
    assert ndvi("broadleaves", 180) > 0.75 > 0.5 > ndvi("broadleaves", 40)
    assert ndvi("conifers", 180) == pytest.approx(ndvi("conifers", 40))


def test_water_is_dark_and_roofs_are_not_green() -> None:
    spectra = reflectance(legend.KINDS, EVERY_KIND, 175)
    assert spectra[legend.kind("clear water")][columns(("B08",))] < 0.02
    assert max(ndvi(name, 175) for name in ("asphalt", "tiled roofs", "slate roofs", "metal roofs", "yards")) < 0.25


def test_ready_made_surfaces_are_where_their_numbers_say() -> None:
    surfaces = legend.ready_made_surfaces(3)
    assert len(surfaces) == len(legend.KINDS) * legend.TONES
    assert surfaces.kind[legend.ready_made("asphalt", 5)] == legend.kind("asphalt")
    assert len(np.unique(surfaces.tone[legend.ready_made("asphalt") : legend.ready_made("asphalt", 8)])) == legend.TONES
