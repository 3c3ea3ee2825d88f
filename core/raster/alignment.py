"""Where the windows of several sources lie: the one rule, for cutting training patches and for serving alike.

All windows of one sample, or of one block of outputs, share one centre. The anchor is the coarsest source *c*::

    start_c = ceil(centre_c − RF_c/2 − 1/2)      centre_c: centre of the footprint, in c's pixels (half rounds down)
    start_i = ceil(centre'_i − RF_i/2 − 1/2)     centre'_i: centre of c's window in source i's pixels

Everything is in exact fractions, one axis at a time. Two grids are compared once, through their affine transforms.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor

from ..errors import GridMismatch
from .grid import HOW_TO_RESAMPLE, SNAP, Grid, Window, snap

HALF = Fraction(1, 2)
LARGEST_MISFIT = Fraction(1, 4)  # of the coarser pixel: beyond, training and serving would see another place
LARGEST_DRIFT = 0.1  # pixels over the whole image that a simplified ratio of spacings may add up to
WORTH_SAYING = 1e-3  # pixels
EQUAL = 1e-9  # relative: what is left of a float after storing it in a file


@dataclass(frozen=True)
class Axis:
    """A source's pixels along one axis, seen from the reference: pixel p starts at `offset` + p · `ratio` reference pixels."""

    ratio: Fraction
    offset: Fraction

    def from_reference(self, position: Fraction) -> Fraction:
        """A position in reference pixels, in this source's pixels."""
        return (position - self.offset) / self.ratio

    def to_reference(self, position: Fraction) -> Fraction:
        """A position in this source's pixels, in reference pixels."""
        return self.offset + position * self.ratio

    @property
    def misfit(self) -> Fraction:
        """How far, in this source's pixels, its pixel edges lie off the places that whole pixels would have; within ±1/2."""
        whole_pixels = self.offset / self.ratio
        return whole_pixels - floor(whole_pixels + HALF)


REFERENCE_AXIS = Axis(Fraction(1), Fraction(0))


def start_of(centre: Fraction, field: int) -> int:
    """First pixel of the window of `field` pixels about a centre (corner-based; a tie rounds down)."""
    return ceil(centre - Fraction(field, 2) - HALF)


def starts_about(axes: Sequence[Axis], anchor: int, fields: Sequence[int], centre: Fraction) -> tuple[int, ...]:
    """First pixel of each source's window for a footprint with this centre (in reference pixels): the one rule, along one axis."""
    start = start_of(axes[anchor].from_reference(centre), fields[anchor])
    shared = axes[anchor].to_reference(start + Fraction(fields[anchor], 2))
    return tuple(
        start if i == anchor else start_of(axis.from_reference(shared), field)
        for i, (axis, field) in enumerate(zip(axes, fields, strict=True))
    )


@dataclass(frozen=True)
class Alignment:
    """How sources lie on each other. The first is the reference, `anchor` the coarsest (the first of them).

    Attributes:
        rows, cols: one Axis a source.
        remarks: misregistrations that are tolerated, in words, for the log.
    """

    rows: tuple[Axis, ...]
    cols: tuple[Axis, ...]
    anchor: int
    remarks: tuple[str, ...] = ()

    def windows_about(self, row: Fraction, col: Fraction, sizes: Sequence[tuple[int, int]]) -> tuple[Window, ...]:
        """Each source's window of `sizes` (height, width) for a footprint centred at (row, col), in reference pixels."""
        tops = starts_about(self.rows, self.anchor, [height for height, _ in sizes], row)
        lefts = starts_about(self.cols, self.anchor, [width for _, width in sizes], col)
        return tuple(Window(top, left, height, width) for top, left, (height, width) in zip(tops, lefts, sizes, strict=True))

    def sample_windows(self, row: int, col: int, sizes: Sequence[tuple[int, int]]) -> tuple[Window, ...]:
        """Each source's window for a sample in the anchor's pixel (row, col): the footprint of a sample is that pixel."""
        return self.windows_about(self.rows[self.anchor].to_reference(row + HALF), self.cols[self.anchor].to_reference(col + HALF), sizes)


def align(grids: Sequence[Grid], names: Sequence[str] = ()) -> Alignment:
    """Compare the grids with the first one, once and for all.

    Args:
        names: what to call the sources in messages; default "source 1", "source 2", …

    Raises:
        GridMismatch: other CRS, rotated against each other, spacings without a simple ratio, no overlap, or more than
            a quarter of a pixel apart; with the numbers.
    """
    labels = list(names) or [f"source {i}" for i in range(1, len(grids) + 1)]
    rows, cols, remarks = [REFERENCE_AXIS], [REFERENCE_AXIS], []
    for grid, label in zip(grids[1:], labels[1:], strict=True):
        row_axis, col_axis = _axes(grids[0], grid, f"{label} against {labels[0]}")
        rows.append(row_axis)
        cols.append(col_axis)
        remarks += _remarks(grids[0], grid, row_axis, col_axis, label)
    coarsest = max(range(len(grids)), key=lambda i: (rows[i].ratio * cols[i].ratio, -i))
    return Alignment(tuple(rows), tuple(cols), coarsest, tuple(remarks))


