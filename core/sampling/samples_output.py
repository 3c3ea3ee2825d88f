"""What a selection leaves behind: the points, the table of rates, and the lines in the log."""

from __future__ import annotations

import contextlib
import csv
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from ..jobs import Sampling
from ..partial import replacing
from ..raster.grid import Grid
from ..reporting import Reporter
from ..vector import VectorWriter
from .strategy import Quota

MOST_CLASSES_SHOWN = 60


Pixels = tuple[np.ndarray, np.ndarray]  # rows and columns in the image


class SamplePoints:
    """Writes samples as points at pixel centres, each side (training, validation, …) to a GeoPackage. Use as a context manager.

    Args:
        paths: one a side; empty: not wanted.
        grid: of the image; the points are in its CRS.
    """

    def __init__(self, paths: Sequence[str], fields: Mapping[str, str], grid: Grid) -> None:
        self._paths, self._fields, self._grid = paths, fields, grid
        self._exits = contextlib.ExitStack()

    def __enter__(self) -> SamplePoints:
        with contextlib.ExitStack() as exits:
            self._writers = [
                exits.enter_context(VectorWriter(path, "Point", self._fields, self._grid.crs)) if path else None for path in self._paths
            ]
            self._exits = exits.pop_all()
        return self

    def write(self, sides: Iterable[Pixels], attributes: Mapping[str, Any]) -> None:
        """Samples of every side, which share their attributes."""
        for writer, (rows, cols) in zip(self._writers, sides, strict=True):
            if writer is not None and rows.size:
                xs, ys = self._grid.transform @ (cols + 0.5, rows + 0.5)
                writer.write_points(zip(xs.tolist(), ys.tolist(), strict=True), attributes)

    def __exit__(self, *exception: Any) -> None:
        self._exits.__exit__(*exception)


def write_rates(path: str, quotas: list[Quota]) -> None:
    """CSV: class, required, total, rate, training, validation, kept_apart: see Quota. An edited one suits the strategy byclass."""
    with replacing(path) as temporary, open(temporary, "w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(("class", "required", "total", "rate", "training", "validation", "kept_apart"))
        table.writerows((q.label, q.required, q.total, q.rate, q.training, q.validation, q.kept_apart) for q in quotas)


def report(quotas: list[Quota], sampling: Sampling, reporter: Reporter) -> None:
    """The table of classes, and a warning for every class that gets less than was asked for."""
    for quota in quotas[:MOST_CLASSES_SHOWN]:
        reporter.info(f"Class {quota.label}: {quota.total} pixels, {quota.required} required, {quota.taken} taken{_split(quota, sampling)}")
    if len(quotas) > MOST_CLASSES_SHOWN:
        reporter.info(f"… and {len(quotas) - MOST_CLASSES_SHOWN} more classes")
    for quota in quotas:
        for sentence in shortfalls(quota, sampling.splits):
            reporter.warn(sentence)


def _split(quota: Quota, sampling: Sampling) -> str:
    if not sampling.splits:
        return ""
    share = f" ({quota.validation / quota.taken:.1%})" if quota.taken else ""
    apart = f"; {quota.kept_apart} pixels in the buffer were left out" if sampling.spatial_buffer else ""
    return f", {quota.training} training + {quota.validation} validation{share}{apart}"


def shortfalls(quota: Quota, split: bool) -> list[str]:
    """In words, what of a class's quota cannot be met; `split`: whether there is a validation side."""
    sentences = []
    if quota.required > quota.total:
        sentences.append(f"Class {quota.label}: {quota.required} samples required, but there are only {quota.total} pixels.")
    elif quota.taken < quota.required:
        sentences.append(
            f"Class {quota.label}: {quota.taken} samples instead of {quota.required}: the split leaves {quota.training_total} pixels "
            f"to training and {quota.validation_total} to validation."
        )
    for side, number in (("validation", quota.validation), ("training", quota.training)):
        if split and not number and (quota.taken or quota.kept_apart):
            sentences.append(
                f"Class {quota.label} has no {side} samples: whole polygons or areas go to one side, and it has too few of them."
            )
    return sentences


def as_outputs(output: str, output_validation: str, rates: str, quotas: list[Quota], output_html: str = "") -> dict[str, Any]:
    """The job's outputs by name."""
    paths = {"OUTPUT": output, "OUTPUT_VALIDATION": output_validation, "RATES": rates, "OUTPUT_HTML": output_html}
    return {name: path for name, path in paths.items() if path} | {
        "SAMPLES": sum(quota.training for quota in quotas),
        "VALIDATION_SAMPLES": sum(quota.validation for quota in quotas),
        "CLASSES": len(quotas),
        "KEPT_APART": sum(quota.kept_apart for quota in quotas),
    }
