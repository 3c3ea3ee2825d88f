"""Reads windows of a source: images stacked along their bands, all on one grid."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from types import TracebackType

import numpy as np
import rasterio
from rasterio.enums import MaskFlags
from rasterio.errors import RasterioError
from rasterio.io import DatasetReader
from rasterio.vrt import WarpedVRT
from rasterio.windows import Window as RasterioWindow

from ..errors import BadParameter, CannotRead, GridMismatch
from .edges import inside, outside
from .grid import HOW_TO_RESAMPLE, SNAP, Grid, Window
from .resampling import grid_of, in_words, resampled

Pixels = np.ndarray  # (rows, cols, bands)
Mask = np.ndarray  # bool (rows, cols): True is data


class Source:
    """One or more images, stacked in the order given, to feed one model input.

    Not thread-safe (GDAL's datasets are not): one thread, one Source.

    Args:
        paths: anything GDAL opens.
        nodata: value that means "no data" in every image; None: each image's own, if it has one.
        resample: how an image that lies on another grid is brought onto `grid`, while it is read; none: it is refused.
        grid: of the source; None: that of the first image.

    Attributes:
        remarks: which images are resampled, from what to what, in words.

    Raises:
        CannotRead: an image is missing or damaged.
        GridMismatch: the images differ in size, position, spacing or CRS.
    """

    def __init__(self, paths: Sequence[str], nodata: float | None = None, resample: str = "none", grid: Grid | None = None) -> None:
        if not paths:
            raise BadParameter("A source", expected="at least one image", received="none")
        self._exits = contextlib.ExitStack()
        try:
            opened = [self._exits.enter_context(open_image(path)) for path in paths]
            self.grid = grid or grid_of(opened[0])
            self.remarks: tuple[str, ...] = ()
            self._images = [self._on_grid(image, nodata, resample) for image in opened]
        except BaseException:
            self.close()
            raise
        self.paths = tuple(paths)
        self.counts = tuple(image.count for image in self._images)
        self.count: int = sum(self.counts)
        self.dtype = np.result_type(*(dtype for image in self._images for dtype in image.dtypes))
        self.band_names = tuple(name for image in opened for name in _band_names(image))
        self._nodata = [_nodata_values(image, nodata) for image in self._images]

    def _on_grid(self, image: DatasetReader, nodata: float | None, resample: str) -> DatasetReader:
        """The image itself, if it lies on the grid, or a view of it that does."""
        difference = _difference(self.grid, grid_of(image))
        if not difference:
            return image
        if resample == "none":
            raise GridMismatch(
                f"{image.name} does not lie on the source's first image: {difference}",
                remedy=f"Images of one source need one grid: give it as a source of its own, or resample it. {HOW_TO_RESAMPLE}",
            )
        self.remarks += (in_words(image, self.grid, resample),)
        return self._exits.enter_context(resampled(image, self.grid, resample, nodata))

    @property
    def nodata(self) -> tuple[float | None, ...]:
        """The value that means "no data", for each band."""
        return tuple(value for image in self._nodata for value in image)

    @property
    def complete(self) -> bool:
        """Whether every pixel surely has data: no value means "no data", no mask, and no type that knows NaN."""
        if np.issubdtype(self.dtype, np.floating):
            return False
        unmasked = (image.mask_flag_enums[0] != [MaskFlags.per_dataset] for image in self._images)
        return any(free and None in nodata for free, nodata in zip(unmasked, self._nodata, strict=True))

    def read(self, window: Window, edges: str = "reflect") -> Pixels:
        """The pixels of a window (rows, cols, bands), in the common type of all bands; it may reach over the image (core/raster/edges.py).

        Raises:
            CannotRead: a block of an image is damaged.
        """
        return self.read_valid(window, edges)[0]

    def valid(self, window: Window) -> Mask:
        """Where the window has data: inside the image, not no-data in every band, NaN in none. Shape (rows, cols)."""
        return self.read_valid(window, "replicate")[1]

    def read_valid(self, window: Window, edges: str = "reflect") -> tuple[Pixels, Mask]:
        """`read` and `valid` of one window, with one access to the files."""
        rows = inside(window.row, window.height, self.grid.height, edges)
        cols = inside(window.col, window.width, self.grid.width, edges)
        needed = Window(int(rows.min()), int(cols.min()), int(np.ptp(rows)) + 1, int(np.ptp(cols)) + 1)
        pixels, valid = self._read_inside(needed)
        if needed != window:
            index = np.ix_(rows - needed.row, cols - needed.col)
            pixels, valid = pixels[index], valid[index]
            beyond = np.logical_or.outer(
                outside(window.row, window.height, self.grid.height), outside(window.col, window.width, self.grid.width)
            )
            valid = valid & ~beyond
            if edges == "zero":
                pixels[beyond] = 0
        return pixels, valid

    def _read_inside(self, window: Window) -> tuple[Pixels, Mask]:
        pixels = np.empty((window.height, window.width, self.count), self.dtype)
        has_data = np.zeros((window.height, window.width), bool)
        first = 0
        for image, nodata in zip(self._images, self._nodata, strict=True):
            part = pixels[:, :, first : first + image.count]
            part[...] = np.moveaxis(_read(image, window), 0, 2)
            has_data |= _image_mask(image, window) & _any_data(part, nodata)
            first += image.count
        if np.issubdtype(self.dtype, np.floating):
            has_data &= ~np.isnan(pixels).any(axis=2)
        return pixels, has_data

    def close(self) -> None:
        """Close the files."""
        self._exits.close()

    def __enter__(self) -> Source:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def open_image(path: str) -> DatasetReader:
    """Open one image.

    Raises:
        CannotRead: it is missing, or no raster.
    """
    try:
        return rasterio.open(path)
    except RasterioError as error:
        what = f"Cannot read {path}" if os.path.exists(path) or path.startswith("/vsi") else f"{path} does not exist"
        raise CannotRead(what, expected="a raster", received=str(error)) from error


def _read(image: DatasetReader, window: Window) -> np.ndarray:
    try:
        return image.read(window=_rasterio(window))
    except RasterioError as error:
        raise CannotRead(f"{image.name} is damaged near row {window.row}, column {window.col}", received=str(error)) from error


def _image_mask(image: DatasetReader, window: Window) -> np.ndarray | bool:
    """The image's own mask band, where it has one. (An alpha flag is no mask here: GDAL sets it for any fourth band of bytes.)"""
    if image.mask_flag_enums[0] == [MaskFlags.per_dataset]:
        return image.read_masks(1, window=_rasterio(window)) > 0
    return True


def _any_data(part: Pixels, nodata: list[float | None]) -> np.ndarray | bool:
    """Where at least one band is not its no-data value."""
    if any(value is None for value in nodata):
        return True
    return np.logical_or.reduce([_differs(part[:, :, band], value) for band, value in enumerate(nodata) if value is not None])


def _differs(band: np.ndarray, value: float) -> np.ndarray:
    return ~np.isnan(band) if np.isnan(value) else band != value


def _rasterio(window: Window) -> RasterioWindow:
    return RasterioWindow(window.col, window.row, window.width, window.height)


def _band_names(image: DatasetReader) -> list[str]:
    stem = os.path.splitext(os.path.basename(image.name))[0]
    default = [stem] if image.count == 1 else [f"{stem}_{band}" for band in range(1, image.count + 1)]
    return [description or name for description, name in zip(image.descriptions, default, strict=True)]


def _nodata_values(image: DatasetReader, given: float | None) -> list[float | None]:
    """For each band. A resampled image has its own, whatever was given for what it was made from."""
    return [value if given is None or isinstance(image, WarpedVRT) else given for value in image.nodatavals]


def _difference(first: Grid, other: Grid) -> str:
    """In what the grids differ, in words; empty if they are one."""
    if (first.height, first.width) != (other.height, other.width):
        return f"{other.height} × {other.width} pixels instead of {first.height} × {first.width}"
    if first.crs != other.crs:
        return f"CRS {other.crs or 'unknown'} instead of {first.crs or 'unknown'}"
    corners = ((0, 0), (first.height, first.width))
    apart = max(abs(a - b) for corner in corners for a, b in zip(first.row_col(*other.xy(*corner)), corner, strict=True))
    return f"up to {apart:.3g} pixels apart" if apart > max(SNAP, SNAP * max(first.height, first.width)) else ""
