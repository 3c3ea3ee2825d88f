"""Training against `keras.Model.fit` on the same arrays, from memory and from disk."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable

import numpy as np
import rasterio

from core import jobs
from core.model.backend import keras
from core.model.gallery import find
from core.model.gallery.architecture import Wish
from core.model.heads import heads_of
from core.reporting import Reporter
from core.training.data.prepare import Asked, open_checked, prepare
from core.training.loop import History, Plan, fit
from core.training.network.learner import KerasLearner
from core.training.network.losses import HeadLoss

from .measure import median, seconds

COUNT, SIDE, BANDS, CLASSES, BATCH = 50_000, 16, 4, 6, 64
ROUNDS = 5
QUIET = Reporter(lambda event: None)


def _patches(folder: str) -> jobs.PatchSet:
    """Patch and label image, whose values tell the classes."""
    paths = [os.path.join(folder, name) for name in ("train_patches.tif", "train_labels.tif")]
    if not all(map(os.path.exists, paths)):
        rng = np.random.default_rng(0)
        labels = np.arange(COUNT) % CLASSES + 1
        pixels = rng.normal(labels[:, None, None, None] * 500, 400, (COUNT, SIDE, SIDE, BANDS)).clip(0, 10_000)
        for path, image in zip(paths, (pixels.reshape(-1, SIDE, BANDS), labels[:, None, None]), strict=True):
            _write(path, image.astype("uint16"))
    return jobs.PatchSet((paths[0],), (paths[1],))


def _write(path: str, image: np.ndarray) -> None:
    height, width, bands = image.shape
    profile = {"driver": "GTiff", "height": height, "width": width, "count": bands, "dtype": image.dtype, "interleave": "pixel"}
    with rasterio.open(path, "w", **profile, blockysize=SIDE) as target:
        target.write(np.moveaxis(image, 2, 0))


def _network() -> keras.Model:
    keras.utils.set_random_seed(0)
    return find("cnn16").build(Wish((BANDS,), CLASSES))


def _ours(patches: jobs.PatchSet, memory_mb: int, exits: contextlib.ExitStack) -> Callable[[], object]:
    """One more epoch of our loop, with data that are held if they fit into the memory budget."""
    network, fitting = _network(), jobs.Fitting(epochs=1, batch_size=BATCH)
    job = jobs.TrainModel(training=patches, fitting=fitting, memory=memory_mb)
    opened = open_checked(patches, network.inputs, 1, "Training", exits, QUIET)
    data = prepare(job, opened, None, [Asked(heads_of(network)[0], True, None)], QUIET).training
    learner = KerasLearner(network, [HeadLoss(data.goals[0].head, "automatic")], fitting)
    return lambda: fit(learner, data, None, Plan(fitting), QUIET, History())


def _keras(patches: jobs.PatchSet) -> Callable[[], object]:
    """One more epoch of `Model.fit` on the arrays in memory, with the loss and the measure that ours has."""
    with rasterio.open(patches.sources[0]) as source, rasterio.open(patches.labels[0]) as truth:
        x = np.moveaxis(source.read(), 0, 2).reshape(COUNT, SIDE, SIDE, BANDS).astype(np.float32)
        y = truth.read(1).ravel().astype(np.int64) - 1
    network = _network()
    network.compile(keras.optimizers.Adam(1e-3), keras.losses.SparseCategoricalCrossentropy(), metrics=["accuracy"])
    return lambda: network.fit(x, y, BATCH, verbose=0)


def _throughput_ratio(folder: str, memory_mb: int) -> float:
    patches = _patches(folder)
    with contextlib.ExitStack() as exits:
        ours, theirs = _ours(patches, memory_mb, exits), _keras(patches)
        ours(), theirs()  # both trace their graphs
        return median([seconds(theirs) / seconds(ours) for _ in range(ROUNDS)])


def train_vs_keras(folder: str) -> float:
    """Patches a second of our loop ÷ those of `Model.fit`, both from memory."""
    return _throughput_ratio(folder, 2048)


def train_streamed_vs_keras(folder: str) -> float:
    """The same with our patches streamed from disk, as they exceed the memory budget; Keras' stay in memory."""
    return _throughput_ratio(folder, 64)
