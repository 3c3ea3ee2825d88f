"""What a selection leaves behind: the points, the table of rates, and the lines in the log."""

from __future__ import annotations

import contextlib
import csv
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..jobs import Sampling
from ..partial import replacing
from ..raster.grid import Grid
from ..reporting import Reporter
from ..vector import VectorWriter
from .selection import Chosen
from .strategy import Quota

MOST_CLASSES_SHOWN = 60


class SamplePoints:
    """Writes samples as points at pixel centres, training and validation each to a GeoPackage. Use as a context manager.

    Args:
        output, output_validation: empty: not wanted.
        grid: of the image; the points are in its CRS.
    """

    def __init__(self, output: str, output_validation: str, fields: Mapping[str, str], grid: Grid) -> None:
        self._paths, self._fields, self._grid = (output, output_validation), fields, grid
        self._exits = contextlib.ExitStack()

    def __enter__(self) -> SamplePoints:
        with contextlib.ExitStack() as exits:
            self._writers = [
                exits.enter_context(VectorWriter(path, "Point", self._fields, self._grid.crs)) if path else None for path in self._paths
            ]
            self._exits = exits.pop_all()
        return self

    def write(self, chosen: Chosen, attributes: Mapping[str, Any]) -> None:
        """The samples of a batch, which share their attributes."""
        for writer, which in zip(self._writers, (chosen.training, chosen.validation), strict=True):
            if writer is not None and which.size:
                rows, cols = chosen.batch.rows_cols(which)
                xs, ys = self._grid.transform @ (cols + 0.5, rows + 0.5)
                writer.write_points(zip(xs.tolist(), ys.tolist(), strict=True), attributes)

    def __exit__(self, *exception: Any) -> None:
        self._exits.__exit__(*exception)


def write_rates(path: str, quotas: list[Quota]) -> None:
    """CSV: class, required, total, rate (see Quota). An edited one can be given to the strategy byclass."""
    with replacing(path) as temporary, open(temporary, "w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(("class", "required", "total", "rate"))
        table.writerows((quota.label, quota.required, quota.total, quota.rate) for quota in quotas)


def report(quotas: list[Quota], sampling: Sampling, reporter: Reporter) -> None:
    """The table of classes, and a warning for every class that gets less than was asked for."""
    for quota in quotas[:MOST_CLASSES_SHOWN]:
        split = f", {quota.training} training + {quota.validation} validation" if sampling.validation_share else ""
        reporter.info(f"Class {quota.label}: {quota.total} pixels, {quota.required} required, {quota.taken} taken{split}")
    if len(quotas) > MOST_CLASSES_SHOWN:
        reporter.info(f"… and {len(quotas) - MOST_CLASSES_SHOWN} more classes")
    for quota in quotas:
        for sentence in shortfalls(quota, sampling.validation_share):
            reporter.warn(sentence)


def shortfalls(quota: Quota, share: float) -> list[str]:
    """In words, what of a class's quota cannot be met."""
    sentences = []
    if quota.required > quota.total:
        sentences.append(f"Class {quota.label}: {quota.required} samples required, but there are only {quota.total} pixels.")
    elif quota.taken < quota.required:
        sentences.append(
            f"Class {quota.label}: {quota.taken} samples instead of {quota.required}: the split leaves {quota.training_total} pixels "
            f"to training and {quota.validation_total} to validation."
        )
    for side, number in (("validation", quota.validation), ("training", quota.training)):
        if share and quota.taken and not number:
            sentences.append(
                f"Class {quota.label} has no {side} samples: whole polygons or areas go to one side, and it has too few of them."
            )
    return sentences


def as_outputs(output: str, output_validation: str, rates: str, quotas: list[Quota], output_html: str = "") -> dict[str, Any]:
    """The job's outputs by name."""
    paths = {"OUTPUT": output, "OUTPUT_VALIDATION": output_validation, "RATES": rates, "OUTPUT_HTML": output_html}
    return {name: path for name, path in paths.items() if path} | {
        "SAMPLES": int(np.sum([quota.training for quota in quotas])),
        "VALIDATION_SAMPLES": int(np.sum([quota.validation for quota in quotas])),
        "CLASSES": len(quotas),
    }
