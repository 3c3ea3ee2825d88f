"""Which changes a job's augmentation makes, and that the truth keeps its values."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from core.jobs import PatchAugmentation
from core.raster.statistics import BandStatistics
from core.training.data.changes import changes_of


@pytest.mark.parametrize(
    ("wish", "moved", "altered"),
    [
        (PatchAugmentation(), False, False),
        (PatchAugmentation(poses=True), True, False),
        (PatchAugmentation(jitter=0.2), False, True),
        (PatchAugmentation(speckle=4.0), False, True),
        (PatchAugmentation(True, 0.2, 4.0), True, True),
    ],
)
def test_sources_change_and_the_truth_only_moves(wish: PatchAugmentation, moved: bool, altered: bool) -> None:
    rng = np.random.default_rng(0)
    source, truth = rng.uniform(1, 2, (50, 6, 6, 2)), rng.integers(0, 9, (50, 6, 6, 1))
    statistics = BandStatistics(2)
    statistics.feed(source)
    arrays = [source, truth]
    for change in (partial(change, rng=rng) for change in changes_of(wish, [statistics])):
        arrays = change(arrays)
    assert (arrays[1] != truth).any() == moved
    np.testing.assert_array_equal(np.sort(arrays[1], axis=None), np.sort(truth, axis=None))
    same = np.allclose(np.sort(arrays[0], axis=None), np.sort(source, axis=None))
    assert same != altered and (moved or altered) == (not np.array_equal(arrays[0], source))
