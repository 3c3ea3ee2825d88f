"""Which candidates may train and which may validate: whole groups on one side, and a buffer between the two."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from ..jobs import Sampling
from ..raster.grid import Grid
from ..reporting import Reporter
from .candidates import Batch, Candidates
from .grouping import Grouping, on_side
from .separation import Separation
from .split import Counts, totals_by_side
from .truth import Label

Totals = dict[Label, int]


@dataclass(frozen=True)
class Split:
    """The groups that validate, and what of the others is too near to them (`separation`; None: nothing)."""

    grouping: Grouping
    validation: np.ndarray
    separation: Separation | None = None

    def sides(self, batch: Batch) -> tuple[np.ndarray, np.ndarray]:
        """The candidates of a batch that may train, and those that may validate, as indexes of its pixels."""
        validates = on_side(self.grouping, batch, self.validation)
        training = np.flatnonzero(~validates)
        if self.separation is not None:
            training = training[~self.separation.near(*batch.rows_cols(training))]
        return training, np.flatnonzero(validates)


def make_split(
    candidates: Candidates, counts: Counts, sampling: Sampling, grouping: Grouping, grid: Grid, reporter: Reporter
) -> tuple[Split, Totals, Totals]:
    """The split, and how many candidates of each class may train and may validate.

    A buffer takes two more passes over the truth: where are those that may validate, and how many that may train are left?
    """
    split = Split(grouping, grouping.validating(counts, sampling.validation_share, sampling.seed))
    training, validation = totals_by_side(counts, split.validation)
    if sampling.spatial_buffer:
        reporter.phase("Finding the pixels that may validate")
        separation = _separation(candidates, split, grid, sampling.spatial_buffer)
        split = Split(grouping, split.validation, separation)
        reporter.phase("Counting the pixels that are far enough from them")
        training = _training_totals(candidates, split)
    return split, training, validation


def _separation(candidates: Candidates, split: Split, grid: Grid, distance: float) -> Separation:
    separation = Separation(grid, distance)
    for batch in candidates.batches():
        _, validation = split.sides(batch)
        separation.mark(*batch.rows_cols(validation))
    separation.seal()
    return separation


def _training_totals(candidates: Candidates, split: Split) -> Totals:
    totals: Counter[Label] = Counter()
    for batch in candidates.batches():
        training, _ = split.sides(batch)
        totals[batch.label] += training.size
    return dict(totals)
