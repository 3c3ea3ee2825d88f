"""Opens the pairs of a job, checks them, and feeds them to a training."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ..errors import BadParameter
from ..jobs.superresolution import PairSet, TrainSuperresolution
from ..reporting import Reporter
from ..training.data.augment import augmented
from ..training.data.feed import Feed, make_feed, scan
from ..training.data.patches import Patches, PatchImages
from ..training.data.portions import PatchChain, PatchRange
from .ground import Ground, ground_of, shared
from .pairs import Pair, Pairing


@dataclass(frozen=True)
class Opened:
    """Patches (fine[, coarse][, guide]) to learn from, and others to validate with.

    Attributes:
        shared: share of those to learn from that show ground of the others, as far as is known.
        left_out: patches that are neither, as they lie between.
    """

    training: Patches
    validation: Patches
    shared: float = 0.0
    left_out: int = 0


@dataclass(frozen=True)
class PairFeed:
    """Batches of pairs."""

    feed: Feed
    pairing: Pairing

    @property
    def count(self) -> int:
        """Pairs."""
        return self.feed.count

    def shuffled(self, batch_size: int, rng: np.random.Generator, poses: bool) -> Iterator[Pair]:
        """All pairs once, in random order; with `poses`, each turned or mirrored at random."""
        for batch in self.feed.shuffled(batch_size, rng, (augmented,) if poses else ()):
            yield self.pairing(batch.sources)

    def in_order(self) -> Iterator[Pair]:
        """All pairs, one at a time."""
        for batch in self.feed.in_order(1):
            yield self.pairing(batch.sources)

    def pair(self, place: int) -> Pair:
        """One of them; from 0."""
        return self.pairing(self.feed.batch(place, place + 1).sources)


def open_pairs(job: TrainSuperresolution, pairing: Pairing, exits: contextlib.ExitStack) -> Opened:
    """The patches of a job, checked. Without validation patches the last ones of the training patches are set apart, and those before them
    that overlap them are left out: they were extracted in the order of the image's rows, so that these are few.

    Raises:
        BadParameter: no patches, too few, or such as cannot be paired.
        CannotRead: an image is missing or damaged.
    """
    training = _open(job.training, "Training", pairing, exits)
    if job.validation.high:
        validation = _open(job.validation, "Validation", pairing, exits)
        bands, others = ([shape[2] for shape in patches.shapes] for patches in (training, validation))
        if bands != others:
            raise BadParameter("Bands of training and validation patches", expected="as many in both", received=f"{bands} and {others}")
        return Opened(training, validation, _share(shared(ground_of(job.training.high), ground_of(job.validation.high))))
    apart = max(round(training.count * job.validation_share), 1)
    if training.count - apart < 1:
        raise BadParameter("Training patches", expected="at least 2, as some are needed for validation", received=training.count)
    return _parted(training, training.count - apart, ground_of(job.training.high))


def _parted(patches: Patches, border: int, ground: Ground | None) -> Opened:
    """Those before the border, and those behind it; where most would have to be left out, none are."""
    near = shared(ground.part(0, border), ground.part(border, patches.count)) if ground else np.zeros(border, bool)
    first = int(near.argmax()) if near.any() else border
    stop = first if first >= border / 2 else border
    return Opened(PatchRange(patches, 0, stop), PatchRange(patches, border, patches.count), _share(near[:stop]), border - stop)


def _share(near: np.ndarray) -> float:
    return float(near.mean()) if near.size else 0.0


def _open(pairs: PairSet, role: str, pairing: Pairing, exits: contextlib.ExitStack) -> Patches:
    if not pairs.high:
        raise BadParameter(f"{role} patches", expected="a patch image of the fine pixels", received="none")
    if pairs.kind != (pairing.given, pairing.guided):
        raise BadParameter(
            f"{role} patches",
            expected="coarse patches, and a guide's, for training and for validation, or for neither",
            received="one of both",
        )
    scenes = [exits.enter_context(PatchImages(paths, (), (), role)) for paths in pairs.scenes]
    patches = PatchChain(scenes, role)
    pairing.check(patches.shapes)
    return patches


def feed_of(patches: Patches, pairing: Pairing, memory_mb: int, reporter: Reporter, role: str) -> PairFeed:
    """Their feed, once all were looked through.

    Raises:
        BadTruth: a patch with NaN or infinite values.
    """
    memory = memory_mb * 1_000_000
    return PairFeed(make_feed(patches, scan(patches, (), memory, reporter, role), (), memory), pairing)


def band_names(patches: Patches) -> Sequence[str]:
    """Of the fine patches; "band 1", "band 2" … where nobody says."""
    told = patches.origins()[0].bands
    return told or [f"band {number}" for number in range(1, patches.shapes[0][2] + 1)]
