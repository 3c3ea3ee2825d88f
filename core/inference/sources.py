"""Opens the sources of a run, each on a grid that fits source 1's."""

from __future__ import annotations

import contextlib

from ..errors import GridMismatch
from ..jobs import ServeModel
from ..raster.alignment import align
from ..raster.grid import Grid
from ..raster.resampling import fitting_grid
from ..raster.source import Source
from ..reporting import Reporter


def open_sources(job: ServeModel, exits: contextlib.ExitStack, reporter: Reporter) -> tuple[Source, ...]:
    """The sources, closed by `exits`. One that fits stays as it is; one that does not is resampled if the job asks for it (else the
    alignment refuses it later, with the numbers).

    Raises:
        GridMismatch: images of one source that differ, if nothing is to be resampled; no CRS; no overlap.
    """
    sources: list[Source] = []
    for number, served in enumerate(job.sources, start=1):
        source = exits.enter_context(Source(served.images, served.nodata, job.nodata_rule, job.resample))
        if job.resample != "none" and not fits(sources[0].grid if sources else source.grid, source.grid):
            source.close()
            onto = fitting_grid(sources[0].grid, source.grid)
            source = exits.enter_context(Source(served.images, served.nodata, job.nodata_rule, job.resample, onto))
        for remark in source.remarks:
            reporter.info(f"Source {number}: {remark}")
        sources.append(source)
    return tuple(sources)


def fits(reference: Grid, grid: Grid) -> bool:
    """Whether two grids can be served together as they are."""
    try:
        align([reference, grid])
    except GridMismatch:
        return False
    return True
