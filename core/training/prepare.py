"""From patch images and labels to data that a model can be trained on: everything that can be checked is checked before the first step."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..classes import LandClass
from ..errors import BadParameter
from ..jobs import PatchSet, TrainModel
from ..model.contract import Contract
from ..raster.statistics import BandStatistics
from ..reporting import Reporter
from .feed import Feed, scan
from .labels import Labels, check_classes, class_indices, class_order, read_labels
from .patches import Origin, PatchImages

MEGABYTE = 1_000_000
RARE = 20  # samples; fewer of a class are remembered, not learnt


@dataclass(frozen=True)
class Data:
    """Patches and the index of each one's class."""

    feed: Feed
    targets: np.ndarray


@dataclass(frozen=True)
class Prepared:
    """All that training needs.

    Attributes:
        classes: in the order of the model's probabilities.
        origins: what is known of the images that each source's patches were cut from.
        statistics: of the training patches, one a source.
    """

    training: Data
    validation: Data | None
    classes: tuple[LandClass, ...]
    origins: tuple[Origin, ...]
    statistics: tuple[BandStatistics, ...]


@dataclass(frozen=True)
class _Opened:
    images: PatchImages
    labels: Labels


def prepare(job: TrainModel, contract: Contract, exits: contextlib.ExitStack, reporter: Reporter) -> Prepared:
    """Open, check, and read all patches once. `exits` closes the files: not before training has ended.

    Raises:
        BadParameter, BadTruth, BadModel, CannotRead: the data cannot be used, or not with this model.
    """
    training = _open(job.training, contract, "Training", exits)
    check_classes(training.labels, len(contract.classes))
    classes = class_order(training.labels, contract.classes, contract.trained)
    _tell_classes(training.labels, reporter)
    wanted = job.validation.sources or job.validation.labels
    validation = _open(job.validation, contract, "Validation", exits) if wanted else None
    validation_targets = _validation_targets(validation.labels, training.labels, classes) if validation else None
    feed, statistics = scan(training.images, job.memory * MEGABYTE, reporter, "Training")
    held_out = None
    if validation is not None and validation_targets is not None:
        left = job.memory * MEGABYTE - (feed.held_bytes or job.memory * MEGABYTE // 2)
        held_out = Data(scan(validation.images, left, reporter, "Validation")[0], validation_targets)
    targets = class_indices(training.labels, classes, by_name=True)
    _tell_feed(feed, held_out, reporter)
    return Prepared(Data(feed, targets), held_out, classes, training.images.origins(), tuple(statistics))


def _open(patches: PatchSet, contract: Contract, role: str, exits: contextlib.ExitStack) -> _Opened:
    if not patches.labels or not patches.sources:
        missing = "label image" if not patches.labels else "patches"
        raise BadParameter(f"{role} data", expected="patches and a label image", received=f"no {missing}")
    images = exits.enter_context(PatchImages(patches.sources, contract.inputs, role))
    return _Opened(images, read_labels(patches.labels, images.count, role))


def _validation_targets(validation: Labels, training: Labels, classes: Sequence[LandClass]) -> np.ndarray:
    return class_indices(validation, classes, by_name=validation.named and training.named)


def _tell_classes(labels: Labels, reporter: Reporter) -> None:
    counts = {c.name: int((labels.codes == c.code).sum()) for c in labels.classes}
    reporter.info("Training samples: " + ", ".join(f"{name} {count:,}" for name, count in counts.items()) + ".")
    rare = [f"{name} ({count})" for name, count in counts.items() if count < RARE]
    if rare:
        reporter.warn(f"Few samples: {', '.join(rare)}. Fewer than {RARE} of a class are remembered rather than learnt.")


def _tell_feed(feed: Feed, validation: Data | None, reporter: Reporter) -> None:
    where = "held in memory" if feed.held_bytes else "streamed from disk (they exceed the memory budget)"
    also = f"; {validation.feed.count:,} patches to validate on" if validation else ""
    reporter.info(f"{feed.count:,} training patches, {where}{also}.")


def class_weights(targets: np.ndarray, classes: int) -> np.ndarray:
    """Weights that give every class the same say in the loss: samples ÷ (classes · samples of the class), so their mean over the
    samples is 1. After King & Zeng, *Logistic Regression in Rare Events Data* (2001), as scikit-learn's "balanced"."""
    counts = np.bincount(targets, minlength=classes)
    return len(targets) / (classes * np.maximum(counts, 1))
