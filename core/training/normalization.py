"""The normalisation of the bands, learnt from the training patches and stored in the model, so that serving cannot get it wrong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..model.contract import Contract
from ..model.gallery.architecture import NORMALIZATION
from ..raster.statistics import BandStatistics
from ..reporting import Reporter


def learn_normalization(network: Any, contract: Contract, statistics: Sequence[BandStatistics], reporter: Reporter) -> None:
    """Give each source's normalisation layer the mean and variance of its bands, before the network is first used.

    A model that was trained before keeps its own: its weights have learnt from numbers of that scale. A constant band gets variance 1:
    it then is 0 everywhere, and no other value at serving time is blown up by a division by almost nothing.
    """
    if contract.trained:
        reporter.info("The model was trained before: it keeps its normalisation, and goes on from its weights.")
        return
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
        layer.adapt_mean.assign(spread.mean)
        layer.adapt_variance.assign(np.where(constant, 1.0, spread.std**2))
        layer.finalize_state()
