"""What a selection gave, as a page: a chart and a table of the samples of each class, on either side of the split."""

from __future__ import annotations

import os
from html import escape

from ..charts import MOST_BARS, class_bars
from ..jobs import Sampling
from ..page import picture, section, table, write_page
from .samples_output import shortfalls
from .strategy import Quota

MOST_ROWS = 500  # of a page


def write_selection_report(path: str, truth: str, sampling: Sampling, quotas: list[Quota]) -> None:
    """Write the page. `truth`: path of what the samples were selected from.

    Raises:
        CannotWrite: disk full, no such folder, no permission.
    """
    split = sampling.splits or any(quota.validation for quota in quotas)
    series = {"training": [quota.training for quota in quotas]}
    if split:
        series["validation"] = [quota.validation for quota in quotas]
    warnings = [sentence for quota in quotas for sentence in shortfalls(quota, split)]
    chart = class_bars([str(quota.label) for quota in quotas], series, "samples")
    more = f"<p>The {MOST_BARS} largest of {len(quotas)} classes.</p>\n" if len(quotas) > MOST_BARS else ""
    write_page(
        path,
        "Selected samples",
        f'<p class="lead">{escape(_summary(truth, sampling, quotas, split))}</p>\n',
        *(f'<p class="warning">{escape(sentence)}</p>\n' for sentence in warnings[:MOST_BARS]),
        section("Samples of each class", picture(chart, "Bar chart of the samples of each class"), more),
        section("Classes", _rows(quotas, split)),
    )


def _summary(truth: str, sampling: Sampling, quotas: list[Quota], split: bool) -> str:
    training, validation = sum(quota.training for quota in quotas), sum(quota.validation for quota in quotas)
    apart = f" and {validation:,} for validation" if split else ""
    return (
        f"{training:,} samples for training{apart} of {len(quotas)} classes, from {os.path.basename(truth)}; strategy "
        f"{sampling.strategy}, sampler {sampling.sampler}, seed {sampling.seed}."
    )


def _rows(quotas: list[Quota], split: bool) -> str:
    header = ("Class", "Pixels", "Required", "Training", *(("Validation", "Validation, percent") if split else ()))
    rows = []
    for quota in quotas[:MOST_ROWS]:
        sides = (quota.validation, 100 * quota.validation / quota.taken if quota.taken else None) if split else ()
        rows.append((str(quota.label), quota.total, quota.required, quota.training, *sides))
    more = f"<p>… and {len(quotas) - MOST_ROWS} more classes.</p>\n" if len(quotas) > MOST_ROWS else ""
    return table(rows, header) + more
