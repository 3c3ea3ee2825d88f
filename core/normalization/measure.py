"""The statistics of an image's bands, in one pass over it, or two for the exact percentiles of wide types."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..raster.grid import Window
from ..raster.source import Source
from ..raster.statistics import BandStatistics
from ..reporting import Reporter
from ..stream import Stream
from .band_numbers import BandNumbers
from .blocks import Block, block_count, blocks, read_block
from .percentiles import Percentiles


def measure(source: Source, percents: tuple[float, ...], reporter: Reporter) -> tuple[BandNumbers, ...]:
    """Of all bands. `percents`: which percentiles; empty for none, which is quicker."""
    statistics = [BandStatistics(1) for _ in range(source.count)]
    percentiles = [Percentiles(source.dtype, percents) for _ in range(source.count)] if percents else []

    def both(values: np.ndarray, band: int) -> None:
        statistics[band].feed(values[:, np.newaxis])
        if percentiles:
            percentiles[band].feed(values)

    reporter.phase("Measuring the bands")
    _feed(source, both, reporter)
    if any(band.needs_second_pass for band in percentiles):
        reporter.phase("Measuring the bands, second look for exact percentiles")
        for band in percentiles:
            band.look_closer()
        _feed(source, lambda values, band: percentiles[band].feed(values), reporter)
    return tuple(
        _numbers(name, statistics[band], percents, percentiles[band] if percentiles else None)
        for band, name in enumerate(source.band_names)
    )


def _feed(source: Source, take: Callable[[np.ndarray, int], None], reporter: Reporter) -> None:
    """All values that are data to `take`, block by block and band by band; the next block is read meanwhile."""

    def compute(block: Block) -> None:
        for band in range(source.count):
            take(block.values(band), band)

    stream: Stream[Window, Block, None] = Stream(lambda window: read_block(source, window), compute, lambda window, nothing: None)
    stream.run(blocks(source.grid, source.count), block_count(source.grid, source.count), reporter)


def _numbers(name: str, found: BandStatistics, percents: tuple[float, ...], percentiles: Percentiles | None) -> BandNumbers:
    if not found.count:
        return BandNumbers(name, 0)
    minimum, maximum, mean, std = (float(values[0]) for values in (found.minimum, found.maximum, found.mean, found.std))
    pairs = tuple(zip(percents, percentiles.values(), strict=True)) if percentiles else ()
    return BandNumbers(name, found.count, minimum, maximum, mean, std, pairs)
