"""The figures of every epoch: as a table (CSV) when the training has ended, and for TensorBoard while it runs."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

from ...confusion import confusion_picture
from ...metrics import Scores
from ..loop import Epoch, History
from ..measure import Measured, Result
from .board import TRAINING, VALIDATION, Board
from .table import write_rows

Figures = dict[str, float | None]
_OF_A_CLASS, _OF_A_MEASUREMENT = ("precision", "recall", "f1", "iou"), ("mae", "rmse", "r2")


class EpochLog(contextlib.AbstractContextManager["EpochLog"]):
    """A witness of the training (core/training/loop.py). Use as a context manager: only a training that ends well leaves a table.

    Args:
        history: that of the training. What it holds already, of a training that goes on, is told as well.
        table: path of the CSV file; empty: none.
        board: folder of the logs for TensorBoard; empty: none. They stay when the training is stopped: they are for watching it.
    """

    def __init__(self, history: History, table: str, board: str) -> None:
        self._history, self._table, self._told = history, table, 0
        self._board = Board(board) if board else None

    def epoch(self, history: History) -> None:
        """The last one of the history has ended."""
        if self._board:
            for epoch in history.epochs[self._told :]:
                _show(self._board, epoch, history.best is not None and epoch.number == history.best.number)
        self._told = len(history.epochs)

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        if self._board:
            self._board.close()
        if self._table and kind is None:
            write_table(self._table, self._history.epochs)


def _show(board: Board, epoch: Epoch, best: bool) -> None:
    """The confusion matrix of the best epoch so far only: drawing it takes half a second."""
    board.write(TRAINING, epoch.number, {"loss": epoch.loss, "accuracy": epoch.accuracy, "learning_rate": epoch.rate})
    if epoch.validation is not None:
        found = epoch.validation
        pictures = {
            f"{_prefix(found, result)}confusion": confusion_picture(r) for result in found.results if best and (r := _scores(result))
        }
        board.write(VALIDATION, epoch.number, {"loss": found.loss, **figures(found)}, pictures)


def _scores(result: Result) -> Scores | None:
    return result.scores if isinstance(result.scores, Scores) else None


def write_table(path: str, epochs: Sequence[Epoch]) -> None:
    """CSV with a row for every epoch; an empty cell is a figure without meaning.

    Raises:
        CannotWrite: disk full, no such folder, no permission.
    """
    write_rows(path, [row(epoch) for epoch in epochs])


def row(epoch: Epoch) -> Figures:
    """All figures of an epoch: loss and accuracy are of the training data, all that follow of the validation data."""
    told: Figures = {
        "epoch": epoch.number, "seconds": round(epoch.seconds, 3), "learning_rate": epoch.rate, "loss": epoch.loss,
        "accuracy": epoch.accuracy, "validation_loss": epoch.validation.loss if epoch.validation else None,
    }  # fmt: skip
    return told | (figures(epoch.validation) if epoch.validation else {})


def figures(found: Measured) -> Figures:
    """Those of every head: "kappa", and of each class or measurement "f1/forest"; of several heads with their name first, "age/rmse"."""
    return {_prefix(found, result) + name: number for result in found.results for name, number in _of_head(result)}


def _prefix(found: Measured, result: Result) -> str:
    return f"{result.head}/" if len(found.results) > 1 else ""


def _of_head(result: Result) -> Iterator[tuple[str, float | None]]:
    yield from result.scores.numbers().items()
    parts: Sequence[Any]
    names: tuple[str, ...]
    if isinstance(result.scores, Scores):
        names, parts = _OF_A_CLASS, result.scores.classes
    else:
        names, parts = _OF_A_MEASUREMENT, result.scores.values if len(result.scores.values) > 1 else ()
    for part in parts:
        for name in names:
            yield f"{name}/{part.name}", getattr(part, name)
