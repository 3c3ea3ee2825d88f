"""Where in the endless landscape the scene lies: of some hashed places, the one that shows the classes best."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from . import legend
from .geography import Geography
from .landscape import ground
from .noise import Frame, hashed

_WANTED = {  # share of the scene that is enough of each class
    legend.WATER: 0.03, legend.FOREST: 0.18, legend.ORCHARD: 0.06, legend.MEADOW: 0.14,
    legend.CEREALS: 0.16, legend.SUMMER_CROPS: 0.12, legend.TOWN: 0.10, legend.ROAD: 0.015,
}  # fmt: skip
_CANDIDATES = 16
_SAMPLES = 40  # points along a side
_STEP = 7300  # metres from candidate to candidate
_LOOK = 10000.0  # metres of a larger scene that are looked at


def corner_of(geography: Geography, extent: float, check: Callable[[], None] = lambda: None) -> tuple[float, float]:
    """The upper left corner of a scene `extent` metres wide, a multiple of 20 m. `check` is called between the places.

    A scene of a kilometre taken anywhere would be fields and nothing else; a newcomer should see a river, a town and a forest.
    """
    start = hashed(geography.seed, 500, np.arange(2)) % np.uint32(1000)
    corners = [(float(start[0] * 20 + i * _STEP), float(start[1] * 20 + j * _STEP)) for i in range(4) for j in range(_CANDIDATES // 4)]
    looked_at = min(extent, _LOOK)
    scores = []
    for corner in corners:
        check()
        scores.append(_score(geography, corner, looked_at, extent))
    return corners[int(np.argmax(scores))]


def _score(geography: Geography, corner: tuple[float, float], looked_at: float, extent: float) -> float:
    """How much of what is wanted is there: the mean logarithm, so that a missing class costs most, less what there is too much of."""
    step = looked_at / _SAMPLES
    along = (np.arange(_SAMPLES) + 0.5) * step + (extent - looked_at) / 2
    classes = ground(Frame(corner[1] + along, corner[0] + along, step), geography).classes
    wanted = np.array([_WANTED[c.code] for c in legend.CLASSES])
    shares = (np.bincount(classes.ravel(), minlength=len(wanted) + 1) / classes.size)[1:]
    return float(np.mean(np.log(np.minimum(shares / wanted, 1) + 0.02)) - np.maximum(shares - 1.3 * wanted, 0).sum())
