"""What goes to training or to validation as a whole: features of the truth, areas of the map, or single pixels."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from .areas import Areas
from .candidates import Batch


class Grouping(Protocol):
    """Says to which group each candidate belongs."""

    def of(self, batch: Batch) -> int | np.ndarray:
        """One number for the whole batch, or one for each of its candidates."""


class ByFeature:
    """Each polygon, line or point is a group. (A pixel under two overlapping features may so come on both sides; areas exclude that.)"""

    def of(self, batch: Batch) -> int:
        """See Grouping."""
        return batch.feature.fid if batch.feature is not None else 0


class ByArea:
    """Each square of the map is a group; a polygon on two squares is shared out between them."""

    def __init__(self, areas: Areas) -> None:
        self._areas = areas

    def of(self, batch: Batch) -> np.ndarray:
        """See Grouping."""
        return self._areas.of(*batch.rows_cols())


def tally(grouping: Grouping, batch: Batch) -> dict[int, int]:
    """Candidates of the batch in each group."""
    groups = grouping.of(batch)
    if isinstance(groups, int):
        return {groups: batch.pixels.size}
    numbers, counts = np.unique(groups, return_counts=True)
    return dict(zip(numbers.tolist(), counts.tolist(), strict=True))


def on_side(grouping: Grouping, batch: Batch, validation: np.ndarray) -> np.ndarray:
    """Which candidates of the batch belong to one of the validation groups: bool, one each."""
    return np.broadcast_to(np.isin(grouping.of(batch), validation), batch.pixels.shape)