def _axes(reference: Grid, grid: Grid, label: str) -> tuple[Axis, Axis]:
    if reference.crs != grid.crs:
        expected, received = reference.crs or "none", grid.crs or "none"
        raise GridMismatch(f"{label}: the CRS differs", expected=expected, received=received, remedy=f"Reproject it. {HOW_TO_RESAMPLE}")
    between = ~reference.transform @ grid.transform  # pixels of the grid → pixels of the reference
    if max(abs(between.b) * grid.height, abs(between.d) * grid.width) > SNAP * max(abs(between.a), 1) * max(grid.height, grid.width):
        raise GridMismatch(f"{label}: the grids are rotated or sheared against each other", remedy=f"Resample it. {HOW_TO_RESAMPLE}")
    if between.a <= 0 or between.e <= 0:
        raise GridMismatch(f"{label}: one is mirrored (south-up or west-going), the other is not", remedy=f"Resample it. {HOW_TO_RESAMPLE}")
    row_axis = _axis(between.e, between.f, grid.height, label)
    col_axis = _axis(between.a, between.c, grid.width, label)
    _check_overlap(reference, grid, row_axis, col_axis, label)
    return row_axis, col_axis


def _axis(ratio: float, offset: float, size: int, label: str) -> Axis:
    simple = _simple_ratio(ratio, size)
    if simple is None:
        raise GridMismatch(
            f"{label}: the spacings have no simple ratio",
            expected=f"about {Fraction(ratio).limit_denominator(8)}",
            received=f"{ratio:.9g} (its pixels in source 1's pixels)",
            remedy=f"Resample it. {HOW_TO_RESAMPLE}",
        )
    snapped = snap(offset)
    axis = Axis(simple, Fraction(offset) if snapped is None else snapped)
    if abs(axis.misfit) * axis.ratio > LARGEST_MISFIT * max(axis.ratio, Fraction(1)):
        raise GridMismatch(
            f"{label}: the pixels do not lie on each other",
            expected=f"at most {float(LARGEST_MISFIT)} of a pixel apart",
            received=f"{float(abs(axis.misfit)):.3f} of its pixels (offset {offset:.6g} pixels of source 1)",
            remedy=f"Resample it onto source 1's grid. {HOW_TO_RESAMPLE}",
        )
    return axis


def _simple_ratio(ratio: float, size: int) -> Fraction | None:
    """The fraction that the ratio of two spacings stands for, or None.

    Spacings are stored with rounding (10/3 m), and sometimes a little off (1.000048 m for 1 m): first the fraction that is
    equal up to the rounding, then the simplest one with which `size` pixels stay together.
    """
    tries = [(limit, EQUAL * ratio) for limit in (64, 1000)] + [(limit, LARGEST_DRIFT * min(ratio, 1.0) / size) for limit in (1, 8, 64)]
    for limit, tolerance in tries:
        fraction = Fraction(ratio).limit_denominator(limit)
        if fraction > 0 and abs(float(fraction) - ratio) <= tolerance:
            return fraction
    return None


def _check_overlap(reference: Grid, grid: Grid, row_axis: Axis, col_axis: Axis, label: str) -> None:
    apart_rows = row_axis.offset >= reference.height or row_axis.to_reference(Fraction(grid.height)) <= 0
    apart_cols = col_axis.offset >= reference.width or col_axis.to_reference(Fraction(grid.width)) <= 0
    if apart_rows or apart_cols:
        raise GridMismatch(f"{label}: they do not overlap", expected=f"within {reference.bounds}", received=grid.bounds)


def _remarks(reference: Grid, grid: Grid, row_axis: Axis, col_axis: Axis, label: str) -> list[str]:
    """What the user should know of the registration, though it is tolerated."""
    end_row, end_col = reference.row_col(*grid.xy(grid.height, grid.width))
    remarks = []
    for axis, end, size, way in ((row_axis, end_row, grid.height, "down"), (col_axis, end_col, grid.width, "across")):
        drift = float(axis.from_reference(Fraction(end))) - size
        if axis.misfit:
            remarks.append(f"{label} lies {float(axis.misfit):+.4f} of its pixels {way} off whole pixels; the nearest ones are used.")
        if abs(drift) > WORTH_SAYING:
            remarks.append(
                f"{label} drifts {drift:+.4f} of its pixels {way} over the image: its spacing is not exactly {axis.ratio} of source 1's."
            )
    return remarks
