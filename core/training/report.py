"""The training report: one HTML page that can be shown to others, with all that is needed to judge the model and to make it again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from types import ModuleType

import numpy as np
import sklearn

from ..jobs import TrainModel, to_dict
from ..model.backend import keras, tf
from ..model.contract import Contract, InputSpec
from ..page import picture, section, swatch, table, write_page
from .figures import Example, confusion_picture, contact_sheet, curves
from .loop import History
from .metrics import Scores

_LIBRARIES: tuple[ModuleType, ...] = (tf, keras, np, sklearn)


@dataclass(frozen=True)
class Facts:
    """What the report tells. `scores` are of the validation data if `validated`, else of the training data."""

    job: TrainModel
    contract: Contract
    parameters: int
    history: History
    scores: Scores
    samples: int
    validated: bool


def write(facts: Facts, right: Sequence[Example], wrong: Sequence[Example]) -> None:
    """Write the page to the job's `output_html`.

    Raises:
        CannotWrite: disk full, no such folder, no permission.
    """
    data = "validation" if facts.validated else "training"
    write_page(
        facts.job.output_html,
        f"Training of {facts.contract.name}",
        f'<p class="lead">{escape(_summary(facts))}</p>\n',
        "" if facts.validated else '<p class="warning">No validation data were given: the scores are those of the training data.</p>\n',
        table(_scores(facts)),
        section("Epochs", picture(curves(facts.history.epochs, facts.history.best), "Loss and overall accuracy over the epochs")),
        section(f"Classes, on the {data} data", _class_table(facts)),
        section("Confusion matrix", picture(confusion_picture(facts.scores), "Confusion matrix, rows are the reference")),
        section("Right", _sheet(right, "Patches that the model classified rightly")),
        section("Wrong", _sheet(wrong, "Patches that the model took for another class")),
        section("Model", table(_model(facts))),
        section("Settings", table(_settings(facts.job))),
        section("To train it again", *_recipe(facts.job)),
    )


def _summary(facts: Facts) -> str:
    against = f"{int(facts.scores.matrix.sum()):,} validation samples" if facts.validated else "the same"
    return f"{facts.samples:,} training samples, {len(facts.scores.classes)} classes, measured on {against}."


def _scores(facts: Facts) -> list[tuple[str, str | float]]:
    best = facts.history.best
    return [
        ("Overall accuracy", facts.scores.overall_accuracy),
        ("Kappa", facts.scores.kappa),
        ("F1, mean of the classes", facts.scores.macro_f1),
        ("Best epoch", f"{best.number if best else 0} of {len(facts.history.epochs)}"),
    ]


def _class_table(facts: Facts) -> str:
    colours = {c.name: c for c in facts.contract.classes}
    rows = [
        (swatch(colours[c.name].colour, c.name), str(colours[c.name].code), c.precision, c.recall, c.f1, c.support)
        for c in facts.scores.classes
    ]
    return table(rows, ("Class", "Code", "Precision", "Recall", "F1", "Samples"))


def _sheet(examples: Sequence[Example], description: str) -> str:
    return picture(contact_sheet(examples), description) if examples else "<p>None.</p>\n"


def _model(facts: Facts) -> list[tuple[str, str | int]]:
    contract = facts.contract
    width, height = contract.expression_field
    inputs = [(f"Input {spec.name}", describe_input(spec)) for spec in contract.inputs]
    geometry = ("Expression field, scale factor", f"{width} × {height}, {contract.scale_factor}")
    return [("Architecture", contract.architecture or "unknown"), ("Parameters", facts.parameters), *inputs, geometry]


def describe_input(spec: InputSpec) -> str:
    """An input of a contract in words."""
    width, height = spec.receptive_field
    names = f" ({', '.join(spec.bands)})" if spec.bands else ""
    return f"receptive field {width} × {height} pixels, {spec.band_count} band{'s' if spec.band_count > 1 else ''}{names}"


def _settings(job: TrainModel) -> list[tuple[str, str]]:
    return [
        ("Model to begin with", job.model),
        ("Epochs", str(job.epochs)),
        ("Batch size", f"{job.batch_size} patches"),
        ("Learning rate", f"{job.learning_rate:g}, falling to 0 along a cosine; Adam"),
        ("Balance classes", "yes" if job.balance_classes else "no"),
        ("Augment (turn and mirror)", "yes" if job.augment else "no"),
        ("Seed", str(job.seed)),
        ("Libraries", ", ".join(f"{library.__name__} {library.__version__}" for library in _LIBRARIES)),
    ]


def _recipe(job: TrainModel) -> tuple[str, str]:
    text = "<p>Save this as <code>job.json</code> and run <code>python -m core job.json</code> in the plugin's folder.</p>\n"
    return text, f"<pre>{escape(json.dumps(to_dict(job), indent=2, ensure_ascii=False))}</pre>\n"
