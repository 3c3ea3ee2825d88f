"""Job trainmodel: a model and patches in, the trained model and a report out."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from .. import jobs
from ..errors import BadModel, BadParameter
from ..metrics import Scores
from ..model.contract import GRAPH, Contract
from ..model.loading.load import device_in_use
from ..reporting import Reporter
from .data.changes import changes_of
from .data.patches import Patches
from .data.prepare import Asked, Prepared, open_checked, prepare
from .distribution import Crew, muster
from .learner import Learner
from .loop import History, Plan, fit
from .measure import Measured, measure
from .report import page as report
from .report.log import EpochLog
from .resuming.resume import NothingKept, keeping

_NUMBERS = {"overall_accuracy": "OVERALL_ACCURACY", "kappa": "KAPPA", "f1": "F1", "iou": "IOU", "mae": "MAE", "rmse": "RMSE", "r2": "R2"}


class Trainee(Protocol):
    """A model that is trained, of whichever kind (core/training/network/trainee.py, graph_trainee.py).

    Attributes:
        network: a Keras network, or None; `frozen`: names of its layers that do not learn.
        inputs: that take images, with a `name` and a `shape`.
        heads: how many truths it is given.
        parameters: numbers in it.
    """

    network: Any
    frozen: tuple[str, ...]
    inputs: tuple[Any, ...]
    heads: int

    @property
    def parameters(self) -> int: ...

    def asked(self, patches: Patches) -> list[Asked]:
        """Its heads, and how large their answers are for these patches."""

    def learner(self, data: Prepared, reporter: Reporter) -> Learner:
        """What trains it on these data."""

    def write(self, path: str, data: Prepared, check: Callable[[], None]) -> None:
        """The model as it is now, complete or not at all."""

    def contract(self, path: str, data: Prepared) -> Contract:
        """What it says of itself under that name."""


def run(job: jobs.TrainModel, reporter: Reporter) -> dict[str, Any]:
    """Check, train, measure, write. The scores are those of the validation data, or of the training data where there are none.

    Raises:
        BadModel, BadTruth, BadParameter, CannotRead: what is given cannot be used (see core/training/data/prepare.py).
        BadParameter: the training diverged; no model is written.
        CannotWrite: the model or the report cannot be written.
    """
    if not job.output:
        raise BadParameter("Output model", expected="a folder", received="none")
    crew = muster(job, reporter)
    reporter = crew.voice(reporter)
    with contextlib.ExitStack() as exits:
        exits.enter_context(crew.together())
        with crew.strategy.scope():
            trainee = _trainee(job, exits, reporter)
            data = _prepare(job, trainee, exits, reporter)
            learner = trainee.learner(data, reporter)
        kept = exits.enter_context(keeping(job, data.training.feed, learner, reporter)) if crew.chief else None
        history = _train(job, learner, data, crew, kept, reporter)
        if not crew.chief:
            return {}
        if job.output_last:
            trainee.write(job.output_last, data, reporter.check)
        if history.best:
            learner.set_weights(history.weights)
        measured = _measure(learner, data, reporter)
        trainee.write(job.output, data, reporter.check)
        if job.output_html:
            contract = trainee.contract(job.output, data)
            facts = report.Facts(job, contract, trainee.parameters, history, measured, data, trainee.network, trainee.frozen)
            report.write(facts, learner, reporter.check)
    return _outputs(job, measured, history)


def _trainee(job: jobs.TrainModel, exits: contextlib.ExitStack, reporter: Reporter) -> Trainee:
    if job.graph.target_nodes.strip():
        from .graph.trainee import GraphTrainee

        return GraphTrainee(job, exits, reporter)
    if os.path.isfile(os.path.join(job.model, GRAPH)):
        _check_targets(job.model)
    from .network.trainee import KerasTrainee

    return KerasTrainee(job)


def _check_targets(folder: str) -> None:
    """Whether it takes no target nodes to train the SavedModel in a folder.

    Raises:
        BadModel: it has training operations of its own, and no Keras network; names them.
    """
    from .graph.targets import graph_targets

    names = graph_targets(folder)
    if names:
        raise BadModel(
            f"The model {folder} trains by its own operation", expected="TARGET_NODES, such as " + ", ".join(names), received="none"
        )


def _prepare(job: jobs.TrainModel, trainee: Trainee, exits: contextlib.ExitStack, reporter: Reporter) -> Prepared:
    """Open, check and look through the patches."""
    training = open_checked(job.training, trainee.inputs, trainee.heads, "Training", exits, reporter)
    wanted = job.validation.given
    validation = open_checked(job.validation, trainee.inputs, trainee.heads, "Validation", exits, reporter) if wanted else None
    return prepare(job, training, validation, trainee.asked(training), reporter)


def _train(job: jobs.TrainModel, learner: Learner, data: Prepared, crew: Crew, kept: NothingKept | None, reporter: Reporter) -> History:
    reporter.phase(f"Training for {job.fitting.epochs} epochs on {device_in_use()}.")
    history = (kept.history if kept else None) or History(job.fitting.monitor)
    plan = Plan(job.fitting, changes_of(job.augmentation, data.statistics), job.seed, crew.agree)
    files = (job.output_csv, job.output_tensorboard) if crew.chief else ("", "")
    with EpochLog(history, *files) as log:
        fit(learner, data.training, data.validation, plan, reporter, history, [log, kept] if kept else [log])
    by = "on the validation data" if data.validation else "by its training loss"
    reporter.info(f"Best epoch {by}: {history.best.number}. Its weights are kept." if history.best else "No epoch.")
    return history


def _measure(learner: Learner, data: Prepared, reporter: Reporter) -> Measured:
    reporter.phase("Measuring")
    if data.validation is None:
        reporter.warn("No validation data: the scores are those of the training data, and flatter the model.")
    measured = measure(learner, data.validation or data.training, reporter.check, each=True)
    for result in measured.results:
        reporter.info(f"{result.head}: " + ", ".join(f"{name} {number:.3f}" for name, number in result.scores.numbers().items()))
        if isinstance(result.scores, Scores):
            f1 = (f"{c.name} {'–' if c.f1 is None else format(c.f1, '.2f')}" for c in result.scores.classes)
            reporter.info("F1 of the classes: " + ", ".join(f1))
    return measured


def _outputs(job: jobs.TrainModel, measured: Measured, history: History) -> dict[str, Any]:
    numbers: dict[str, Any] = {}
    for result in reversed(measured.results):  # of several heads that give the same figure, the first one's counts
        numbers |= {_NUMBERS[name]: float(number) for name, number in result.scores.numbers().items()}
    names: Sequence[str] = ("output_last", "output_html", "output_csv", "output_tensorboard")
    files = {name.upper(): getattr(job, name) for name in names if getattr(job, name)}
    return {"OUTPUT": job.output, **files, **numbers, "BEST_EPOCH": history.best.number if history.best else 0}
