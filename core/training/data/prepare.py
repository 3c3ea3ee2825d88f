"""From patches and truth on disk to data that a network can be trained on: what can be checked is checked before the first step."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np

from ...classes import LandClass
from ...errors import BadParameter, BadTruth
from ...jobs import PatchSet, TrainModel
from ...model.heads import CLASSES, Head, numbered, with_kinds
from ...raster.statistics import BandStatistics
from ...reporting import Reporter
from .feed import Feed, Scan, make_feed, scan
from .patches import Origin, Patches, Shape, check_shape, open_patches
from .truth import Survey, Truth, check_classes, check_size, check_spacing, class_order, code_table, kind_of

MEGABYTE = 1_000_000
RARE = 20  # samples; fewer of a class are remembered, not learnt
EVALUATION_PIXELS, MOST_SAMPLES = 1 << 19, 512  # of one batch while measuring: enough to keep all cores busy


@dataclass(frozen=True)
class Asked:
    """A head as the model has it, before the truth is seen.

    Attributes:
        kind_is_known: the model says whether it tells classes or measurements.
        size: (rows, cols) of its answer to the patches at hand; None: one answer a patch.
        classes: those that it knows; they count if it was trained.
        any_classes: it will be made anew for whatever classes there are.
        scale_factor: spacing of its answer ÷ that of source 1; None: not known.
    """

    head: Head
    kind_is_known: bool
    size: tuple[int, int] | None
    classes: tuple[LandClass, ...] = ()
    trained: bool = False
    any_classes: bool = False
    scale_factor: Fraction | None = None


@dataclass(frozen=True)
class Goal:
    """What a head is to learn.

    Attributes:
        truth: how its truth is read.
        classes: in the order of its output; none for measurements.
        names: of the measurements.
        survey: the values that the training truth has.
    """

    head: Head
    truth: Truth
    classes: tuple[LandClass, ...]
    names: tuple[str, ...]
    survey: Survey


@dataclass(frozen=True)
class Data:
    """Patches with their truth. `batch`: samples to measure at a time."""

    feed: Feed
    goals: tuple[Goal, ...]
    batch: int


@dataclass(frozen=True)
class Prepared:
    """All that training needs.

    Attributes:
        origins: what is known of the images that each source's patches were cut from.
        statistics, shapes: of the training patches, one a source.
    """

    training: Data
    validation: Data | None
    origins: tuple[Origin, ...]
    statistics: tuple[BandStatistics, ...]
    shapes: tuple[Shape, ...]


def open_checked(
    patches: PatchSet, inputs: Sequence[Any], heads: int, role: str, exits: contextlib.ExitStack, reporter: Reporter
) -> Patches:
    """The samples of a patch set, which suit a network of these inputs and so many heads. `exits` closes the files.

    Raises:
        BadParameter, BadModel, CannotRead: they do not.
    """
    if not patches.records and not (patches.labels and patches.sources):
        missing = "label image" if not patches.labels else "patches"
        raise BadParameter(f"{role} data", expected="patches and a label image", received=f"no {missing}")
    if not patches.records and len(patches.sources) != len(inputs):
        raise BadParameter(f"{role} patches", expected=f"{len(inputs)} source(s), as the model has", received=len(patches.sources))
    opened: Patches = exits.enter_context(open_patches(patches, inputs, role, reporter))
    if opened.sources != len(inputs):
        raise BadParameter(f"{role} patches", expected=f"{len(inputs)} source(s), as the model has", received=opened.sources)
    if len(opened.shapes) - opened.sources != heads:
        raise BadParameter(f"{role} labels", expected=f"{heads}, one a head of the model", received=len(opened.shapes) - opened.sources)
    for tensor, shape in zip(inputs, opened.shapes, strict=False):
        check_shape(tensor, shape, role)
    return opened


def prepare(job: TrainModel, training: Patches, validation: Patches | None, asked: Sequence[Asked], reporter: Reporter) -> Prepared:
    """Read all patches once, check them, and settle what each head learns.

    Raises:
        BadTruth, BadModel: the data cannot be used, or not with this model.
    """
    asked = _settled(job, training, asked)
    surveys = _surveys(job, training, asked, "Training")
    budget = job.memory * MEGABYTE
    found = scan(training, surveys, budget, reporter, "Training")
    goals = tuple(_goal(one, survey) for one, survey in zip(asked, surveys, strict=True))
    for goal in goals:
        _tell_classes(goal, reporter)
    held_out = _held_out(job, validation, asked, goals, budget - _held_bytes(found, budget), reporter) if validation else None
    feed = make_feed(training, found, [goal.truth for goal in goals], budget)
    _tell_feed(feed, held_out, reporter)
    data = Data(feed, goals, _evaluation_batch(training))
    return Prepared(data, held_out, training.origins(), found.statistics, training.shapes[: training.sources])


def _settled(job: TrainModel, patches: Patches, asked: Sequence[Asked]) -> list[Asked]:
    """The heads, each of which knows now whether it tells classes or measurements."""
    truths = zip(asked, patches.truths(), patches.dtypes[patches.sources :], strict=True)
    kinds = [kind_of(one.head, one.kind_is_known, job.task, origin, dtype) for one, origin, dtype in truths]
    return [replace(one, head=head) for one, head in zip(asked, with_kinds([one.head for one in asked], kinds), strict=True)]


def _surveys(job: TrainModel, patches: Patches, asked: Sequence[Asked], role: str) -> list[Survey]:
    surveys = []
    for one, origin, shape in zip(asked, patches.truths(), patches.shapes[patches.sources :], strict=True):
        check_size(one.head, one.size, shape, origin, role)
        check_spacing(origin.spacing, patches.origins()[0].spacing, one.scale_factor, origin, role)
        surveys.append(Survey(origin, one.head.kind, shape[2], job.ignore, role))
    return surveys


def _goal(asked: Asked, survey: Survey) -> Goal:
    if asked.head.kind != CLASSES:
        if not survey.statistics.count:
            raise BadTruth(f"{survey.role} measurements {survey.origin.path}", expected="numbers", received="none that is known")
        names = survey.origin.bands or numbered(asked.head.name, asked.head.channels)
        return Goal(asked.head, Truth((), np.empty((2, 0), np.int64), asked.size), (), names, survey)
    classes = class_order(survey.classes, asked.classes, asked.trained)
    check_classes(classes, len(classes) if asked.any_classes else asked.head.class_count)
    return Goal(asked.head, Truth(classes, code_table(survey, classes, by_name=survey.named), asked.size), classes, (), survey)


def _held_out(
    job: TrainModel, patches: Patches, asked: Sequence[Asked], goals: Sequence[Goal], budget: int, reporter: Reporter
) -> Data:  # fmt: skip
    surveys = _surveys(job, patches, asked, "Validation")
    found = scan(patches, surveys, budget, reporter, "Validation")
    settled = tuple(_same(goal, survey) for goal, survey in zip(goals, surveys, strict=True))
    return Data(make_feed(patches, found, [goal.truth for goal in settled], budget), settled, _evaluation_batch(patches))


def _same(goal: Goal, survey: Survey) -> Goal:
    """The goal of the training, with the truth of the validation data."""
    if goal.head.kind != CLASSES:
        return goal
    if not survey.classes:
        raise BadTruth("Validation labels", expected="classes", received="none that is known")
    table = code_table(survey, goal.classes, by_name=survey.named and goal.survey.named)
    return replace(goal, truth=Truth(goal.classes, table, goal.truth.size))


def _held_bytes(found: Scan, budget: int) -> int:
    return budget // 2 if found.held is None else sum(array.nbytes for array in found.held)


def _evaluation_batch(patches: Patches) -> int:
    pixels = sum(rows * cols for rows, cols, _ in patches.shapes[: patches.sources])
    return int(min(max(EVALUATION_PIXELS // pixels, 1), MOST_SAMPLES))


def _tell_classes(goal: Goal, reporter: Reporter) -> None:
    if goal.head.kind != CLASSES:
        spread = goal.survey.statistics
        told = zip(goal.names, spread.mean.tolist(), spread.std.tolist(), strict=True)
        reporter.info("Training measurements: " + ", ".join(f"{name} {mean:.4g} ± {std:.4g}" for name, mean, std in told) + ".")
        return
    counts, what = {c.name: goal.survey.counts[c.code] for c in goal.survey.classes}, "samples" if goal.truth.size is None else "pixels"
    reporter.info(f"Training {what}: " + ", ".join(f"{name} {count:,}" for name, count in counts.items()) + ".")
    rare = [f"{name} ({count})" for name, count in counts.items() if count < RARE]
    if rare:
        reporter.warn(f"Few {what}: {', '.join(rare)}. Fewer than {RARE} of a class are remembered rather than learnt.")


def _tell_feed(feed: Feed, validation: Data | None, reporter: Reporter) -> None:
    where = "held in memory" if feed.held_bytes else "streamed from disk (they exceed the memory budget)"
    also = f"; {validation.feed.count:,} patches to validate on" if validation else ""
    reporter.info(f"{feed.count:,} training patches, {where}{also}.")


def class_weights(goal: Goal) -> np.ndarray:
    """Weights that give every class the same say in the loss: samples ÷ (classes · samples of the class), so their mean over the
    samples is 1. After King & Zeng, *Logistic Regression in Rare Events Data* (2001), as scikit-learn's "balanced"."""
    counts = np.zeros(len(goal.classes))
    for code, index in goal.truth.table.T.tolist():
        counts[index] += goal.survey.counts[code]
    present = counts > 0
    weights = counts.sum() / (present.sum() * np.maximum(counts, 1))
    return np.where(present, weights, 1.0)
