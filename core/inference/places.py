"""A few places of the image at hand, where two ways to compute the same are compared before one of them is trusted."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..raster.grid import Window
from .plan import Block, Plan


def places(plan: Plan, count: int, side: int) -> Iterator[Block]:
    """Blocks of at most `side` outputs on a side at `count` random places, the same in every run."""
    rng, output = np.random.default_rng(0), plan.output
    height, width = min(side, output.height), min(side, output.width)
    for _ in range(count):
        row = output.row + int(rng.integers(0, output.height - height + 1))
        col = output.col + int(rng.integers(0, output.width - width + 1))
        yield plan.block(Window(row, col, height, width))
