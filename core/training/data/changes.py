"""The random changes of training patches that a job asks for, one after the other; the truth follows those that move pixels."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ...jobs import PatchAugmentation
from ...raster.statistics import BandStatistics
from .augment import augmented
from .feed import Change
from .radiometry import jittered, speckled

Alter = Callable[[list[np.ndarray], np.random.Generator], list[np.ndarray]]


def changes_of(wish: PatchAugmentation, statistics: Sequence[BandStatistics]) -> tuple[Change, ...]:
    """Of a batch's arrays: the sources, as many as there are `statistics`, and the truths behind them.

    Speckle comes before jitter, as it is a property of the scene and jitter one of the sensor.
    """
    spreads, count, changes = [spread.std for spread in statistics], len(statistics), []
    if wish.poses:
        changes.append(augmented)
    if wish.speckle:
        changes.append(_of_sources(lambda sources, rng: speckled(sources, wish.speckle, rng), count))
    if wish.jitter:
        changes.append(_of_sources(lambda sources, rng: jittered(sources, spreads, wish.jitter, rng), count))
    return tuple(changes)


def _of_sources(alter: Alter, count: int) -> Change:
    return lambda arrays, rng: [*alter(arrays[:count], rng), *arrays[count:]]
