"""Job trainsuperresolution: pairs of patches in, a network that makes pixels finer out, with figures that compare it with bicubic."""

from __future__ import annotations

import contextlib
import os
from dataclasses import replace
from typing import Any

import numpy as np

from ..errors import BadParameter
from ..jobs.superresolution import FACTORS, TrainSuperresolution
from ..model.backend import keras
from ..model.contract import Contract
from ..model.folder import write_folder
from ..model.promise import contract_of
from ..reporting import Reporter
from ..training.data.patches import Patches
from . import loop
from .data import Opened, PairFeed, feed_of, open_pairs
from .epochs import Epochs, Kept
from .learner import SuperLearner
from .networks import build
from .pairs import Pairing
from .report import page
from .scaling import give_scale
from .survey import Survey, survey
from .validation import Figures, Validation


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
        apart = f"; {opened.left_out:,} between, which overlap these, are left out" if opened.left_out else ""
        reporter.info(f"{opened.training.count:,} pairs to learn from, {opened.validation.count:,} to validate with{apart}.")
        seen = survey(job, opened, pairing, reporter)
        bands, *guide = (scale.centre.size for scale in seen.scales)
        network = build(job.network, bands, job.factor, job.filters, job.blocks, sum(guide))
        give_scale(network, *seen.scales)
        reporter.info(f"{network.count_params():,} parameters.")
        learner = SuperLearner(network, seen.scales[0], job)
        kept = exits.enter_context(Kept(job, learner, reporter))
        feed, validation = _feeds(job, opened, seen, reporter)
        epochs = loop.train(job, learner, kept, feed, validation, reporter)
        served = _served(network, epochs.weights)
        contract = _contract(job, served, opened.training)
        write_folder(job.output, served, contract, reporter.check)
        if job.output_csv:
            epochs.write(job.output_csv)
        if job.output_html:
            facts = page.Facts(job, contract, served.count_params(), feed.count, seen, epochs, validation)
            page.write(facts, learner.infer, reporter.check)
    return _outputs(job, epochs, validation.bicubic)


def _check(job: TrainSuperresolution) -> None:
    if not job.output:
        raise BadParameter("Output model", expected="a folder", received="none")
    if job.factor not in FACTORS:
        raise BadParameter("FACTOR", expected="one of " + ", ".join(map(str, FACTORS)), received=job.factor)
    if not (job.losses.l1 or job.losses.l2 or job.losses.vgg or job.losses.adversarial != "none"):
        raise BadParameter("Losses", expected="at least one weight above 0", received="none")


def _feeds(job: TrainSuperresolution, opened: Opened, seen: Survey, reporter: Reporter) -> tuple[PairFeed, Validation]:
    half = job.memory // 2
    training = feed_of(opened.training, seen.pairing, half, reporter, "Training")
    others = feed_of(opened.validation, seen.pairing, half, reporter, "Validation")
    return training, Validation(others, seen.names, seen.scales[0], reporter.check)


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
