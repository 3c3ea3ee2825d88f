"""Job trainsuperresolution: pairs of patches in, a network that makes pixels finer out, with figures that compare it with bicubic."""

from __future__ import annotations

import contextlib
import math
import os
import time
from dataclasses import replace
from typing import Any

import numpy as np

from ..errors import BadParameter
from ..jobs.superresolution import FACTORS, TrainSuperresolution
from ..model.backend import keras
from ..model.contract import Contract
from ..model.folder import write_folder
from ..model.loading.load import device_in_use
from ..model.promise import contract_of
from ..reporting import Reporter
from ..training.data.patches import Patches
from ..training.schedule import Schedule
from .data import Opened, PairFeed, feed_of, open_pairs
from .epochs import PSNR, Epochs, Kept, chosen_by_psnr
from .learner import SuperLearner
from .networks import build
from .pairs import Pairing
from .report import page
from .report.log import Log
from .scaling import give_scale
from .survey import Survey, survey
from .validation import Figures, Validation

COLLAPSE_DB = 6.0  # in one training: more than invented detail ever costs


def run(job: TrainSuperresolution, reporter: Reporter) -> dict[str, Any]:
    """Check, train, write: the weights, averaged, of the epoch with the greatest PSNR on the validation pairs; those of the last where
    a discriminator or VGG decide what is good.

    Raises:
        BadParameter, BadTruth, BadModel, CannotRead: what is given cannot be used.
        BadParameter: the training diverged; no model is written.
        CannotWrite: the model, the report or a table cannot be written.
    """
    _check(job)
    keras.utils.set_random_seed(job.seed)
    with contextlib.ExitStack() as exits:
        pairing = Pairing(job.factor, job.mtf, *job.training.kind)
        opened = open_pairs(job, pairing, exits)
        reporter.info(f"{opened.training.count:,} pairs to learn from, {opened.validation.count:,} to validate with.")
        seen = survey(job, opened, pairing, reporter)
        bands, *guide = (scale.centre.size for scale in seen.scales)
        network = build(job.network, bands, job.factor, job.filters, job.blocks, sum(guide))
        give_scale(network, *seen.scales)
        reporter.info(f"{network.count_params():,} parameters.")
        learner = SuperLearner(network, seen.scales[0], job)
        kept = exits.enter_context(Kept(job, learner, reporter))
        epochs, validation = _train(job, learner, kept, opened, seen, reporter)
        served = _served(network, epochs.weights)
        contract = _contract(job, served, opened.training)
        write_folder(job.output, served, contract, reporter.check)
        if job.output_csv:
            epochs.write(job.output_csv)
        if job.output_html:
            pairs = opened.training.count
            facts = page.Facts(job, contract, served.count_params(), pairs, seen, epochs, validation)
            page.write(facts, learner.infer, reporter.check)
    return _outputs(job, epochs, validation.bicubic)


def _check(job: TrainSuperresolution) -> None:
    if not job.output:
        raise BadParameter("Output model", expected="a folder", received="none")
    if job.factor not in FACTORS:
        raise BadParameter("FACTOR", expected="one of " + ", ".join(map(str, FACTORS)), received=job.factor)
    if not (job.losses.l1 or job.losses.l2 or job.losses.vgg or job.losses.adversarial != "none"):
        raise BadParameter("Losses", expected="at least one weight above 0", received="none")


def _train(
    job: TrainSuperresolution, learner: SuperLearner, kept: Kept, opened: Opened, seen: Survey, reporter: Reporter
) -> tuple[Epochs, Validation]:
    training = feed_of(opened.training, seen.pairing, job.memory // 2, reporter, "Training")
    others = feed_of(opened.validation, seen.pairing, job.memory // 2, reporter, "Validation")
    validation = Validation(others, seen.names, seen.scales[0], reporter.check)
    reporter.info(f"Bicubic interpolation: {in_words(validation.bicubic)}")
    reporter.phase(f"Training for {job.fitting.epochs} epochs on {device_in_use()}.")
    epochs, fitting = kept.found(), job.fitting
    by_psnr = chosen_by_psnr(job.losses)
    schedule = Schedule(fitting.schedule, fitting.learning_rate, fitting.epochs, -(-training.count // fitting.batch_size), fitting.warmup)
    with Log(job.output_tensorboard, validation) as log:
        for number in range(len(epochs.rows) + 1, fitting.epochs + 1):
            start = time.monotonic()
            loss = _train_epoch(job, learner, training, schedule, number, reporter)
            with learner.averaged():
                figures = validation.measure(learner.infer)
                _check_figures(figures, epochs, job)
                row = {"epoch": number, "loss": loss, "learning_rate": schedule.rate(number - 1, schedule.steps - 1), **figures}
                row["seconds"] = round(time.monotonic() - start, 3)
                best = epochs.add(row, learner.network.get_weights(), by_psnr)
                log.epoch(row, learner.infer if best else None)
            reporter.info(
                f"Epoch {number}/{fitting.epochs}: loss {loss:.4f}; {in_words(figures)}{' (best so far)' if best and by_psnr else ''}"
            )
            kept.keep(epochs)
    return epochs, validation


def _train_epoch(
    job: TrainSuperresolution, learner: SuperLearner, feed: PairFeed, schedule: Schedule, number: int, reporter: Reporter
) -> float:
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


def _served(network: Any, weights: list[np.ndarray]) -> Any:
    """The network with the weights to be written, and its finest image alone."""
    network.set_weights(weights)
    return keras.Model(network.input, network.outputs[0], name=network.name)


def _contract(job: TrainSuperresolution, network: Any, patches: Patches) -> Contract:
    """Bands and pixel sizes are those of the images that the network was given."""
    promised = contract_of(network, os.path.basename(os.path.normpath(job.output)), job.network, trained=True)
    origins = patches.origins()
    given = origins[1:] if job.training.low else origins
    coarser = 1 if job.training.low else job.factor
    sizes = [None if origin.spacing is None else origin.spacing * coarser for origin in given]
    told = zip(promised.inputs, given, sizes, strict=True)
    sources = tuple(replace(source, bands=tuple(origin.bands), spacing=size) for source, origin, size in told)
    image = replace(promised.outputs[0], bands=tuple(given[0].bands) or promised.outputs[0].bands)
    return replace(promised, inputs=sources, outputs=(image,))


def _outputs(job: TrainSuperresolution, epochs: Epochs, bicubic: Figures) -> dict[str, Any]:
    best = epochs.rows[epochs.best - 1]
    names = ("output_html", "output_csv", "output_pairs", "output_tensorboard")
    files = {name.upper(): getattr(job, name) for name in names if getattr(job, name)}
    figures = {name.upper(): best[name] for name in bicubic if name in best}
    beside = {f"BICUBIC_{name.upper()}": value for name, value in bicubic.items()}
    return {"OUTPUT": job.output, **files, **figures, **beside, "BEST_EPOCH": epochs.best}
