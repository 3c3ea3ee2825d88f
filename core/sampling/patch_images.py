"""Patch images, as they are cut: the patches of a source stacked in rows, each image with its sidecar."""

from __future__ import annotations

from dataclasses import replace
from math import hypot
from types import TracebackType
from typing import Any

import numpy as np
from affine import Affine

from ..classes import LandClass, make_classes
from ..errors import BadTruth
from ..raster.grid import Grid
from ..raster.source import Source
from ..raster.statistics import BandStatistics
from ..raster.style import read_category_names
from ..raster.writer import Bands, RasterWriter
from . import sidecar
from .samples import Samples
from .windows import Size

MOST_CLASSES = 65536  # of a label image: more are measurements


class PatchImage:
    """The patches of one source, uncompressed, each patch one contiguous strip; band statistics are taken on the way.

    Use as a context manager; only a clean end gives image and sidecar their names.
    """

    def __init__(self, path: str, samples: Samples, source: Source, size: Size) -> None:
        self._path, self._samples, self._source, self._size = path, samples, source, size
        self._statistics = BandStatistics(source.count)
        # No value is "no data" here: patches with pixels that are were rejected, and other programs would mask a band's honest values.
        bands = Bands(str(source.dtype), source.band_names, strip_rows=size[0])
        self._writer = RasterWriter(path, stack(len(samples), *size), bands)

    def look(self, patches: np.ndarray) -> None:
        """Take the statistics of patches (samples · rows, cols, bands)."""
        self._statistics.feed(patches)

    def write(self, first: int, patches: np.ndarray) -> None:
        """Patches of the samples from `first` on."""
        self._writer.write(patches, first * self._size[0], 0)

    def _sidecar(self) -> sidecar.PatchSidecar:
        beside = describe(sidecar.PATCHES, self._samples, self._source, self._size, self._source.band_names)
        return replace(beside, **numbers(self._statistics))

    def __enter__(self) -> Any:
        self._writer.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        beside = self._sidecar() if kind is None else None
        self._writer.__exit__(kind, error, trace)
        if beside is not None:
            sidecar.write(self._path, beside)


class LabelPatchImage(PatchImage):
    """The same of a label image: whole numbers are the codes of classes, named as the label image names them."""

    def __init__(self, path: str, samples: Samples, source: Source, size: Size) -> None:
        super().__init__(path, samples, source, size)
        self._present: set[int] = set()

    def look(self, patches: np.ndarray) -> None:
        """Take the values that there are.

        Raises:
            BadTruth: more than there are classes.
        """
        self._present.update(np.unique(patches).tolist())
        if len(self._present) > MOST_CLASSES:
            raise BadTruth("This is no label image", expected=f"at most {MOST_CLASSES} classes", received="more", remedy="Choose another.")

    @property
    def classes(self) -> tuple[LandClass, ...]:
        """The classes that have pixels."""
        names = read_category_names(self._source.paths[0])
        return make_classes((code, names.get(code, str(code))) for code in sorted(self._present))

    def _sidecar(self) -> sidecar.PatchSidecar:
        # The names go into the file as well; GDAL takes a colour table only before the first pixel.
        self._writer.bands = replace(self._writer.bands, classes=self.classes)
        bands = self._source.band_names
        return replace(describe(sidecar.LABELS, self._samples, self._source, self._size, bands), classes=self.classes)


def stack(count: int, height: int, width: int) -> Grid:
    """In no CRS, one unit a pixel, row 0 on top and y = 0 below the last one: a place that is not taken for a missing one."""
    return Grid(count * height, width, Affine(1, 0, 0, 0, -1, count * height), None)


def describe(kind: str, samples: Samples, source: Source, size: Size, bands: tuple[str, ...]) -> sidecar.PatchSidecar:
    """The sidecar of patches, without what depends on their pixels."""
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


def numbers(statistics: BandStatistics) -> dict[str, Any]:
    """Of each band, as the sidecar names them."""
    return {name: tuple(getattr(statistics, name).tolist()) for name in ("mean", "std", "minimum", "maximum")}
