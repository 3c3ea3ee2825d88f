"""Job trainmodel: a model and patches in, the trained model and a report out."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from .. import jobs
from ..errors import BadModel, BadParameter
from ..model.backend import keras
from ..model.contract import Contract
from ..model.folder import read_trainable, write_folder
from ..model.heads import CLASSES, heads_of, outputs_of
from ..model.load import device_in_use
from ..reporting import Reporter
from . import report
from .changes import changes_of
from .learner import KerasLearner
from .log import EpochLog
from .loop import History, Plan, fit
from .losses import HeadLoss, loss_weights
from .measure import Measured, measure
from .metrics import Scores
from .normalization import learn_normalization
from .patches import Patches
from .precision import policy_of
from .prepare import Asked, Goal, Prepared, class_weights, open_checked, prepare
from .resume import NothingKept, keeping
from .tuning import freeze, thaw, with_new_heads


@dataclass(frozen=True)
class Model:
    """A Keras network with its contract; `described`: the contract is its own, and was not derived from its layers."""

    network: Any
    contract: Contract
    described: bool


def run(job: jobs.TrainModel, reporter: Reporter) -> dict[str, Any]:
    """Check, train, measure, write. The scores are those of the validation data, or of the training data where there are none.

    Raises:
        BadModel, BadTruth, BadParameter, CannotRead: what is given cannot be used (see core/training/prepare.py).
        BadParameter: the training diverged; no model is written.
        CannotWrite: the model or the report cannot be written.
    """
    if not job.output:
        raise BadParameter("Output model", expected="a folder", received="none")
    keras.utils.set_random_seed(job.seed)  # before the model is read: its layers draw the seeds of their noise and dropout then
    model = Model(*read_trainable(job.model))
    with contextlib.ExitStack() as exits:
        data = _prepare(job, model, exits, reporter)
        model = _adapted(job, model, data, reporter)
        frozen = freeze(model.network, job.freeze)
        learner = KerasLearner(model.network, _losses(job, data.training.goals), job.fitting, policy_of(job.fitting.precision, reporter))
        kept = exits.enter_context(keeping(job, data.training.feed, learner, reporter))
        history = _train(job, learner, data, kept, reporter)
        if job.output_last:
            _write(job.output_last, model, data, frozen, reporter)
        if history.best:
            learner.set_weights(history.weights)
        measured = _measure(learner, data, reporter)
        contract = _write(job.output, model, data, frozen, reporter)
        if job.output_html:
            parameters = model.network.count_params()
            facts = report.Facts(job, contract, parameters, history, measured, data, model.network, tuple(frozen))
            report.write(facts, learner, reporter.check)
    return _outputs(job, measured, history)


def _prepare(job: jobs.TrainModel, model: Model, exits: contextlib.ExitStack, reporter: Reporter) -> Prepared:
    """Open, check and look through the patches."""
    inputs, heads = model.network.inputs, len(model.network.outputs)
    training = open_checked(job.training, inputs, heads, "Training", exits, reporter)
    validation = open_checked(job.validation, inputs, heads, "Validation", exits, reporter) if job.validation.given else None
    return prepare(job, training, validation, _asked(job, model, training), reporter)


def _asked(job: jobs.TrainModel, model: Model, patches: Patches) -> list[Asked]:
    """The heads of the model, and how large their answers are for these patches."""
    contract, network = model.contract, model.network
    classes = {spec.name: spec.classes for spec in contract.outputs if spec.kind == "classes"}
    sizes = _answer_sizes(network, patches)
    return [
        Asked(head, model.described, size, classes.get(head.prediction, ()), contract.trained, job.replace_head)
        for head, size in zip(heads_of(network, contract if model.described else None), sizes, strict=True)
    ]


def _answer_sizes(network: Any, patches: Patches) -> list[tuple[int, int] | None]:
    """(rows, cols) of each head's answer to a patch; None where it answers once."""
    shapes = [(1, *shape) for shape in patches.shapes[: patches.sources]]
    try:
        outputs = network([keras.KerasTensor(shape) for shape in shapes] if len(shapes) > 1 else keras.KerasTensor(shapes[0]))
    except ValueError as error:
        sizes = ", ".join(f"{cols} × {rows}" for _, rows, cols, _ in shapes)
        raise BadModel(
            "The model cannot take patches of this size", received=sizes, remedy="Extract larger ones.", details=str(error)
        ) from error
    return [(int(t.shape[1]), int(t.shape[2])) if len(t.shape) == 4 else None for t in keras.tree.flatten(outputs)]


