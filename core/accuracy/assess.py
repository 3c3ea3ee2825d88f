"""The job assessaccuracy: a class map against a reference, beside others on the same samples."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..errors import BadParameter, BadTruth
from ..jobs import AssessAccuracy
from ..reporting import Reporter
from ..sampling.on_grid import open_on
from .assessment import Assessment, assess
from .class_map import ClassMap, Coverage
from .classes import ClassList, list_alike, list_classes, shared_names
from .comparison import Contest, contests
from .reference import Reference, open_reference
from .remarks import left_out, remarks
from .report import write_report
from .table import write_table
from .tally import Tally

MOST_NAMES = 12  # in a message


def run(job: AssessAccuracy, reporter: Reporter) -> dict[str, Any]:
    """One pass over every map, for the areas of its classes, and one over the reference. Memory grows with the classes alone.

    Raises:
        BadParameter: no reference, or two; another number of names than of maps.
        BadTruth: a map or the reference holds no classes, they have none in common, or no sample lies where all maps have data.
        GridMismatch: the reference raster or another map lies on another grid than the first.
    """
    with contextlib.ExitStack() as exits:
        names = map_names(job)
        maps = _open(job, exits)
        reference = open_reference(job, maps[0], exits, reporter)
        coverages = [_cover(one, name, reporter) for one, name in zip(maps, names, strict=True)]
        tally = _count(maps, reference, reporter)
    lists = _classes(maps, coverages, reference, tally)
    found = [assess(name, meetings, classes) for name, meetings, classes in zip(names, tally.meetings(), lists, strict=True)]
    tests, said = contests(found, tally.pairs), remarks(found, reference, tally)
    _log(found, tests, said, reporter)
    if job.output:
        write_table(job.output, found)
    if job.output_html:
        write_report(job, found, tests, reference, said)
    return _outputs(job, found[0], tests)


def map_names(job: AssessAccuracy) -> list[str]:
    """What people call the maps: as they are told to, else by their files; the second of one name is called "name (2)".

    Raises:
        BadParameter: names for more or fewer maps than there are.
    """
    paths = (job.map, *job.compared)
    names = [name.strip() for name in job.names.split(",")] if job.names.strip() else [Path(path).stem for path in paths]
    if len(names) != len(paths):
        raise BadParameter("Names of the maps", expected=f"{len(paths)} with commas between, one for each map", received=job.names)
    before = [names[:place].count(name) for place, name in enumerate(names)]
    return [f"{name} ({times + 1})" if times else name for name, times in zip(names, before, strict=True)]


def _open(job: AssessAccuracy, exits: contextlib.ExitStack) -> list[ClassMap]:
    for path in job.compared:
        open_on(job.map, path).close()
    return [exits.enter_context(one) for one in (ClassMap(job.map, job.band), *map(ClassMap, job.compared))]


def _cover(one: ClassMap, name: str, reporter: Reporter) -> dict[int, Coverage]:
    reporter.phase(f"Counting the pixels of each class of {name}")
    return one.coverage(reporter)


def _count(maps: Sequence[ClassMap], reference: Reference, reporter: Reporter) -> Tally:
    reporter.phase("Comparing with the reference")
    tally = Tally(maps)
    for batch in reference.batches():
        tally.add(batch)
    if tally.samples:
        return tally
    raise BadTruth(
        "Not one sample of the reference lies on the map" if len(maps) == 1 else "Not one sample of the reference lies on all maps",
        expected="samples where the map has data" if len(maps) == 1 else "samples where all maps have data",
        received=" ".join(left_out(reference, tally)) or "a reference without any",
        remedy="Check the reference's CRS, the no-data values and the classes to ignore.",
    )


def _classes(maps: Sequence[ClassMap], coverages: Sequence[dict[int, Coverage]], reference: Reference, tally: Tally) -> list[ClassList]:
    """The classes of each map: by its own names if it speaks the first map's language, else the first map's codes count."""
    legend = maps[0].legend
    first = list_classes(coverages[0], legend, tally.labels, shared_names(reference.names, legend.names.values()))
    _check_common(first)
    spoken = [one.legend if shared_names(one.legend.names, legend.names.values()) else legend for one in maps[1:]]
    return [first, *(list_alike(first, coverage, own) for coverage, own in zip(coverages[1:], spoken, strict=True))]


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


def _log(found: Sequence[Assessment], tests: Sequence[Contest], said: Sequence[str], reporter: Reporter) -> None:
    for one in found:
        figures = ", ".join(f"{name.replace('_', ' ')} {value:.3f}" for name, value in one.scores.numbers().items())
        reporter.info(f"{one.name}: {one.samples:,} samples: {figures}; share of the map's area that is right: {one.adjusted.overall}")
    for contest in tests:
        reporter.info(contest.verdict())
    for sentence in said:
        reporter.warn(sentence)


def _outputs(job: AssessAccuracy, found: Assessment, tests: Sequence[Contest]) -> dict[str, Any]:
    paths = {"OUTPUT": job.output, "OUTPUT_HTML": job.output_html}
    smallest = {"MCNEMAR_P": min(contest.p for contest in tests)} if tests else {}
    return {name: path for name, path in paths.items() if path} | found.numbers() | smallest
