"""The training loop: steps over batches, a look at the validation data after each epoch, the best weights kept, an early end."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

import numpy as np

from ..errors import BadParameter
from ..jobs import Fitting
from ..metrics import Scores
from ..reporting import Reporter, format_duration
from .data.feed import Change
from .data.prepare import Data
from .learner import Learner
from .measure import Measured, measure
from .schedule import Schedule


@dataclass(frozen=True)
class Epoch:
    """One pass over the training data.

    Attributes:
        loss, accuracy: means on the training data, while the weights change; None where the model tells none.
        rate: learning rate at its end.
        validation: what the validation data say after it.
    """

    number: int
    loss: float | None
    accuracy: float | None
    rate: float = 0.0
    seconds: float = 0.0
    validation: Measured | None = None

    def merit(self, monitor: str) -> tuple[float, ...]:
        """By what the best epoch is chosen, the larger the better; without validation data it is the training loss.

        Automatic: mean IoU of maps, overall accuracy of patches, root mean squared error of measurements, and between equals, or of several
        heads, the loss. Not the loss first: on other ground than it was trained on, a network grows surer even where it is wrong, so that
        this loss rises from the first epochs on while the map still gets better (Guo et al., *On Calibration of Modern Neural Networks*,
        2017).
        """
        if self.validation is None:
            return (-(self.loss if self.loss is not None else 0.0),)
        loss = () if self.validation.loss is None else (-self.validation.loss,)
        return (*self._figure(self.validation, monitor), *loss)

    @staticmethod
    def _figure(found: Measured, monitor: str) -> tuple[float, ...]:
        numbers = found.results[0].scores.numbers()
        if monitor == "automatic":
            if len(found.results) > 1 and found.loss is not None:
                return ()
            monitor = ("iou" if found.results[0].map else "overall_accuracy") if isinstance(found.results[0].scores, Scores) else "rmse"
        if monitor == "loss" and found.loss is not None:
            return ()
        if monitor not in numbers:
            raise BadParameter("Monitor", expected="automatic, loss, " + ", ".join(numbers), received=monitor)
        return (-numbers[monitor] if monitor in ("rmse", "mae") else numbers[monitor],)


@dataclass
class History:
    """The epochs so far, and the weights after the best of them.

    Attributes:
        drops: plateaus so far, at which the learning rate fell; `waited`: epochs since the best one or the last plateau.
    """

    monitor: str = "automatic"
    epochs: list[Epoch] = field(default_factory=list)
    best: Epoch | None = None
    weights: list[np.ndarray] = field(default_factory=list)
    drops: int = 0
    waited: int = 0

    def add(self, epoch: Epoch, learner: Learner, agree: Callable[[bool], bool] = bool) -> bool:
        """Take in an epoch; whether it is the best so far (the weights are then kept)."""
        self.epochs.append(epoch)
        if not agree(self.best is None or epoch.merit(self.monitor) > self.best.merit(self.monitor)):
            self.waited += 1
            return False
        self.best, self.weights, self.waited = epoch, learner.weights(), 0
        return True

    @property
    def idle(self) -> int:
        """Epochs since the best one."""
        return self.epochs[-1].number - self.best.number if self.epochs and self.best else 0


@dataclass(frozen=True)
class Plan:
    """How to train.

    Attributes:
        fitting: the job's settings.
        changes: made in patches.
        seed: of everything random.
        agree: makes a decision one of all machines that train together: rounding may differ, and one would stop while others wait for it.
    """

    fitting: Fitting
    changes: tuple[Change, ...] = ()
    seed: int = 0
    agree: Callable[[bool], bool] = bool


class Witness(Protocol):
    """Who is told of every epoch: logs, checkpoints."""

    def epoch(self, history: History) -> None:
        """The last one of the history has ended."""


def fit(
    learner: Learner, training: Data, validation: Data | None, plan: Plan, reporter: Reporter, history: History,
    witnesses: Sequence[Witness] = (),
) -> None:  # fmt: skip
    """Train for all epochs that the history lacks, or until no better one comes. The learner ends with the weights of the last epoch.

    Every epoch has random numbers of its own, so that a training which goes on after its k-th epoch is the one that ran through.

    Raises:
        BadParameter: the loss became infinite or NaN.
        Cancelled: within a batch of the user's wish.
    """
    fitting = plan.fitting
    schedule = Schedule.of(fitting, training.feed.count)
    for number in range(len(history.epochs) + 1, fitting.epochs + 1):
        if 0 < fitting.patience <= history.idle:  # here, as a history that goes on may have come to its end already
            reporter.info(f"No better epoch in {fitting.patience}: training ends here.")
            break
        start = time.monotonic()
        loss, accuracy = _train_epoch(learner, training, plan, partial(schedule.rate, number - 1, drops=history.drops), reporter, number)
        _check_loss(loss, number, fitting)
        found = measure(learner, validation, reporter.check) if validation else None
        rate = schedule.rate(number - 1, schedule.steps - 1, history.drops)
        epoch = Epoch(number, loss, accuracy, rate, time.monotonic() - start, found)
        reporter.info(describe(epoch, fitting.epochs, history.add(epoch, learner, plan.agree)))
        if schedule.drops(history.waited):
            history.drops, history.waited = history.drops + 1, 0
        for witness in witnesses:
            witness.epoch(history)


def _train_epoch(
    learner: Learner, data: Data, plan: Plan, rate: Callable[[int], float], reporter: Reporter, number: int
) -> tuple[float | None, float | None]:
    done, rng = 0, np.random.default_rng([plan.seed, number])
    for step, batch in enumerate(data.feed.shuffled(plan.fitting.batch_size, rng, plan.changes)):
        learner.train(batch, rate(step))
        done += len(batch.indices)
        reporter.progress((number - 1 + done / data.feed.count) / plan.fitting.epochs, f"Epoch {number} of {plan.fitting.epochs}")
    totals = learner.totals()
    loss = None if totals.loss is None else totals.loss / data.feed.count
    return loss, totals.right / totals.known if totals.known else None


def _check_loss(loss: float | None, epoch: int, fitting: Fitting) -> None:
    if loss is not None and not math.isfinite(loss):
        raise BadParameter(
            f"The training diverged in epoch {epoch}", expected="a finite loss", received=loss,
            remedy=f"Lower the learning rate (it was {fitting.learning_rate:g}; try {fitting.learning_rate / 10:g}).",
        )  # fmt: skip


def describe(epoch: Epoch, epochs: int, best: bool) -> str:
    """An epoch in one line of the log."""
    text = f"Epoch {epoch.number}/{epochs}:" + ("" if epoch.loss is None else f" loss {epoch.loss:.4f}")
    text += "" if epoch.accuracy is None else f", accuracy {epoch.accuracy:.3f}"
    if epoch.validation is not None:
        loss = "" if epoch.validation.loss is None else f"loss {epoch.validation.loss:.4f}, "
        text += f"; validation: {loss}{epoch.validation.in_words()}"
    return f"{text} ({format_duration(epoch.seconds)}){', best so far' if best else ''}"
