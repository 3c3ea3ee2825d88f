"""Time two things in turn, so that a machine whose speed drifts does not favour one."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence

SIDE_BY_SIDE = 3  # runs of each


def seconds(run: Callable[[], object]) -> float:
    """Wall time of one run."""
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def median(values: Sequence[float]) -> float:
    """The middle one."""
    return statistics.median(values)


def paired_ratio(one: Callable[[], object], other: Callable[[], object]) -> float:
    """Median of the ratios of `one` to `other`, run in turn after a warm-up of the first."""
    one()
    return median([seconds(one) / seconds(other) for _ in range(SIDE_BY_SIDE)])
