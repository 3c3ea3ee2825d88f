"""Training for super-resolution against `keras.Model.fit` on pairs that are made already."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable

import numpy as np

from core import jobs
from core.model.backend import keras
from core.superresolution.data import feed_of
from core.superresolution.learner import SuperLearner
from core.superresolution.networks import build
from core.superresolution.pairs import Pairing
from core.superresolution.scaling import give_scale, robust_scale
from core.training.data.patches import PatchImages

from . import scene
from .measure import median, seconds
from .training import QUIET, ROUNDS

COUNT, SIDE, BANDS, BATCH, FACTOR, MTF, RATE = 128, 96, 4, 8, 4, 0.25, 1e-3


def train_superresolution_vs_keras(folder: str) -> float:
    """Pairs a second of our loop, which makes the coarse patches, turns all at random and averages the weights ÷ those of `Model.fit`."""
    fine = np.random.default_rng(0).integers(0, 10_000, (COUNT, SIDE, SIDE, BANDS)).astype("uint16")
    path = os.path.join(folder, "fine_patches.tif")
    scene.write(path, fine.reshape(-1, SIDE, BANDS))
    pairing = Pairing(FACTOR, MTF, given=False)
    (coarse,), truth = pairing([fine])
    with contextlib.ExitStack() as exits:
        ours, theirs = _ours(path, coarse, pairing, exits), _keras(coarse, truth)
        ours(), theirs()  # both trace their graphs
        return median([seconds(theirs) / seconds(ours) for _ in range(ROUNDS)])


def _network(coarse: np.ndarray) -> keras.Model:
    keras.utils.set_random_seed(0)
    network = build("light", BANDS, FACTOR)
    give_scale(network, robust_scale(coarse))
    return network


def _ours(path: str, coarse: np.ndarray, pairing: Pairing, exits: contextlib.ExitStack) -> Callable[[], object]:
    job = jobs.TrainSuperresolution(jobs.PairSet((path,)), factor=FACTOR, fitting=jobs.ImageFitting(learning_rate=RATE, batch_size=BATCH))
    learner, rng = SuperLearner(_network(coarse), robust_scale(coarse), job), np.random.default_rng(0)
    feed = feed_of(exits.enter_context(PatchImages([path], (), (), "Training")), pairing, job.memory, QUIET, "Training")

    def run() -> None:
        for inputs, high in feed.shuffled(BATCH, rng, poses=True):
            learner.train(inputs, high, RATE, pretrain=False)

    return run


def _keras(coarse: np.ndarray, truth: np.ndarray) -> Callable[[], object]:
    network = _network(coarse)
    network.compile(keras.optimizers.Adam(RATE), "mae")
    return lambda: network.fit(coarse, truth, BATCH, verbose=0)
