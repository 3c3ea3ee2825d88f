"""The one rule for windows: the vectors of the design, and what must hold for any grids."""

from __future__ import annotations

from fractions import Fraction

import pytest
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from rasterio.crs import CRS

from core.errors import GridMismatch
from core.raster.alignment import REFERENCE_AXIS, Axis, align, start_of, starts_about
from core.raster.grid import Grid

HALF = Fraction(1, 2)


def grid(spacing: float = 10.0, x: float = 0.0, y: float = 0.0, size: tuple[int, int] = (100, 100), crs: int = 32631) -> Grid:
    return Grid(*size, Affine(spacing, 0, x, 0, -spacing, y), CRS.from_epsg(crs))


@given(index=st.integers(-1000, 1000), field=st.integers(1, 500))
def test_sample_of_one_source_starts_half_a_field_before_its_pixel(index: int, field: int) -> None:
    assert start_of(index + HALF, field) == index - field // 2


@given(anchor_field=st.integers(1, 64), fine_factor=st.integers(1, 8), position=st.fractions(-100, 100, max_denominator=64))
def test_windows_of_equal_footprint_coincide(anchor_field: int, fine_factor: int, position: Fraction) -> None:
    fine = Axis(Fraction(1, fine_factor), Fraction(0))
    coarse_start, fine_start = starts_about((REFERENCE_AXIS, fine), 0, (anchor_field, anchor_field * fine_factor), position)
    assert fine_start == coarse_start * fine_factor


@given(
    ratio=st.fractions(Fraction(1, 8), 1, max_denominator=20), offset=st.fractions(-5, 5, max_denominator=20),
    fields=st.tuples(st.integers(1, 40), st.integers(1, 40)), position=st.fractions(-50, 50, max_denominator=40),
)  # fmt: skip
def test_every_window_is_centred_within_half_a_pixel(
    ratio: Fraction, offset: Fraction, fields: tuple[int, int], position: Fraction
) -> None:
    axes = (REFERENCE_AXIS, Axis(ratio, offset))
    coarse_start, fine_start = starts_about(axes, 0, fields, position)
    coarse_centre = coarse_start + Fraction(fields[0], 2)
    assert -HALF <= coarse_centre - position < HALF or coarse_centre - position == -HALF
    assert abs(fine_start + Fraction(fields[1], 2) - axes[1].from_reference(coarse_centre)) <= HALF


def test_pan_and_multispectral() -> None:
    alignment = align([grid(10.0), grid(2.5, size=(400, 400))])
    assert alignment.rows[1] == alignment.cols[1] == Axis(Fraction(1, 4), Fraction(0))
    assert alignment.anchor == 0
    assert align([grid(2.5, size=(400, 400)), grid(10.0)]).anchor == 1


def test_first_of_equally_coarse_sources_is_the_anchor() -> None:
    assert align([grid(5.0), grid(10.0), grid(10.0)]).anchor == 1


def test_whole_pixel_offsets_are_exact_and_silent() -> None:
    alignment = align([grid(), grid(x=30.0, y=-20.0)])
    assert (alignment.rows[1].offset, alignment.cols[1].offset) == (2, 3)
    assert alignment.remarks == ()


def test_south_up_grids_align_with_each_other() -> None:
    up = Grid(100, 100, Affine(10, 0, 0, 0, 10, 0), CRS.from_epsg(32631))
    shifted = Grid(50, 50, Affine(20, 0, 40, 0, 20, 60), CRS.from_epsg(32631))
    alignment = align([up, shifted])
    assert (alignment.rows[1], alignment.cols[1]) == (Axis(Fraction(2), Fraction(6)), Axis(Fraction(2), Fraction(4)))


def test_rotated_alike_grids_align() -> None:
    turned = Affine.rotation(30)
    first, second = (Grid(50, 50, Affine.translation(500, 900) @ turned @ Affine.scale(s), None) for s in (10, 5))
    assert align([first, second]).cols[1].ratio == HALF


def test_small_misfit_is_reported_with_its_size() -> None:
    alignment = align([grid(), grid(x=1.0)])
    assert len(alignment.remarks) == 1
    assert "+0.1000" in alignment.remarks[0] and "across" in alignment.remarks[0]


@pytest.mark.parametrize("ratio", [Fraction(3, 20), Fraction(3, 200), Fraction(1, 3), Fraction(100, 3), Fraction(7, 6)])
@pytest.mark.parametrize("size", [(1, 1), (2, 3), (5000, 5000)])
def test_ratio_is_exact_whatever_the_size(ratio: Fraction, size: tuple[int, int]) -> None:
    assert align([grid(10.0, size=(9000, 9000)), grid(10 * float(ratio), size=size)]).cols[1].ratio == ratio


def test_spacing_that_is_a_little_off_is_taken_for_the_simple_one_and_reported() -> None:
    alignment = align([grid(0.49999345509841014, size=(600, 600)), grid(1.0000483155950517, size=(300, 300))])
    assert alignment.rows[1].ratio == 2
    assert any("drifts +0.0184" in remark for remark in alignment.remarks), alignment.remarks


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (grid(crs=32632), "EPSG:32632"),
        (grid(x=4.0), "0.400"),
        (grid(x=5000.0), "do not overlap"),
        (grid(y=-1000.0), "do not overlap"),
        (grid(10.0712345), "no simple ratio"),
        (Grid(100, 100, Affine(10, 0, 0, 0, 10, 0), CRS.from_epsg(32631)), "mirrored"),
        (Grid(100, 100, Affine.rotation(5) @ Affine.scale(10, -10), CRS.from_epsg(32631)), "rotated"),
    ],
)
def test_what_does_not_lie_on_the_reference_is_refused_with_the_numbers(other: Grid, words: str) -> None:
    with pytest.raises(GridMismatch, match=words):
        align([grid(), other])
