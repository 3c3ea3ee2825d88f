"""What a network knows of its data before the first step: the normalisation of the bands, and the scale of measurements. Both become a
part of the model, so that serving cannot get them wrong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...model.gallery.architecture import NORMALIZATION
from ...model.heads import CLASSES
from ...raster.statistics import BandStatistics
from ...reporting import Reporter
from ..data.prepare import Goal


def learn_normalization(network: Any, statistics: Sequence[BandStatistics], goals: Sequence[Goal], reporter: Reporter) -> None:
    """Give each source's normalisation layer the mean and variance of its bands, and each head of measurements theirs, before the network
    is first used. A model that was trained before keeps its own: its weights have learnt from numbers of that scale.

    A constant band gets variance 1: it then is 0 everywhere, and no other value at serving time is blown up by a division by almost
    nothing.
    """
    by_name = {layer.name: layer for layer in network.layers}
    for position, spread in enumerate(statistics, start=1):
        layer = by_name.get(f"{NORMALIZATION}{position}")
        if layer is None:
            reporter.warn(f"The model does not normalise source {position}: its bands are learnt from as they are.")
            continue
        constant = spread.std == 0
        if constant.any():
            bands = ", ".join(str(band + 1) for band in np.flatnonzero(constant))
            reporter.warn(f"Source {position} has the same value in all training patches in band {bands}: nothing can be learnt from it.")
        _adapt(layer, spread)
    for goal in goals:
        layer = by_name.get(goal.head.name)
        if goal.head.kind != CLASSES and getattr(layer, "invert", False):
            _adapt(layer, goal.survey.statistics)


def _adapt(layer: Any, spread: BandStatistics) -> None:
    layer.adapt_mean.assign(spread.mean)
    layer.adapt_variance.assign(np.where(spread.std == 0, 1.0, spread.std**2))
    layer.finalize_state()
