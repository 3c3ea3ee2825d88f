"""The job assessaccuracy: a class map against a reference, and against a second map."""

from __future__ import annotations

import contextlib
from typing import Any

from ..errors import BadTruth
from ..jobs import AssessAccuracy
from ..reporting import Reporter
from ..sampling.on_grid import open_on
from .assessment import Assessment, assess
from .class_map import ClassMap
from .classes import ClassList, list_classes, shared_names
from .reference import Reference, open_reference
from .remarks import left_out, remarks
from .report import write_report
from .table import write_table
from .tally import PairTally

MOST_NAMES = 12  # in a message


def run(job: AssessAccuracy, reporter: Reporter) -> dict[str, Any]:
    """One pass over the map, for the areas of its classes, and one over the reference. Memory grows with the classes alone.

    Raises:
        BadParameter: no reference, or two.
        BadTruth: the map or the reference holds no classes, they have none in common, or no sample lies on the map.
        GridMismatch: the reference raster or the second map lies on another grid than the map.
    """
    found, reference, said = _judge(job, reporter)
    _log(found, said, reporter)
    if job.output:
        write_table(job.output, found)
    if job.output_html:
        write_report(job, found, reference, said)
    paths = {"OUTPUT": job.output, "OUTPUT_HTML": job.output_html}
    return {name: path for name, path in paths.items() if path} | found.numbers()


def _judge(job: AssessAccuracy, reporter: Reporter) -> tuple[Assessment, Reference, list[str]]:
    """The figures, what they were measured with, and what has to be said of them."""
    with contextlib.ExitStack() as exits:
        judged = exits.enter_context(ClassMap(job.map, job.band))
        other = exits.enter_context(_second(job)) if job.other_map else None
        reference = open_reference(job, judged, exits, reporter)
        reporter.phase("Counting the pixels of each class of the map")
        coverage = judged.coverage(reporter)
        reporter.phase("Comparing with the reference")
        tally = PairTally(judged, other)
        for batch in reference.batches():
            tally.add(batch)
    if not tally.samples:
        raise _explain_nothing(reference, tally)
    legend = judged.legend
    classes = list_classes(coverage, legend, tally.labels, shared_names(reference.names, legend.names.values()))
    _check_common(classes)
    found = assess(tally.meetings, classes, shared_names(other.legend.names, classes.names) if other else {})
    said = remarks(found, reference, tally)
    if other and not found.comparison:
        said.append("The second map has no data at any sample: there is nothing to compare.")
    return found, reference, said


def _second(job: AssessAccuracy) -> ClassMap:
    open_on(job.map, job.other_map).close()
    return ClassMap(job.other_map)


def _explain_nothing(reference: Reference, tally: PairTally) -> BadTruth:
    return BadTruth(
        "Not one sample of the reference lies on the map",
        expected="samples where the map has data",
        received=" ".join(left_out(reference, tally)) or "a reference without any",
        remedy="Check the reference's CRS, the no-data values and the classes to ignore.",
    )


def _check_common(classes: ClassList) -> None:
    """Not one class in common is a mistake (codes against names, another field), and no accuracy of 0."""
    strangers = classes.only_in_reference
    known = [c.name if c.name == f"class {c.code}" else f"{c.name} ({c.code})" for c in classes.classes if c.code is not None]
    if len(set(classes.of_label.values())) > len(strangers):
        return
    raise BadTruth(
        "The map and the reference have no class in common",
        expected=f"some of {_listed(known)}",
        received=_listed(strangers),
        remedy="Choose the field that holds the map's class names or codes; names are read from the files beside the map.",
    )


def _listed(names: list[str]) -> str:
    return ", ".join(names[:MOST_NAMES]) + (", …" if len(names) > MOST_NAMES else "")


def _log(found: Assessment, said: list[str], reporter: Reporter) -> None:
    scores, adjusted = found.scores, found.adjusted.overall
    figures = ", ".join(f"{name.replace('_', ' ')} {value:.3f}" for name, value in scores.numbers().items())
    reporter.info(f"{found.samples:,} samples: {figures}")
    width = "" if adjusted.half_width is None else f" ± {adjusted.half_width:.3f}"
    reporter.info(f"Share of the map's area that is right: {adjusted.value:.3f}{width}")
    if found.comparison:
        reporter.info(found.comparison.verdict())
    for sentence in said:
        reporter.warn(sentence)
