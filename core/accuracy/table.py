"""The figures as a table (CSV): a row for each class, the confusion matrix in its last columns, and a row for all classes together."""

from __future__ import annotations

import csv
from typing import Any

from ..partial import replacing
from .assessment import Assessment
from .stratified import Estimate

COLUMNS = (
    "class", "code", "reference_samples", "map_samples", "right", "users_accuracy", "producers_accuracy", "f1", "iou", "kappa",
    "map_pixels", "map_area_ha", "adjusted_users_accuracy", "adjusted_users_half_width", "adjusted_producers_accuracy",
    "adjusted_producers_half_width", "adjusted_area_share", "adjusted_area_share_half_width", "adjusted_area_ha",
    "adjusted_area_ha_half_width",
)  # fmt: skip
ALL = "all classes"
HECTARE = 1e4  # m²


def write_table(path: str, found: Assessment) -> None:
    """Write it. In the row of a class, the columns "as …" say how many of its reference samples the map shows as which class; in the row
    of all classes, the accuracies are the overall ones and F1 and IoU means of the classes. Half widths are of 95 % intervals. What cannot
    be told is empty.

    Raises:
        CannotWrite: disk full, no such folder, no permission.
    """
    with replacing(path) as temporary, open(temporary, "w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow((*COLUMNS, *(f"as {name}" for name in found.classes.names)))
        for index in range(len(found.classes.classes)):
            rows.writerow(_class_row(found, index))
        rows.writerow(_last_row(found))


def _class_row(found: Assessment, i: int) -> list[Any]:
    c, scores, adjusted, matrix = found.classes.classes[i], found.scores.classes[i], found.adjusted.classes[i], found.scores.matrix
    samples = (scores.support, int(matrix[:, i].sum()), int(matrix[i, i]))
    return [
        *(c.name, c.code, *samples, scores.precision, scores.recall, scores.f1, scores.iou, None),
        *(c.pixels, hectares(c.area if found.area is not None else None)),
        *(*pair(adjusted.users), *pair(adjusted.producers), *pair(adjusted.share), *pair(adjusted.share, hectares(found.area))),
        *matrix[i].tolist(),
    ]


def _last_row(found: Assessment) -> list[Any]:
    scores, matrix = found.scores, found.scores.matrix
    overall, adjusted = (scores.overall_accuracy,) * 2, pair(found.adjusted.overall) * 2
    total = (1.0, 0.0, hectares(found.area), None if found.area is None else 0.0)
    return [
        *(ALL, None, found.samples, found.samples, int(matrix.trace()), *overall, scores.macro_f1, scores.mean_iou, scores.kappa),
        *(sum(c.pixels for c in found.classes.classes), hectares(found.classes.area)),
        *(*adjusted, *total, *matrix.sum(axis=0).tolist()),
    ]


def pair(estimate: Estimate | None, scale: float | None = 1.0) -> tuple[float | None, float | None]:
    """Value and half width, times the scale: of a share, the whole area. None where either is not known."""
    if estimate is None or scale is None:
        return None, None
    return estimate.value * scale, None if estimate.half_width is None else estimate.half_width * scale


def hectares(area: float | None) -> float | None:
    """From m²."""
    return None if area is None else area / HECTARE
