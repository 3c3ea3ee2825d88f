"""The epochs of a training: learning, measuring, keeping; and when to give up."""

from __future__ import annotations

import math
import time
from typing import Any

import numpy as np

from ..errors import BadParameter
from ..jobs.superresolution import TrainSuperresolution
from ..model.loading.load import device_in_use
from ..reporting import Reporter
from ..training.schedule import Schedule
from .data import PairFeed
from .epochs import PSNR, Epochs, Kept, chosen_by_psnr
from .learner import SuperLearner
from .report.log import Log
from .validation import Figures, Validation

COLLAPSE_DB = 6.0  # in one training: more than invented detail ever costs


def train(
    job: TrainSuperresolution, learner: SuperLearner, kept: Kept, feed: PairFeed, validation: Validation, reporter: Reporter
) -> Epochs:
    """All epochs, or those that are left of a training that was stopped.

    Raises:
        BadParameter: it diverged.
        CannotWrite: the log or what is kept cannot be written.
    """
    reporter.info(f"Bicubic interpolation: {in_words(validation.bicubic)}")
    reporter.phase(f"Training for {job.fitting.epochs} epochs on {device_in_use()}.")
    fitting, epochs, by_psnr = job.fitting, kept.found(), chosen_by_psnr(job.losses)
    schedule = Schedule(fitting.schedule, fitting.learning_rate, fitting.epochs, -(-feed.count // fitting.batch_size), fitting.warmup)
    with Log(job.output_tensorboard, validation) as log:
        for number in range(len(epochs.rows) + 1, fitting.epochs + 1):
            start = time.monotonic()
            loss = _learn(job, learner, feed, schedule, number, reporter)
            with learner.averaged():
                figures = validation.measure(learner.infer)
                _check_figures(figures, epochs, job)
                row = _row(number, loss, schedule, figures, time.monotonic() - start)
                best = epochs.add(row, learner.network.get_weights(), by_psnr)
                log.epoch(row, learner.infer if best else None)
            told = " (best so far)" if best and by_psnr else ""
            reporter.info(f"Epoch {number}/{fitting.epochs}: loss {loss:.4f}; {in_words(figures)}{told}")
            kept.keep(epochs)
    return epochs


def _row(number: int, loss: float, schedule: Schedule, figures: Figures, seconds: float) -> dict[str, Any]:
    rate = schedule.rate(number - 1, schedule.steps - 1)
    return {"epoch": number, "loss": loss, "learning_rate": rate, **figures, "seconds": round(seconds, 3)}


def _learn(job: TrainSuperresolution, learner: SuperLearner, feed: PairFeed, schedule: Schedule, number: int, reporter: Reporter) -> float:
    """The mean loss. Every epoch has random numbers of its own, so that a training that goes on is the one that ran through."""
    rng, total, done, fitting = np.random.default_rng([job.seed, number]), 0.0, 0, job.fitting
    for step, (inputs, high) in enumerate(feed.shuffled(fitting.batch_size, rng, fitting.poses)):
        loss = learner.train(inputs, high, schedule.rate(number - 1, step), number <= fitting.pretrain)
        _check_loss(loss, number, job)
        total, done = total + loss * len(high), done + len(high)
        reporter.progress((number - 1 + done / feed.count) / fitting.epochs, f"Epoch {number} of {fitting.epochs}")
    return total / done


def _check_loss(loss: float, epoch: int, job: TrainSuperresolution) -> None:
    """At once: no step after it would mend the weights."""
    if not math.isfinite(loss):
        raise _diverged(job, epoch, "a finite loss", str(loss))


def _check_figures(figures: Figures, epochs: Epochs, job: TrainSuperresolution) -> None:
    """Where the last epoch is written, whatever its figures: a discriminator that was outrun asks for larger and larger values."""
    known = [row[PSNR] for row in epochs.rows if PSNR in row]
    if not chosen_by_psnr(job.losses) and known and figures.get(PSNR, math.inf) < max(known) - COLLAPSE_DB:
        best, received = max(known), figures[PSNR]
        raise _diverged(job, len(epochs.rows) + 1, f"a PSNR near that of before ({best:.2f} dB)", f"{received:.2f} dB")


def _diverged(job: TrainSuperresolution, epoch: int, expected: str, received: str) -> BadParameter:
    rate, adversarial = job.fitting.learning_rate, job.losses.adversarial != "none"
    advice = f"Lower the learning rate (it was {rate:g}; try {rate / 10:g})"
    return BadParameter(
        f"The training diverged in epoch {epoch}", expected=expected, received=received,
        remedy=advice + (", train longer by L1 and L2 first (PRETRAIN), or lower the weight GAN." if adversarial else "."),
    )  # fmt: skip


def in_words(figures: Figures) -> str:
    """For the log."""
    units = {"psnr": " dB", "sam": "°", "consistency": " dB"}
    return ", ".join(f"{name.upper() if len(name) < 6 else name} {value:.4g}{units.get(name, '')}" for name, value in figures.items())
