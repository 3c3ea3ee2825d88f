"""The job selectpatches: positions of patches on a regular grid."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import BadParameter, BadTruth
from ..jobs import SelectPatches
from ..raster.source import Source
from ..reporting import Reporter
from ..vector import INT
from .on_grid import open_on
from .patch_balance import Balance, balance
from .patch_grid import PatchGrid
from .patch_sides import LEFT_OUT, Chessboard, Dealer, Everything, Shares, side_counts
from .patch_survey import NONE, ClassSurvey, Survey, tally
from .samples_output import SamplePoints

SIDES = ("training", "validation", "test")
SIZE = "patch_size"  # field of the output


def run(job: SelectPatches, reporter: Reporter) -> dict[str, Any]:
    """One pass over the image for chessboard and all; two (count, then draw) for split and balanced.

    Memory does not grow with the image.

    Raises:
        BadParameter: the patches do not fit into the image, or there is nowhere to write a side.
        GridMismatch: mask or labels lie on another grid than the image.
        BadTruth: not one patch has data everywhere, or the labels are none.
    """
    _check_outputs(job)
    with contextlib.ExitStack() as exits:
        image = exits.enter_context(Source([job.image], job.nodata))
        mask = exits.enter_context(open_on(job.image, job.mask)) if job.mask else None
        grid = _grid(job, image, reporter)
        if job.strategy == "balanced":
            labels = exits.enter_context(open_on(job.image, job.labels))
            survey: Survey = ClassSurvey(grid, image, mask, labels, job.number_of_classes, reporter)
        else:
            survey = Survey(grid, image, mask, reporter)
        dealer = _dealer(job, survey, reporter)
        reporter.phase("Selecting patches")
        with SamplePoints((job.output, job.output_validation, job.output_test), {SIZE: INT}, image.grid) as points:
            valid, counts = _write(survey, dealer, points)
            _check_any(valid, counts)
    _report(job, grid, valid, counts, reporter)
    return _outputs(job, counts)


def _check_outputs(job: SelectPatches) -> None:
    for side, share, path in zip(SIDES, job.shares, (job.output, job.output_validation, job.output_test), strict=True):
        if share and not path:
            remedy = "Name one, set its share to 0, or choose the strategy all."
            raise BadParameter(f"Points of the {side} patches", expected="a file to write", received="none", remedy=remedy)


def _grid(job: SelectPatches, image: Source, reporter: Reporter) -> PatchGrid:
    step = job.step or job.patch_size
    grid = PatchGrid.over(image.grid.height, image.grid.width, job.patch_size, step, (job.offset_y, job.offset_x))
    if not len(grid):
        raise BadParameter(
            "Not one patch fits into the image",
            expected=f"patch size and offset within {image.grid.height} × {image.grid.width} pixels",
            received=f"{job.patch_size} pixels from row {job.offset_y} and column {job.offset_x} on",
        )
    if step < job.patch_size and sum(share > 0 for share in job.shares) > 1:
        reporter.warn(
            f"The patches overlap (step {step}, size {job.patch_size}): validation and test patches share pixels with training patches, "
            "so that the accuracy comes out too good. Use a step of the patch size or more."
        )
    return grid


def _dealer(job: SelectPatches, survey: Survey, reporter: Reporter) -> Dealer:
    if job.strategy == "chessboard":
        return Chessboard()
    if job.strategy == "all":
        return Everything()
    reporter.phase("Counting the patches")
    totals = tally(survey)
    quotas = dict(totals)
    if isinstance(survey, ClassSurvey) and totals:
        decided = balance(totals, survey.pixels, job.spatial_share)
        _report_balance(decided, reporter)
        quotas = decided.quotas
    return Shares(totals, quotas, side_counts(sum(quotas.values()), job.shares), job.seed)


def _write(survey: Survey, dealer: Dealer, points: SamplePoints) -> tuple[int, list[int]]:
    """How many patches count, and how many went to each side."""
    valid, counts = 0, [0] * len(SIDES)
    for first, kinds in survey.runs():
        valid += int((kinds != NONE).sum())
        sides = dealer.deal(first, kinds)
        if (sides == LEFT_OUT).all():
            continue
        places = [np.nonzero(sides == side) for side in range(len(SIDES))]
        points.write([survey.grid.positions(first + rows, cols) for rows, cols in places], {SIZE: survey.grid.size})
        counts = [count + rows.size for count, (rows, _) in zip(counts, places, strict=True)]
    return valid, counts


def _check_any(valid: int, counts: Sequence[int]) -> None:
    if not valid:
        raise BadTruth(
            "Not one patch can be used",
            expected="a patch with data in all of its pixels",
            received="none",
            remedy="Check the no-data value, the mask and the labels, or use smaller patches.",
        )
    if not sum(counts):
        raise BadTruth("The shares select no patch", expected="at least one", received=f"none of {valid}", remedy="Make the shares larger.")


def _report_balance(decided: Balance, reporter: Reporter) -> None:
    for label, before, after in zip(decided.labels, decided.before, decided.after, strict=True):
        reporter.info(f"Class {label}: {before:.1%} of the labelled pixels of all patches, {after:.1%} of the selected ones'")


def _report(job: SelectPatches, grid: PatchGrid, valid: int, counts: Sequence[int], reporter: Reporter) -> None:
    reporter.info(f"{len(grid.rows)} × {len(grid.cols)} patches of {grid.size} × {grid.size} pixels lie in the image")
    if valid < len(grid):
        what = "no-data, masked pixels or no label" if job.strategy == "balanced" else "no-data or masked pixels"
        reporter.warn(f"{len(grid) - valid} of {len(grid)} patches were left out: they hold {what}.")
    reporter.info(", ".join(f"{count} {side}" for count, side in zip(counts, SIDES, strict=True)) + " patches selected")


def _outputs(job: SelectPatches, counts: Sequence[int]) -> dict[str, Any]:
    paths = {"OUTPUT": job.output, "OUTPUT_VALIDATION": job.output_validation, "OUTPUT_TEST": job.output_test}
    numbers = dict(zip(("PATCHES", "VALIDATION_PATCHES", "TEST_PATCHES"), counts, strict=True))
    return {name: path for name, path in paths.items() if path} | numbers