def _adapted(job: jobs.TrainModel, model: Model, data: Prepared, reporter: Reporter) -> Model:
    """The model with heads for the classes at hand, and with the normalisation of its bands."""
    channels = [len(goal.classes) if goal.classes and goal.head.channels > 1 else goal.head.channels for goal in data.training.goals]
    network = with_new_heads(model.network, channels) if job.replace_head else model.network
    if network is not model.network:
        reporter.info("The model's last layers are made anew for the classes of the truth.")
    if model.contract.trained and model.described:
        reporter.info("The model was trained before: it keeps its normalisation, and goes on from its weights.")
    else:
        learn_normalization(network, data.statistics, data.training.goals, reporter)
    return replace(model, network=network)


def _losses(job: jobs.TrainModel, goals: Sequence[Goal]) -> list[HeadLoss]:
    fitting, losses = job.fitting, []
    for goal, weight in zip(goals, loss_weights(fitting.loss_weights, len(goals)), strict=True):
        balance = class_weights(goal) if fitting.balance_classes and goal.head.kind == CLASSES else None
        spread = None if goal.head.kind == CLASSES else goal.survey.statistics.std
        losses.append(HeadLoss(goal.head, fitting.loss, balance, spread, weight))
    return losses


def _train(job: jobs.TrainModel, learner: KerasLearner, data: Prepared, kept: NothingKept, reporter: Reporter) -> History:
    reporter.phase(f"Training for {job.fitting.epochs} epochs on {device_in_use()}.")
    history = kept.history or History(job.fitting.monitor)
    changes = changes_of(job.augmentation, data.statistics)
    with EpochLog(history, job.output_csv, job.output_tensorboard) as log:
        fit(learner, data.training, data.validation, Plan(job.fitting, changes, job.seed), reporter, history, [log, kept])
    by = "on the validation data" if data.validation else "by its training loss"
    reporter.info(f"Best epoch {by}: {history.best.number}. Its weights are kept." if history.best else "No epoch.")
    return history


def _measure(learner: KerasLearner, data: Prepared, reporter: Reporter) -> Measured:
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


def _write(path: str, model: Model, data: Prepared, frozen: Sequence[str], reporter: Reporter) -> Contract:
    contract = finished_contract(model, data, os.path.basename(os.path.normpath(path)))
    thaw(model.network, frozen)
    write_folder(path, model.network, contract, reporter.check)
    return contract


def finished_contract(model: Model, data: Prepared, name: str) -> Contract:
    """The contract of the trained model: the classes and bands of the training data, under the name of its folder."""
    inputs = tuple(
        replace(spec, bands=told.bands or spec.bands, spacing=told.spacing or spec.spacing)
        for spec, told in zip(model.contract.inputs, data.origins, strict=True)
    )
    goals = data.training.goals
    names = {goal.head.name: goal.names for goal in goals if goal.names}
    outputs = outputs_of(model.network, [goal.head for goal in goals], [goal.classes for goal in goals], names)
    return replace(model.contract, name=name, inputs=inputs, outputs=outputs, trained=True)


def _outputs(job: jobs.TrainModel, measured: Measured, history: History) -> dict[str, Any]:
    names = {
        "overall_accuracy": "OVERALL_ACCURACY", "kappa": "KAPPA", "f1": "F1", "iou": "IOU", "mae": "MAE", "rmse": "RMSE", "r2": "R2",
    }  # fmt: skip
    numbers: dict[str, Any] = {}
    for result in reversed(measured.results):
        numbers |= {names[name]: float(number) for name, number in result.scores.numbers().items()}
    files = {
        "OUTPUT_LAST": job.output_last, "OUTPUT_HTML": job.output_html, "OUTPUT_CSV": job.output_csv,
        "OUTPUT_TENSORBOARD": job.output_tensorboard,
    }  # fmt: skip
    best = history.best.number if history.best else 0
    return {"OUTPUT": job.output, **{name: path for name, path in files.items() if path}, **numbers, "BEST_EPOCH": best}
