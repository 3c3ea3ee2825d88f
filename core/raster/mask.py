"""A raster that says which pixels of another grid are wanted."""

from __future__ import annotations

import contextlib
from types import TracebackType

import numpy as np
from affine import Affine
from rasterio.crs import CRS
from rasterio.enums import MaskFlags, Resampling
from rasterio.errors import CRSError, RasterioError
from rasterio.io import DatasetReader
from rasterio.vrt import WarpedVRT
from rasterio.warp import transform_bounds
from rasterio.windows import Window as RasterioWindow

from ..errors import CannotRead, GridMismatch
from .cache import turn
from .grid import SNAP, Grid, Window
from .resampling import EXACT
from .source import open_image

PIXELS = 1 << 24  # of the mask that are read at once: one much finer than the grid would fill the memory
Extent = tuple[float, float, float, float]


class GridMask:
    """The first band of a raster, seen from a grid: a pixel of the grid is wanted if its centre lies on a pixel above 0 that has data.

    The raster may have any grid, and any CRS (it is warped to the nearest pixel where axes differ); one without a CRS, or for a grid
    without, is taken to be in the same. Not thread-safe: one thread, one GridMask.

    Args:
        path: anything GDAL opens.
        grid: the one that windows are given in; they may reach over it.
        part: the part of the grid that the raster has to touch.

    Attributes:
        remark: what the user should know, for the log; empty if nothing.

    Raises:
        CannotRead: no raster, or damaged.
        GridMismatch: it does not touch the part, or no way leads from its CRS to the grid's.
    """

    def __init__(self, path: str, grid: Grid, part: Window) -> None:
        self.grid, self.path = grid, path
        self._exits = contextlib.ExitStack()
        try:
            image = self._exits.enter_context(open_image(path))
            same = None in (image.crs, grid.crs) or image.crs == grid.crs
            self.remark = "" if image.crs or not grid.crs else "The mask has no CRS: it is taken to be in that of source 1."
            _check_overlap(path, _bounds(image, None if same else grid.crs), grid.part(part).bounds)
            self._image = image if same and _axes_fit(image.transform, grid.transform) else self._warped(image, None if same else grid.crs)
        except BaseException:
            self.close()
            raise

    def __call__(self, window: Window) -> np.ndarray:
        """Which pixels of a window are wanted: bool (rows, cols)."""
        between = ~self._image.transform @ self.grid.transform
        rows = _nearest(between.e, between.f, window.row, window.height)
        cols = _nearest(between.a, between.c, window.col, window.width)
        down, across = (np.flatnonzero((at >= 0) & (at < size)) for at, size in ((rows, self._image.height), (cols, self._image.width)))
        wanted = np.zeros((window.height, window.width), bool)
        if down.size and across.size:
            area = (np.ptp(rows[down]) + 1) * (np.ptp(cols[across]) + 1)
            for strip in np.array_split(down, min(-(-int(area) // PIXELS), down.size)):
                wanted[np.ix_(strip, across)] = self._above_zero(rows[strip], cols[across])
        return wanted

    def _above_zero(self, rows: np.ndarray, cols: np.ndarray) -> np.ndarray:
        top, left = int(rows.min()), int(cols.min())
        window, index = RasterioWindow(left, top, int(cols.max()) + 1 - left, int(rows.max()) + 1 - top), np.ix_(rows - top, cols - left)
        try:
            with turn:
                above: np.ndarray = self._image.read(1, window=window)[index] > 0  # NaN is not
                if MaskFlags.all_valid not in self._image.mask_flag_enums[0]:
                    above &= self._image.read_masks(1, window=window)[index] > 0
        except RasterioError as error:
            raise CannotRead(f"The mask {self.path} is damaged near row {top}, column {left}", received=str(error)) from error
        return above

    def _warped(self, image: DatasetReader, crs: CRS | None) -> DatasetReader:
        """The raster on the grid. Where both are in one CRS that nobody names, any name does."""
        try:
            name = crs or image.crs or self.grid.crs or CRS.from_epsg(3857)
            view = WarpedVRT(
                image,
                src_crs=image.crs or name,
                crs=name,
                transform=self.grid.transform,
                height=self.grid.height,
                width=self.grid.width,
                resampling=Resampling.nearest,
                tolerance=EXACT,
            )
        except (RasterioError, CRSError) as error:
            raise GridMismatch(f"The mask {self.path} cannot be brought onto source 1's grid", received=str(error)) from error
        return self._exits.enter_context(view)

    def close(self) -> None:
        """Close the file."""
        self._exits.close()

    def __enter__(self) -> GridMask:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def _nearest(scale: float, offset: float, start: int, length: int) -> np.ndarray:
    """The mask's row or column under the centre of each of `length` pixels; a centre on an edge belongs to the greater one."""
    centres = np.arange(start, start + length) + 0.5
    places: np.ndarray = np.floor(scale * centres + offset + SNAP).astype(np.int64)
    return places


def _axes_fit(one: Affine, other: Affine) -> bool:
    """Whether rows lie along rows (mirrored is fine), so that a row of one grid needs one row of the other."""
    between = ~one @ other
    return max(abs(between.b), abs(between.d)) <= SNAP * max(abs(between.a), abs(between.e))


def _bounds(image: DatasetReader, crs: CRS | None) -> Extent:
    corners = [image.transform @ (col, row) for row in (0, image.height) for col in (0, image.width)]
    xs, ys = zip(*corners, strict=True)
    bounds = min(xs), min(ys), max(xs), max(ys)
    if crs is None:
        return bounds
    try:
        return transform_bounds(image.crs, crs, *bounds)
    except (RasterioError, CRSError) as error:
        raise GridMismatch(f"The mask {image.name}", expected=f"a CRS that leads to {crs}", received=str(error)) from error


def _check_overlap(path: str, bounds: Extent, wanted: Extent) -> None:
    xmin, ymin, xmax, ymax = bounds
    if xmin >= wanted[2] or xmax <= wanted[0] or ymin >= wanted[3] or ymax <= wanted[1]:
        raise GridMismatch(
            f"The mask {path} does not touch what is to be computed", expected=f"within {wanted}", received=bounds, remedy="Check its CRS."
        )
