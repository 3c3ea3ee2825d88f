"""What a model is worth on data: the scores of every head."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ..metrics import ClassTally, Regression, Scores, ValueTally
from ..model.heads import CLASSES
from .data.feed import Batch
from .data.prepare import Data, Goal
from .learner import Learner
from .report.cloud import Cloud

MOST_CLOUDS = 6  # of a head of measurements: a page shows no more


@dataclass(frozen=True)
class Result:
    """Of one head. `map`: it answers for every pixel, else once a patch."""

    head: str
    scores: Scores | Regression
    map: bool = False


class Seen:
    """What a report shows of the samples, and scores do not tell.

    Attributes:
        labels: of each sample the class that the first head should tell, if it answers once a patch; else −1.
        clouds: of each head one for each of its first measurements; none of classes.
    """

    def __init__(self, data: Data) -> None:
        self.labels = np.full(data.feed.count, -1, np.int32)
        self.clouds = tuple(_clouds(goal) for goal in data.goals)
        self._by_patch = data.goals[0].head.kind == CLASSES and data.goals[0].truth.size is None

    def feed(self, batch: Batch, answers: Sequence[np.ndarray]) -> None:
        """A batch, and what all heads answer to it."""
        if self._by_patch:
            self.labels[batch.indices] = batch.targets[0]
        for clouds, target, answer in zip(self.clouds, batch.targets, answers, strict=True):
            for channel, cloud in enumerate(clouds):
                cloud.feed(target[..., channel], answer[..., channel])


def _clouds(goal: Goal) -> tuple[Cloud, ...]:
    return () if goal.head.kind == CLASSES else tuple(Cloud() for _ in goal.names[:MOST_CLOUDS])


@dataclass(frozen=True)
class Measured:
    """Of all heads, and the mean loss (None where the model tells none).

    Attributes:
        right: for each sample the share of its known pixels that the first head gets right; of measurements the negative mean absolute
            error. Empty unless asked for.
        seen: what else was kept of the samples; None unless asked for.
    """

    loss: float | None
    results: tuple[Result, ...]
    right: np.ndarray
    seen: Seen | None = None

    def in_words(self) -> str:
        """The main figures of every head."""
        return "; ".join(_words(result, len(self.results) > 1) for result in self.results)


def _words(result: Result, named: bool) -> str:
    head, numbers = f"{result.head}: " if named else "", result.scores.numbers()
    if isinstance(result.scores, Scores):
        more = f", mean IoU {numbers['iou']:.3f}" if result.map else ""
        return f"{head}overall accuracy {numbers['overall_accuracy']:.3f}{more}"
    return f"{head}RMSE {numbers['rmse']:.4g}" + (f", R² {numbers['r2']:.3f}" if "r2" in numbers else "")


def measure(learner: Learner, data: Data, check: Callable[[], None], each: bool = False) -> Measured:
    """Answer to all samples in order.

    Args:
        check: called between batches; raises to stop.
        each: keep how right the first head is for each sample, and what a report shows of them.
    """
    tallies = [ClassTally([c.name for c in goal.classes]) if goal.head.kind == CLASSES else ValueTally(goal.names) for goal in data.goals]
    total: float | None = 0.0
    right, seen = np.empty(data.feed.count if each else 0, np.float32), Seen(data) if each else None
    for batch in data.feed.in_order(data.batch):
        check()
        found = learner.infer(batch)
        total = None if total is None or found.loss is None else total + found.loss
        for tally, target, answer in zip(tallies, batch.targets, found.answers, strict=True):
            tally.feed(target, answer)
        if seen:
            seen.feed(batch, found.answers)
            right[batch.indices] = rightness(data.goals[0].head.kind, batch.targets[0], found.answers[0])
    results = [Result(goal.head.name, tally.scores(), goal.truth.size is not None) for goal, tally in zip(data.goals, tallies, strict=True)]
    return Measured(None if total is None else total / data.feed.count, tuple(results), right, seen)


def rightness(kind: str, target: np.ndarray, answer: np.ndarray) -> np.ndarray:
    """Of each sample: the share of its known pixels that are right (NaN if none is known); of measurements − the mean absolute error."""
    flat, told = target.reshape(len(target), -1), answer.reshape(len(target), -1)
    known = flat >= 0 if kind == CLASSES else np.isfinite(flat)
    value = (flat == told) if kind == CLASSES else -np.abs(np.where(known, flat, 0) - told)
    with np.errstate(invalid="ignore"):
        return np.where(known, value, 0).sum(axis=1) / known.sum(axis=1)
