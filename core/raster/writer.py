"""Writes rasters block by block: tiled, compressed, BigTIFF when needed, complete or not at all, styled where it holds classes."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import numpy as np
import rasterio
from rasterio.enums import ColorInterp
from rasterio.errors import RasterioError
from rasterio.windows import Window as RasterioWindow

from ..classes import LandClass
from ..errors import BadParameter, CannotWrite
from ..partial import replacing, write_error
from .cache import turn
from .grid import Grid
from .style import remove_companions, write_category_names, write_style

TILE = 256


@dataclass(frozen=True)
class Bands:
    """What the bands of an output are.

    Attributes:
        dtype: numpy's name of the pixel type.
        names: one a band; their number is the number of bands.
        nodata: the value that means "no data"; None for none.
        classes: of a class map; written as colour table and category names, and as a style beside the file.
        strip_rows: None writes tiles with deflate; a number writes uncompressed strips of so many rows (patch images: one
            strip a patch, pixel-interleaved, so that a patch is one contiguous read).
        tags: metadata of the file.
        scales, offsets: one a band: true value = pixel · scale + offset, as GDAL and QGIS read it; empty for 1 and 0.
        colours: one a band: red, green, blue, or empty for any other; empty if no band is a colour.
    """

    dtype: str
    names: tuple[str, ...]
    nodata: float | None = None
    classes: tuple[LandClass, ...] = ()
    strip_rows: int | None = None
    tags: tuple[tuple[str, str], ...] = ()
    scales: tuple[float, ...] = ()
    offsets: tuple[float, ...] = ()
    colours: tuple[str, ...] = ()


class RasterWriter:
    """A GeoTIFF in the making. Blocks may come in any order, each pixel once; only a clean end gives the file its name.

    Use as a context manager::

        with RasterWriter(path, grid, Bands("uint8", ("class",), nodata=0)) as writer:
            writer.write(block, row, col)      # block: (rows, cols, bands)
    """

    def __init__(self, path: str, grid: Grid, bands: Bands) -> None:
        if not path.lower().endswith((".tif", ".tiff")):
            raise BadParameter("Output raster", expected="a name that ends in .tif", received=path)
        self.path, self.grid, self.bands = path, grid, bands
        self._exits = contextlib.ExitStack()

    def __enter__(self) -> RasterWriter:
        with contextlib.ExitStack() as exits:
            self._temporary = exits.enter_context(replacing(self.path))
            try:
                self._dataset = rasterio.open(self._temporary, "w", **self._profile())
            except RasterioError as error:
                raise CannotWrite(f"Cannot write {self.path} ({error})", remedy="Choose another name or folder.") from error
            self._exits = exits.pop_all()
        self._describe()
        return self

    def write(self, block: np.ndarray, row: int, col: int) -> None:
        """Write (rows, cols, bands) with its upper left corner at row and column.

        Raises:
            CannotWrite: the disk is full or gone.
        """
        rows, cols = block.shape[:2]
        try:
            with turn:
                self._dataset.write(np.moveaxis(block, 2, 0), window=RasterioWindow(col, row, cols, rows))
        except RasterioError as error:
            raise write_error(self.path, OSError(0, str(error))) from error

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            with turn:
                self._dataset.close()  # flushes: a full disk may show only here
        except RasterioError as failure:
            self._exits.__exit__(type(failure), failure, None)
            raise write_error(self.path, OSError(0, str(failure))) from failure
        self._exits.__exit__(kind, error, trace)
        if kind is not None:
            return
        remove_companions(self.path)
        if self.bands.classes:
            write_category_names(self.path, self.bands.classes)
            write_style(self.path, self.bands.classes)

    def _profile(self) -> dict[str, Any]:
        profile: dict[str, Any] = {
            "driver": "GTiff",
            "height": self.grid.height,
            "width": self.grid.width,
            "count": len(self.bands.names),
            "dtype": self.bands.dtype,
            "nodata": self.bands.nodata,
            "crs": self.grid.crs,
            "transform": self.grid.transform,
            "BIGTIFF": "IF_SAFER",
            "INTERLEAVE": "PIXEL",
        }
        if not self.bands.classes:
            profile |= {"PHOTOMETRIC": "MINISBLACK", "ALPHA": "NO"}  # else GDAL takes the fourth band of bytes for transparency
        if self.bands.strip_rows is not None:
            return profile | {"tiled": False, "blockysize": self.bands.strip_rows}
        predictor = 3 if np.issubdtype(np.dtype(self.bands.dtype), np.floating) else 2
        return profile | {
            "tiled": True, "blockxsize": TILE, "blockysize": TILE,
            "compress": "deflate", "zlevel": 1, "predictor": predictor, "num_threads": 2,
        }  # fmt: skip

    def _describe(self) -> None:
        for index, name in enumerate(self.bands.names, start=1):
            self._dataset.set_band_description(index, name)
        if any(scale != 1 for scale in self.bands.scales) or any(self.bands.offsets):
            self._dataset.scales, self._dataset.offsets = self.bands.scales, self.bands.offsets
        if any(self.bands.colours):
            self._dataset.colorinterp = [ColorInterp[colour or "undefined"] for colour in self.bands.colours]
        if self.bands.tags:
            self._dataset.update_tags(**dict(self.bands.tags))
        if self.bands.classes and self.bands.dtype in ("uint8", "uint16") and len(self.bands.names) == 1:
            self._dataset.write_colormap(1, {c.code: (*c.colour, 255) for c in self.bands.classes})
