"""From candidates to samples: count them, decide how many of each class and which groups validate, then draw. Two passes over the truth."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from ..jobs import Sampling
from ..raster.grid import Grid
from ..reporting import Reporter
from .byclass import read_by_class
from .candidates import Batch, Candidates
from .draw import Draw, make_draw
from .grouping import Grouping, tally
from .spatial_split import Split, make_split
from .split import Counts
from .strategy import Quota, check_not_empty, make_quotas, required_counts, share_of
from .truth import Label

TRAINING, VALIDATION = 0, 1
SINGLE = 0  # the group of all candidates where there is no grouping


@dataclass(frozen=True)
class Chosen:
    """The samples among a batch, as indexes of its pixels: the training side's and the validation side's."""

    batch: Batch
    training: np.ndarray
    validation: np.ndarray

    def sides(self) -> tuple[tuple[np.ndarray, np.ndarray], ...]:
        """Rows and columns in the image, of either side."""
        return self.batch.rows_cols(self.training), self.batch.rows_cols(self.validation)


@dataclass(frozen=True)
class Plan:
    """What to draw: a quota for each class, in the order of the classes; `split` None: each pixel goes to a side by itself."""

    quotas: list[Quota]
    split: Split | None


def count(candidates: Candidates, grouping: Grouping | None) -> Counts:
    """First pass: candidates of each class in each group."""
    if grouping is None:
        return Counter({(SINGLE, label): number for label, number in candidates.totals().items() if number})
    counts: Counter[tuple[int, Label]] = Counter()
    for batch in candidates.batches():
        for group, number in tally(grouping, batch).items():
            counts[group, batch.label] += number
    return Counter({key: number for key, number in counts.items() if number})


def make_plan(
    candidates: Candidates, counts: Counts, sampling: Sampling, grouping: Grouping | None, grid: Grid, reporter: Reporter
) -> Plan:
    """Decide, given the counts of the first pass.

    Raises:
        BadTruth: not one sample is asked for.
    """
    found: Counter[Label] = Counter()
    for (_, label), number in counts.items():
        found[label] += number
    if grouping is None:
        split, validation = None, {label: share_of(total, sampling.validation_share) for label, total in found.items()}
        training = {label: total - validation[label] for label, total in found.items()}
    else:
        split, training, validation = make_split(candidates, counts, sampling, grouping, grid, reporter)
    totals = {label: training.get(label, 0) + validation.get(label, 0) for label in sorted(found)}  # of one field, all are of one type
    by_class = read_by_class(sampling.byclass, totals) if sampling.strategy == "byclass" else None
    required = dict.fromkeys(totals, 0) | required_counts({label: total for label, total in totals.items() if total}, sampling, by_class)
    quotas = make_quotas(training, validation, required, sampling)
    check_not_empty(quotas)
    return Plan([replace(quota, kept_apart=found[quota.label] - quota.total) for quota in quotas], split)


def draw(candidates: Candidates, plan: Plan, sampling: Sampling) -> Iterator[Chosen]:
    """Second pass: the samples, batch by batch."""
    draws = {quota.label: _draws(quota, index, plan, sampling) for index, quota in enumerate(plan.quotas)}
    for batch in candidates.batches():
        if batch.pixels.size == 0:
            continue
        first, second = draws[batch.label]
        if plan.split is None:
            taken = first.take(batch.pixels.size)
            held_back = second.take(taken.size)
            yield Chosen(batch, np.delete(taken, held_back), taken[held_back])
        else:
            yield Chosen(batch, *(side[one.take(side.size)] for side, one in zip(plan.split.sides(batch), (first, second), strict=True)))


def _draws(quota: Quota, index: int, plan: Plan, sampling: Sampling) -> tuple[Draw, Draw]:
    """With groups, a draw on each side; without, one of all candidates and one of the samples that validate. Each has a
    random stream of its own, so that no class depends on how another one's candidates came in between."""
    streams = [np.random.default_rng([sampling.seed, 2, index, side]) for side in (TRAINING, VALIDATION)]
    if plan.split is None:
        numbers = (quota.total, quota.taken), (quota.taken, quota.validation)
    else:
        numbers = (quota.training_total, quota.training), (quota.validation_total, quota.validation)
    first, second = (make_draw(sampling, *pair, rng) for pair, rng in zip(numbers, streams, strict=True))
    return first, second
