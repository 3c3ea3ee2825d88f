"""The accuracy report: one HTML page with what a reviewer asks for."""

from __future__ import annotations

import os
from collections.abc import Sequence
from html import escape

from ..confusion import MOST_CLASSES, confusion_picture, most_frequent
from ..jobs import AssessAccuracy
from ..page import Cell, Html, picture, section, swatch, table, write_page
from .assessment import Assessment
from .comparison import Contest
from .figures import area_picture
from .reference import Reference
from .remarks import design
from .side_by_side import each_class, side_by_side, tested
from .stratified import Estimate
from .table import HECTARE, hectares, pair

METHODS = (
    "Overall accuracy: share of the samples that the map has right. User's accuracy (precision) of a class: of the samples that the map "
    "shows as it, the share that is it. Producer's accuracy (recall): of the samples that are it, the share that the map shows as it. "
    "F1: their harmonic mean. IoU: samples that are and are shown as the class ÷ samples that are or are shown as it. Kappa: Cohen's, "
    "agreement beyond chance. In these, every sample counts the same.",
    "Area-adjusted figures weight every sample by the share of the map that it stands for, and correct the areas of the classes for the "
    "errors of the map: stratified estimators of Olofsson et al. (2014), Remote Sensing of Environment 148, with the map's classes as "
    "strata. ± is half the width of the 95 % confidence interval (1.96 standard errors).",
)


def write_report(job: AssessAccuracy, found: Sequence[Assessment], tests: Sequence[Contest], reference: Reference, said: list[str]) -> None:
    """Write the page to the job's `output_html`: the maps side by side, then the first map, then what the others confuse.

    Args:
        found: one for each map; `tests`: of the first against each other one; `said`: remarks on what was left out.

    Raises:
        CannotWrite: disk full, no such folder, no permission.
    """
    first, *others = found
    write_page(
        job.output_html,
        f"Comparison of {len(found)} maps" if others else "Accuracy of the map",
        f'<p class="lead">{escape(_summary(job, first, reference))}</p>\n',
        *(f'<p class="warning">{escape(sentence)}</p>\n' for sentence in said),
        *(_comparison(found, tests) if others else [table(_overall(first))]),
        section(
            f"Area-adjusted estimates{_of(first, others)}",
            f"<p>{escape(design(first, reference))}</p>\n",
            _areas(first),
            _estimates(first),
        ),
        *(part for one in found for part in _details(one, _of(one, others))),
        section("How the figures are computed", *(f"<p>{escape(text)}</p>\n" for text in METHODS)),
    )


def _of(one: Assessment, others: Sequence[Assessment]) -> str:
    """Whose figures they are, where there are several maps."""
    return f": {one.name}" if others else ""


def _comparison(found: Sequence[Assessment], tests: Sequence[Contest]) -> tuple[str, ...]:
    return (
        section("The maps side by side", *side_by_side(found)),
        section("Is the difference chance?", *tested(tests)),
        section("F1 of each class", *each_class(found)),
    )


def _details(one: Assessment, of: str) -> tuple[str, str]:
    many = len(one.classes.classes) > MOST_CLASSES
    more = f"<p>The {MOST_CLASSES} classes with the most samples, of {len(one.classes.classes)}.</p>\n" if many else ""
    return (
        section(f"Confusion matrix{of}", picture(confusion_picture(one.scores, "map"), "Confusion matrix, rows are the reference"), more),
        section(f"Classes, from the samples as they are{of}", _classes(one)),
    )


def _summary(job: AssessAccuracy, found: Assessment, reference: Reference) -> str:
    of = f"field {job.field} of {os.path.basename(job.truth)}" if job.truth else os.path.basename(job.reference)
    features = f", {reference.features:,} features" if reference.features else ""
    maps = ", ".join(os.path.basename(path) for path in (job.map, *job.compared))
    return f"{maps} against {of}: {found.samples:,} samples{features}, {len(found.classes.classes)} classes."


def _overall(found: Assessment) -> list[tuple[str, Cell]]:
    scores, (low, high) = found.scores, found.interval
    return [
        ("Overall accuracy", f"{scores.overall_accuracy:.3f} ({low:.3f} – {high:.3f})"),
        ("Overall accuracy, area-adjusted", _interval(found.adjusted.overall)),
        ("Kappa", scores.kappa),
        ("F1, mean of the classes", scores.macro_f1),
        ("IoU, mean of the classes", scores.mean_iou),
    ]


def _interval(estimate: Estimate | None) -> Cell:
    return None if estimate is None else str(estimate)


def _names(found: Assessment) -> list[Html]:
    return [swatch(c.colour, c.name) for c in found.classes.classes]


def _classes(found: Assessment) -> str:
    matrix = found.scores.matrix
    rows = [
        (name, c.code, s.support, int(matrix[:, i].sum()), int(matrix[i, i]), s.precision, s.recall, s.f1, s.iou)
        for i, (name, c, s) in enumerate(zip(_names(found), found.classes.classes, found.scores.classes, strict=True))
    ]
    header = ("Class", "Code", "In the reference", "In the map", "Right", "User's accuracy", "Producer's accuracy", "F1", "IoU")
    return table(rows, header)


def _estimates(found: Assessment) -> str:
    rows = [
        (
            name,
            c.pixels,
            None if found.area is None else _rounded(c.area / HECTARE),
            _area(e.share, found.area),
            *map(_interval, (e.share, e.users, e.producers)),
        )
        for name, c, e in zip(_names(found), found.classes.classes, found.adjusted.classes, strict=True)
    ]
    header = (
        "Class",
        "Pixels of the map",
        "Hectares in the map",
        "Hectares, estimated",
        "Share of the area",
        "User's accuracy",
        "Producer's accuracy",
    )
    return table(rows, header)


def _area(share: Estimate, area: float | None) -> Cell:
    value, width = pair(share, hectares(area))
    if value is None:
        return None
    return f"{_rounded(value)} ± {'?' if width is None else _rounded(width)}"


def _rounded(area: float) -> str:
    """To what can be read: no fractions of large areas, and something left of small ones."""
    return f"{area:,.0f}" if area >= 1000 else f"{area:.4g}"


def _areas(found: Assessment) -> str:
    """The picture, in hectares or, where they are not known, in percent of the map."""
    shown = most_frequent(found.scores)
    whole = sum(c.pixels for c in found.classes.classes)
    classes = [found.classes.classes[i] for i in shown]
    estimates = [found.adjusted.classes[i] for i in shown]
    scale = 100.0 if found.area is None else found.area / HECTARE
    mapped = [100 * c.pixels / whole if found.area is None else c.area / HECTARE for c in classes]
    widths = [None if (width := e.share.half_width) is None else width * scale for e in estimates]
    unit = "percent of the map" if found.area is None else "hectares"
    chart = area_picture([c.name for c in classes], mapped, [e.share.value * scale for e in estimates], widths, unit)
    return picture(chart, "Area of each class in the map and as estimated, with confidence intervals")
