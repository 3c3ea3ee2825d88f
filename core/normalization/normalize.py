"""The job normalize: the bands of an image on a common scale, block by block."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import BadParameter
from ..jobs import Normalize
from ..raster.grid import Window
from ..raster.source import Source
from ..raster.writer import Bands, RasterWriter
from ..reporting import Reporter
from ..stream import Stream
from .band_numbers import BandNumbers, read_numbers, write_numbers
from .blocks import Block, block_count, blocks, read_block
from .measure import measure
from .scaling import Scaling, scaled, scaling_of


def run(job: Normalize, reporter: Reporter) -> dict[str, Any]:
    """Measure the bands, unless their statistics are given or not needed, then scale them. Memory does not grow with the image.

    Raises:
        BadParameter: no band has data, or the statistics given are of another image or method.
    """
    with Source([job.image], job.nodata) as source:
        numbers = _numbers(job, source, reporter)
        scalings = [scaling_of(job, numbers[band] if numbers else None) for band in range(source.count)]
        _report(scalings, numbers, source.band_names, reporter)
        reporter.phase("Scaling the bands")
        _write(job, source, scalings, reporter)
        if job.output_statistics:
            write_numbers(job.output_statistics, numbers, source.paths)
        bands = source.count
    paths = {"OUTPUT": job.output, "OUTPUT_STATISTICS": job.output_statistics}
    return {name: path for name, path in paths.items() if path} | {"BANDS": bands}


def _numbers(job: Normalize, source: Source, reporter: Reporter) -> tuple[BandNumbers, ...]:
    """The statistics; none for the method constant, unless they are to be written."""
    if job.statistics:
        return read_numbers(job.statistics, source.count)
    if job.method == "constant" and not job.output_statistics:
        return ()
    numbers = measure(source, (job.percentile_low, job.percentile_high) if job.method == "percentile" else (), reporter)
    if not any(band.count for band in numbers):
        raise BadParameter(f"{job.image} has no pixel with data", remedy="Check the no-data value.")
    return numbers


def _report(scalings: list[Scaling], numbers: tuple[BandNumbers, ...], names: tuple[str, ...], reporter: Reporter) -> None:
    for band, (name, scaling) in enumerate(zip(names, scalings, strict=True)):
        reporter.info(f"Band {name}: (value − {scaling.subtract:g}) ÷ {scaling.divide:g}")
        if scaling.constant:
            reporter.warn(f"Band {name} has the same value ({scaling.subtract:g}) nearly everywhere: it becomes 0 there.")
        elif numbers and not numbers[band].count:
            reporter.warn(f"Band {name} has no data at all.")


def _write(job: Normalize, source: Source, scalings: list[Scaling], reporter: Reporter) -> None:
    nodata = float("nan") if job.dtype == "float32" else 0.0

    def compute(block: Block) -> np.ndarray:
        result = np.empty(block.pixels.shape, job.dtype)
        for band, scaling in enumerate(scalings):
            data = None if block.data is None else block.data[:, :, band]
            result[:, :, band] = scaled(block.pixels[:, :, band], data, scaling, job.dtype)
        return result

    with RasterWriter(job.output, source.grid, Bands(job.dtype, source.band_names, nodata)) as writer:
        stream: Stream[Window, Block, np.ndarray] = Stream(
            lambda window: read_block(source, window), compute, lambda window, pixels: writer.write(pixels, window.row, window.col)
        )
        stream.run(blocks(source.grid, source.count), block_count(source.grid, source.count), reporter)
