"""Job trainmodel: a model folder and patches in, the trained model folder and a report out."""

from __future__ import annotations

import contextlib
import os
from dataclasses import replace
from typing import Any

import numpy as np

from .. import jobs
from ..errors import BadParameter
from ..model.backend import keras
from ..model.contract import Contract, with_classes
from ..model.folder import read_trainable, write_folder
from ..model.load import device_in_use
from ..reporting import Reporter
from . import report
from .examples import examples
from .loop import History, Settings, Trainer, evaluate, fit, make_trainer
from .metrics import Scores, confusion, score
from .normalization import learn_normalization
from .prepare import Data, Prepared, class_weights, prepare


def run(job: jobs.TrainModel, reporter: Reporter) -> dict[str, Any]:
    """Check, train, measure, write. The scores are those of the validation data, or of the training data where there are none.

    Raises:
        BadModel, BadTruth, BadParameter, CannotRead: what is given cannot be used (see core/training/prepare.py).
        BadParameter: the training diverged; no model is written.
        CannotWrite: the model or the report cannot be written.
    """
    if not job.output:
        raise BadParameter("Output model", expected="a folder", received="none")
    network, contract = read_trainable(job.model)
    keras.utils.set_random_seed(job.seed)
    with contextlib.ExitStack() as exits:
        data = prepare(job, contract, exits, reporter)
        learn_normalization(network, contract, data.statistics, reporter)
        settings = _settings(job, data)
        trainer = make_trainer(network, data.training, settings)
        history = _train(trainer, data, settings, reporter)
        measured = data.validation or data.training
        scores, predictions = _measure(trainer, measured, data, reporter)
        contract = finished_contract(contract, data, os.path.basename(os.path.normpath(job.output)))
        write_folder(job.output, network, contract, reporter.check)
        if job.output_html:
            facts = report.Facts(
                job, contract, network.count_params(), history, scores, data.training.feed.count, measured is data.validation
            )
            report.write(facts, *examples(measured, predictions, data.classes, contract.inputs[0].bands))
    return _outputs(job, scores, history)


def _settings(job: jobs.TrainModel, data: Prepared) -> Settings:
    weights = class_weights(data.training.targets, len(data.classes)) if job.balance_classes else None
    return Settings(job.epochs, job.batch_size, job.learning_rate, job.augment, weights, job.seed)


def _train(trainer: Trainer, data: Prepared, settings: Settings, reporter: Reporter) -> History:
    reporter.phase(f"Training for {settings.epochs} epochs on {device_in_use()}.")
    history = fit(trainer, data.training, data.validation, settings, reporter)
    by = "overall accuracy on the validation data" if data.validation else "training loss"
    reporter.info(f"Best epoch by {by}: {history.best.number}. Its weights are kept." if history.best else "No epoch.")
    return history


def _measure(trainer: Trainer, measured: Data, data: Prepared, reporter: Reporter) -> tuple[Scores, np.ndarray]:
    _, _, predictions = evaluate(trainer, measured, reporter.check)
    names = [c.name for c in data.classes]
    scores = score(confusion(measured.targets, predictions, len(names)), names)
    if measured is data.training:
        reporter.warn("No validation data: the scores are those of the training data, and flatter the model.")
    reporter.info(
        f"Overall accuracy {scores.overall_accuracy:.3f}, kappa {scores.kappa:.3f}, macro F1 {scores.macro_f1:.3f}; F1 of the classes: "
        + ", ".join(f"{c.name} {'–' if c.f1 is None else format(c.f1, '.2f')}" for c in scores.classes)
    )
    return scores, predictions


def finished_contract(contract: Contract, data: Prepared, name: str) -> Contract:
    """The contract of the trained model: the classes and bands of the training data, under the name of its folder."""
    inputs = tuple(
        replace(spec, bands=told.bands or spec.bands, spacing=told.spacing or spec.spacing)
        for spec, told in zip(contract.inputs, data.origins, strict=True)
    )
    return replace(with_classes(contract, data.classes), name=name, inputs=inputs, trained=True)


def _outputs(job: jobs.TrainModel, scores: Scores, history: History) -> dict[str, Any]:
    outputs: dict[str, Any] = {
        "OUTPUT": job.output,
        "OVERALL_ACCURACY": scores.overall_accuracy,
        "KAPPA": scores.kappa,
        "F1": scores.macro_f1,
        "BEST_EPOCH": history.best.number if history.best else 0,
    }
    return outputs | ({"OUTPUT_HTML": job.output_html} if job.output_html else {})
