"""The figures as a table (CSV): for each map a row for each class, with the confusion matrix in the last columns, and a row for all."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..partial import replacing
from .assessment import Assessment
from .classes import folded
from .comparison import all_names
from .stratified import Estimate

COLUMNS = (
    "map", "class", "code", "reference_samples", "map_samples", "right", "users_accuracy", "producers_accuracy", "f1", "iou", "kappa",
    "map_pixels", "map_area_ha", "adjusted_users_accuracy", "adjusted_users_half_width", "adjusted_producers_accuracy",
    "adjusted_producers_half_width", "adjusted_area_share", "adjusted_area_share_half_width", "adjusted_area_ha",
    "adjusted_area_ha_half_width",
)  # fmt: skip
ALL = "all classes"
HECTARE = 1e4  # m²


def write_table(path: str, found: Sequence[Assessment]) -> None:
    """Write it. In the row of a class, the columns "as …" say how many of its reference samples the map shows as which class; in the row
    of all classes, the accuracies are the overall ones and F1 and IoU means of the classes. Half widths are of 95 % intervals. What cannot
    be told is empty.

    Raises:
        CannotWrite: disk full, no such folder, no permission.
    """
    names = all_names(found)
    with replacing(path) as temporary, open(temporary, "w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow((*COLUMNS, *(f"as {name}" for name in names)))
        for one in found:
            places = {folded(name): place for place, name in enumerate(one.classes.names)}
            shown = [places.get(folded(name)) for name in names]
            for index in range(len(one.classes.classes)):
                rows.writerow([one.name, *_class_row(one, index), *_spread(one.scores.matrix[index], shown)])
            rows.writerow([one.name, *_last_row(one), *_spread(one.scores.matrix.sum(axis=0), shown)])


def _spread(counts: np.ndarray, places: Sequence[int | None]) -> list[int]:
    """The counts in the order of the columns; a class that this map's list has not was never shown."""
    return [0 if place is None else int(counts[place]) for place in places]


def _class_row(found: Assessment, i: int) -> list[Any]:
    c, scores, adjusted, matrix = found.classes.classes[i], found.scores.classes[i], found.adjusted.classes[i], found.scores.matrix
    samples = (scores.support, int(matrix[:, i].sum()), int(matrix[i, i]))
    return [
        *(c.name, c.code, *samples, scores.precision, scores.recall, scores.f1, scores.iou, None),
        *(c.pixels, hectares(c.area if found.area is not None else None)),
        *(*pair(adjusted.users), *pair(adjusted.producers), *pair(adjusted.share), *pair(adjusted.share, hectares(found.area))),
    ]


def _last_row(found: Assessment) -> list[Any]:
    scores = found.scores
    overall, adjusted = (scores.overall_accuracy,) * 2, pair(found.adjusted.overall) * 2
    total = (1.0, 0.0, hectares(found.area), None if found.area is None else 0.0)
    return [
        *(ALL, None, found.samples, found.samples, int(scores.matrix.trace()), *overall, scores.macro_f1, scores.mean_iou, scores.kappa),
        *(sum(c.pixels for c in found.classes.classes), hectares(found.classes.area)),
        *(*adjusted, *total),
    ]


def pair(estimate: Estimate | None, scale: float | None = 1.0) -> tuple[float | None, float | None]:
    """Value and half width, times the scale: of a share, the whole area. None where either is not known."""
    if estimate is None or scale is None:
        return None, None
    return estimate.value * scale, None if estimate.half_width is None else estimate.half_width * scale


def hectares(area: float | None) -> float | None:
    """From m²."""
    return None if area is None else area / HECTARE
