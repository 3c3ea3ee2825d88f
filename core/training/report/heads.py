"""The part of the training report about the answers: for every head its figures, and samples that were answered well and badly."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from html import escape
from typing import TypeVar

import numpy as np

from ...confusion import MOST_NUMBERS, confusion_picture
from ...metrics import Regression, Scores
from ...page import Cell, picture, section, swatch, table
from ..data.prepare import Goal
from ..measure import Result
from .cloud import Cloud
from .examples import MOST_BESIDE, Album, Maps, maps_beside, numbers_beside, right_and_wrong
from .figures import clouds_picture
from .sheets import contact_sheet, triple_sheet

T = TypeVar("T")
_KINDS = ("Best answers", "Worst answers", "Answers between, evenly spread")
_MOST_ROWS = 500  # of a table of measurements


def headline(result: Result) -> list[tuple[str, Cell]]:
    """The figures of a head as a whole."""
    numbers = result.scores.numbers()
    if isinstance(result.scores, Scores):
        words = {
            "overall_accuracy": "Overall accuracy",
            "kappa": "Kappa",
            "f1": "F1, mean of the classes",
            "iou": "IoU, mean of the classes",
        }
    else:
        words = {"rmse": "Root mean squared error (RMSE)", "mae": "Mean absolute error (MAE)", "r2": "R²"}
    return [(text, numbers[name]) for name, text in words.items() if name in numbers]


def head_sections(result: Result, goal: Goal, clouds: Sequence[Cloud], data: str, named: bool) -> list[str]:
    """The sections of a head.

    Args:
        data: "validation" or "training": whose figures they are.
        named: there are several heads.
    """
    name = f" of {result.head}" if named else ""
    if isinstance(result.scores, Scores):
        matrix = picture(confusion_picture(result.scores), "Confusion matrix, rows are the reference")
        return [
            section(f"Classes{name}, on the {data} data", _class_table(result.scores, goal, result.map)),
            section(f"Confusion matrix{name}", _how_to_read(result), matrix, _matrix_table(result.scores)),
        ]
    shown = picture(clouds_picture(clouds, result.scores.values), "Reference against answer of the model") if clouds else ""
    return [section(f"Measurements{name}, on the {data} data", _value_table(result.scores), shown)]


def _class_table(scores: Scores, goal: Goal, is_map: bool) -> str:
    rows = [
        (swatch(c.colour, c.name), str(c.code), part.precision, part.recall, part.f1, part.iou, part.support)
        for c, part in zip(goal.classes, scores.classes, strict=True)
    ]
    return table(rows, ("Class", "Code", "Precision", "Recall", "F1", "IoU", "Pixels" if is_map else "Samples"))


def _how_to_read(result: Result) -> str:
    what = "pixels" if result.map else "samples"
    return f"<p>Each row holds the {what} of one class of the reference: where the model put them, and which share of them.</p>\n"


def _matrix_table(scores: Scores) -> str:
    """The counts, for those who want to copy them."""
    if len(scores.classes) > MOST_NUMBERS:
        return ""
    rows: list[tuple[Cell, ...]] = [(part.name, *counts) for part, counts in zip(scores.classes, scores.matrix.tolist(), strict=True)]
    told = table(rows, ("Reference ↓ · answer →", *(part.name for part in scores.classes)))
    return f"<details><summary>As numbers</summary>{told}</details>\n"


def _value_table(scores: Regression) -> str:
    rows = [(part.name, part.mae, part.rmse, part.r2, part.bias, part.support) for part in scores.values[:_MOST_ROWS]]
    more = f"<p>… and {len(scores.values) - _MOST_ROWS} more.</p>\n" if len(scores.values) > _MOST_ROWS else ""
    return table(rows, ("Measurement", "MAE", "RMSE", "R²", "Bias (answer − reference)", "Samples")) + more


def example_sections(album: Album, labels: np.ndarray, scale_factor: float) -> Iterator[str]:
    """Samples to look at, by what the first head answers. `labels`: the class of each sample, of a head that answers once a patch."""
    goal = album.goal
    if goal.truth.size is not None:
        yield from _map_sections(maps_beside(album, scale_factor), goal)
    elif goal.classes:
        right, wrong = right_and_wrong(album, labels)
        yield _sheet("Answered rightly", right, contact_sheet, "Patches that the model classified rightly")
        yield _sheet("Answered wrongly", wrong, contact_sheet, "Patches that the model took for another class")
    else:
        note = f"<p>Above each patch the reference, below it the model's answer: {escape(', '.join(goal.names[:MOST_BESIDE]))}.</p>\n"
        for title, tiles, told in zip(_KINDS, numbers_beside(album), (note, "", ""), strict=True):
            yield _sheet(title, tiles, contact_sheet, title, told)


def _map_sections(maps: Maps, goal: Goal) -> Iterator[str]:
    if maps.limits is None:
        legend = " &nbsp; ".join(swatch(c.colour, c.name) for c in goal.classes[:40])
        note = f"<p>{legend}</p>\n<p>Light grey: no truth. A dashed frame: the part of the image that is answered for.</p>\n"
    else:
        low, high = maps.limits
        note = f"<p>{escape(goal.names[0])}, from {low:.4g} (dark) to {high:.4g} (bright). Light grey: no truth.</p>\n"
    for title, triples, told in zip(_KINDS, (maps.best, maps.worst, maps.between), (note, "", ""), strict=True):
        yield _sheet(title, triples, triple_sheet, title, told)


def _sheet(title: str, items: Sequence[T], draw: Callable[[Sequence[T]], bytes], description: str, note: str = "") -> str:
    return section(title, note, picture(draw(items), description)) if items else section(title, "<p>None.</p>\n")
