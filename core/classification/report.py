"""The report of a trained classifier: one HTML page that can be shown to others."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from ..charts import SERIES_COLOURS, png, shortened
from ..confusion import confusion_picture
from ..jobs import TrainClassifier, to_dict
from ..metrics import Scores
from ..page import picture, section, swatch, table, to_repeat, write_page
from .contract import ClassifierContract
from .judging import Importance
from .learners import NAMES
from .lesson import KNOWN_TO_THE_MODEL, Outcome

MOST_BARS = 30


def write_report(job: TrainClassifier, contract: ClassifierContract, outcome: Outcome) -> None:
    """Write the page to the job's `output_html`.

    Raises:
        CannotWrite: disk full, no such folder, no permission.
    """
    name = NAMES[job.learning.classifier]
    lead = f"{sum(outcome.counts):,} samples, {len(contract.classes)} classes, {len(contract.features)} features."
    write_page(
        job.output_html,
        f"{name}: {Path(job.output).stem}",
        f'<p class="lead">{escape(lead)} Judged by {escape(outcome.judged)}.</p>\n',
        *_warnings(job, outcome),
        *_scores(contract, outcome),
        section("Features", *_importances(contract, outcome)),
        section("Settings", table(_settings(job, contract, outcome))),
        section("To train it again", to_repeat(to_dict(job))),
    )


def _warnings(job: TrainClassifier, outcome: Outcome) -> list[str]:
    told = []
    if not job.validation and not job.spatial_block:
        told.append(
            "No validation samples were given: the figures are of the training samples, each judged without itself. Neighbours are "
            "alike, so they may be too good."
        )
    if job.model and not job.validation:
        told.append(KNOWN_TO_THE_MODEL)
    if outcome.rejected:
        told.append(f"Samples left out: {'; '.join(outcome.rejected)}.")
    return [f'<p class="warning">{escape(text)}</p>\n' for text in told]


def _scores(contract: ClassifierContract, outcome: Outcome) -> list[str]:
    scores = outcome.scores
    if scores is None:
        return ['<p class="warning">The classifier could not be judged: too few samples.</p>\n']
    figures = [("Overall accuracy", scores.overall_accuracy), ("Kappa", scores.kappa), ("F1, mean of the classes", scores.macro_f1)]
    return [
        table(figures),
        section("Classes", _class_table(contract, outcome, scores)),
        section(
            "Confusion matrix", picture(confusion_picture(scores, "answer of the classifier"), "Confusion matrix, rows are the reference")
        ),
    ]


def _class_table(contract: ClassifierContract, outcome: Outcome, scores: Scores) -> str:
    known = {c.name: c for c in contract.classes}
    counts = dict(zip(known, outcome.counts, strict=True))
    rows = [
        (
            swatch(known[c.name].colour, c.name) if c.name in known else c.name,
            str(known[c.name].code) if c.name in known else "not trained",
            counts.get(c.name, 0),
            c.precision,
            c.recall,
            c.f1,
            c.iou,
            c.support,
        )
        for c in scores.classes
    ]
    return table(rows, ("Class", "Code", "Trained on", "Precision", "Recall", "F1", "IoU", "Judged by"))


def _importances(contract: ClassifierContract, outcome: Outcome) -> list[str]:
    features, weighed = contract.features, outcome.importance
    if weighed is None:
        return [f"<p>{escape(', '.join(features))}</p>\n"]
    text = f"Importance: {weighed.measure}."
    return [f"<p>{escape(text)}</p>\n", picture(importance_picture(features, weighed), "Importance of the features")]


def importance_picture(features: Sequence[str], weighed: Importance) -> bytes:
    """A bar for each feature, the most important first; of many, the first MOST_BARS."""
    order = np.argsort(-weighed.values, kind="stable")[:MOST_BARS]
    figure = Figure(figsize=(9, 0.3 * len(order) + 0.9), layout="constrained")
    panel = figure.subplots()
    panel.barh(range(len(order)), weighed.values[order], color=SERIES_COLOURS[0], height=0.72)
    panel.set_yticks(range(len(order)), [shortened(features[i]) for i in order], fontsize=9, parse_math=False)
    panel.set_ylim(len(order) - 0.4, -0.6)
    panel.set_xlabel(weighed.measure)
    panel.grid(axis="x", alpha=0.25)
    panel.set_axisbelow(True)
    panel.spines[["top", "right"]].set_visible(False)
    return png(figure)


def _settings(job: TrainClassifier, contract: ClassifierContract, outcome: Outcome) -> list[tuple[str, str]]:
    sources = [
        (f"Source {i}", f"{', '.join(Path(path).name for path in source.images)}: {', '.join(spec.bands)}")
        for i, (source, spec) in enumerate(zip(job.sources, contract.sources, strict=True), start=1)
    ]
    model = [("Model", f"{job.model}: {', '.join(contract.model.outputs)}")] if contract.model else []
    best = [("Best of the grid", ", ".join(f"{name} {value}" for name, value in outcome.best.items()))] if outcome.best else []
    libraries = ", ".join(f"{name} {version}" for name, version in contract.libraries.items())
    return [*sources, *model, *best, ("Seed", str(job.seed)), ("Libraries", libraries)]
