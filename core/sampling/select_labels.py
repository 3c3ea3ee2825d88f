"""The job selectsamplesfromlabels: sample positions from a label image."""

from __future__ import annotations

from typing import Any

from ..errors import BadTruth
from ..jobs import SelectSamplesFromLabels
from ..raster.source import Source
from ..raster.style import read_category_names
from ..reporting import Reporter
from ..vector import INT, TEXT
from .grouping import grouping_of
from .label_truth import LabelTruth
from .samples_output import SamplePoints, as_outputs, report, write_rates
from .select import check_sides
from .selection import count, draw, make_plan
from .selection_report import write_selection_report

CLASS, NAME = "class", "name"  # fields of the output: the label as it is in the image, and its name where the image has names


def run(job: SelectSamplesFromLabels, reporter: Reporter) -> dict[str, Any]:
    """Two passes over the whole image: count, then draw. Memory does not grow with it.

    Raises:
        BadTruth: no pixel with data, or values that are no whole numbers.
    """
    check_sides(job.sampling, job.output, job.output_validation)
    with Source([job.labels], job.nodata) as labels:
        if labels.count > 1:
            reporter.warn(f"{job.labels} has {labels.count} bands: the first is taken as the labels.")
        truth = LabelTruth(labels, job.padding, reporter)
        grouping = grouping_of(job.sampling, labels.grid, default=None)
        reporter.phase("Counting the pixels of each class")
        counts = count(truth, grouping)
        if not counts:
            raise BadTruth(f"{job.labels} has no pixel with a label", remedy="Check the no-data value and the border.")
        plan = make_plan(truth, counts, job.sampling, grouping, labels.grid, reporter)
        names = read_category_names(job.labels)
        reporter.phase("Drawing samples")
        fields = {CLASS: INT, NAME: TEXT} if names else {CLASS: INT}
        with SamplePoints((job.output, job.output_validation), fields, labels.grid) as points:
            for chosen in draw(truth, plan, job.sampling):
                points.write(chosen.sides(), {CLASS: chosen.batch.label, NAME: names.get(int(chosen.batch.label))})
    if job.rates:
        write_rates(job.rates, plan.quotas)
    report(plan.quotas, job.sampling, reporter)
    if job.output_html:
        write_selection_report(job.output_html, job.labels, job.sampling, plan.quotas)
    return as_outputs(job.output, job.output_validation, job.rates, plan.quotas, job.output_html)
