"""Writes patch images and the label image, each with its sidecar."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from math import hypot
from typing import Any

import numpy as np
from affine import Affine

from ..classes import LandClass, make_classes
from ..jobs import ExtractPatches
from ..raster.grid import Grid
from ..raster.source import Source
from ..raster.statistics import BandStatistics
from ..raster.writer import Bands, RasterWriter
from ..reporting import Reporter
from . import sidecar
from .codes import code_table, label_dtype
from .cut import Cutter, batches, most_patches, tile_side
from .samples import Layout, Samples
from .windows import Size

LABEL_STRIP = 8192  # rows


def write_patches(job: ExtractPatches, samples: Samples, sources: list[Source], layout: Layout, reporter: Reporter) -> None:
    """One image a source: the patches stacked in rows, uncompressed, each patch one contiguous strip; statistics are taken on the way."""
    statistics = [BandStatistics(source.count) for source in sources]
    with contextlib.ExitStack() as exits:
        writers = [
            exits.enter_context(RasterWriter(part.output, _stack(len(samples), *size), _bands(source, size)))
            for part, source, size in zip(job.sources, sources, layout.sizes, strict=True)
        ]
        cutters = [Cutter(source, number, layout) for number, source in enumerate(sources)]
        for batch in batches(samples, tile_side(sources, layout), most_patches(sources, layout)):
            for cutter, writer, sums, size in zip(cutters, writers, statistics, layout.sizes, strict=True):
                patches = cutter.cut(samples.chosen(batch))
                writer.write(patches, batch.start * size[0], 0)
                sums.feed(patches)
            reporter.progress(batch.stop / len(samples), f"patch {batch.stop}")
    for part, source, sums in zip(job.sources, sources, statistics, strict=True):
        beside = _sidecar(sidecar.PATCHES, samples, source, (part.height, part.width), source.band_names)
        sidecar.write(part.output, replace(beside, **_numbers(sums)))


def write_labels(job: ExtractPatches, samples: Samples, reference: Source) -> tuple[LandClass, ...]:
    """The label image [samples, 1, 1] with the code of each sample's class; the classes that have samples, as its sidecar lists them."""
    codes = code_table(samples.labels)
    values = np.array([codes[label] for label in samples.labels], np.int64)[samples.label]
    present = set(np.unique(values).tolist())
    classes = make_classes(sorted((code, str(label)) for label, code in codes.items() if code in present))
    bands = Bands(label_dtype(present), ("class",), classes=classes, strip_rows=min(len(samples), LABEL_STRIP))
    with RasterWriter(job.output_labels, _stack(len(samples), 1, 1), bands) as writer:
        writer.write(values.astype(bands.dtype).reshape(-1, 1, 1), 0, 0)
    beside = _sidecar(sidecar.LABELS, samples, reference, (1, 1), bands.names)
    sidecar.write(job.output_labels, replace(beside, classes=classes))
    return classes


def _stack(count: int, height: int, width: int) -> Grid:
    """In no CRS, one unit a pixel, row 0 on top and y = 0 below the last one: a place that is not taken for a missing one."""
    return Grid(count * height, width, Affine(1, 0, 0, 0, -1, count * height), None)


def _bands(source: Source, size: Size) -> Bands:
    """No value is "no data" here: patches with pixels that are were rejected, and other programs would mask a band's honest values."""
    return Bands(str(source.dtype), source.band_names, strip_rows=size[0])


def _sidecar(kind: str, samples: Samples, source: Source, size: Size, bands: tuple[str, ...]) -> sidecar.PatchSidecar:
    grid = source.grid
    return sidecar.PatchSidecar(
        kind,
        len(samples),
        *size,
        bands,
        positions=tuple(zip(samples.x.tolist(), samples.y.tolist(), strict=True)),
        crs=grid.crs.to_wkt() if grid.crs else "",
        spacing=(hypot(grid.transform.a, grid.transform.d), hypot(grid.transform.b, grid.transform.e)),
        images=source.paths,
    )


def _numbers(statistics: BandStatistics) -> dict[str, Any]:
    names = ("mean", "std", "minimum", "maximum")
    return {name: tuple(getattr(statistics, name).tolist()) for name in names}
