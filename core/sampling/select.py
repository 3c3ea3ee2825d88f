"""The job selectsamples: sample positions from polygons, lines or points with a class."""

from __future__ import annotations

import contextlib
from typing import Any

from ..errors import BadParameter
from ..jobs import Sampling, SelectSamples
from ..raster.grid import Grid
from ..raster.source import Source
from ..reporting import Reporter
from ..vector import INT, VectorReader
from .grouping import ByFeature, grouping_of
from .on_grid import open_on
from .samples_output import SamplePoints, as_outputs, report, write_rates
from .selection import Plan, count, draw, make_plan
from .selection_report import write_selection_report
from .truth import warn_without_crs
from .vector_truth import VectorTruth

ORIGIN = "originfid"  # field of the output: the id of the feature that the sample comes from


def run(job: SelectSamples, reporter: Reporter) -> dict[str, Any]:
    """Two passes over the truth: count, then draw. Memory does not grow with the image or with the number of samples.

    Raises:
        BadTruth: no such field, no usable feature, no pixel under any of them.
        GridMismatch: the mask lies on another grid than the image.
    """
    check_sides(job.sampling, job.output, job.output_validation)
    with contextlib.ExitStack() as exits:
        image = exits.enter_context(Source([job.image]))
        mask = exits.enter_context(open_on(job.image, job.mask)) if job.mask else None
        vector = exits.enter_context(VectorReader(job.truth, job.truth_layer))
        warn_without_crs(vector.crs, image.grid.crs, reporter.warn)
        truth = VectorTruth(vector, job.field, image, mask, reporter)
        plan = _plan(truth, len(vector), job.sampling, image.grid, reporter)
        _write(job, truth, plan, {**vector.fields, ORIGIN: INT}, image.grid, reporter)
    if job.rates:
        write_rates(job.rates, plan.quotas)
    report(plan.quotas, job.sampling, reporter)
    if job.output_html:
        write_selection_report(job.output_html, job.truth, job.sampling, plan.quotas)
    return as_outputs(job.output, job.output_validation, job.rates, plan.quotas, job.output_html)


def check_sides(sampling: Sampling, output: str, output_validation: str) -> None:
    """Raises:
    BadParameter: there is nowhere to write the samples of a side.
    """
    if not output:
        raise BadParameter("Sample points", expected="a file to write", received="none")
    if sampling.splits and not output_validation:
        raise BadParameter(
            "Validation points",
            expected="a file to write, as there is a share or a layer of areas for validation",
            received="none",
            remedy="Name one, or set the share to 0.",
        )


def _plan(truth: VectorTruth, features: int, sampling: Sampling, grid: Grid, reporter: Reporter) -> Plan:
    grouping = grouping_of(sampling, grid, ByFeature(features))
    reporter.phase("Counting the pixels of each class")
    counts = count(truth, grouping)
    for sentence in truth.losses.sentences():
        reporter.warn(sentence)
    if not counts:
        raise truth.explain_nothing()
    return make_plan(truth, counts, sampling, grouping, grid, reporter)


def _write(job: SelectSamples, truth: VectorTruth, plan: Plan, fields: dict[str, str], grid: Grid, reporter: Reporter) -> None:
    reporter.phase("Drawing samples")
    with SamplePoints((job.output, job.output_validation), fields, grid) as points:
        for chosen in draw(truth, plan, job.sampling):
            feature = chosen.batch.feature
            if feature is not None:
                points.write(chosen.sides(), {**feature.attributes, ORIGIN: feature.fid})
