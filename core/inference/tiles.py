"""Room for a row of tiles, decoded or not yet encoded, so that those of a wide image are decoded, or encoded, once."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

import numpy as np

from ..raster.cache import tile_cache
from ..raster.source import Source
from ..raster.tiles import row_bytes
from ..raster.writer import TILE, Bands
from ..reporting import Reporter
from .memory import Budget
from .plan import Plan

SHARE = 8  # of the memory budget: one part in so many may go to tiles
SLACK = 1.25  # GDAL may keep a little less than it is told


def room_for_tiles(
    sources: Sequence[Source], plan: Plan, written: Sequence[Bands], size: int, budget: Budget, reporter: Reporter
) -> contextlib.AbstractContextManager[object]:
    """A context in which GDAL keeps the tiles of a row of blocks of this size, as far as the memory budget allows."""
    needed = int(SLACK * (_read(sources, plan, size) + _written(written, plan, size)))
    room = min(needed, max(budget.host // SHARE, budget.cache))
    if needed > room:
        reporter.warn(
            f"A row of blocks needs {needed >> 20} MB of decoded tiles, and {room >> 20} MB of them are kept: parts of the images are "
            "decoded several times. A larger memory budget, smaller blocks, or images in smaller tiles are quicker."
        )
    return tile_cache(room) if room > budget.cache else contextlib.nullcontext()


def _read(sources: Sequence[Source], plan: Plan, size: int) -> int:
    """Bytes of the sources' tiles."""
    one = plan.windows(next(plan.blocks(size)))
    whole = plan.windows(next(plan.blocks(2 * (plan.output.height + plan.output.width + size))))
    return sum(source.decoded_bytes((each.height, row.width)) for source, each, row in zip(sources, one, whole, strict=True))


def _written(written: Sequence[Bands], plan: Plan, size: int) -> int:
    """Bytes of the outputs' tiles: they go through the same cache."""
    height, width = plan.output.height, plan.output.width
    pixel_bytes = sum(np.dtype(bands.dtype).itemsize * len(bands.names) for bands in written)
    return row_bytes((height, width), (TILE, TILE), (min(size, height), width), pixel_bytes)
