"""Reads windows of a source: images stacked along their bands, all on one grid."""

from __future__ import annotations

import contextlib
import functools
import os
from collections.abc import Sequence
from types import TracebackType

import numpy as np
import rasterio
from rasterio.errors import RasterioError
from rasterio.io import DatasetReader

from ..errors import BadParameter, CannotRead, GridMismatch
from .edges import Span, spread
from .grid import HOW_TO_RESAMPLE, SNAP, Grid, Window
from .resampling import grid_of, in_words, resampled
from .stacked import Mask, StackedImage
from .tiles import image_row_bytes

REMOTE = ("http://", "https://", "/vsicurl", "/vsis3", "/vsigs", "/vsiaz", "/vsiadls", "/vsioss", "/vsiswift")

Pixels = np.ndarray  # (rows, cols, bands)


class Source:
    """One or more images, stacked in the order given, to feed one model input.

    Not thread-safe (GDAL's datasets are not): one thread, one Source.

    Args:
        paths: anything GDAL opens.
        nodata: value that means "no data" in every image; None: each image's own, if it has one.
        rule: a pixel has no data if "all" of the bands, of all images together, have none, or if "any" has none.
        resample: how an image that lies on another grid is brought onto `grid`, while it is read; none: it is refused.
        grid: of the source; None: that of the first image.

    Attributes:
        remarks: which images are resampled, from what to what, in words.

    Raises:
        CannotRead: an image is missing or damaged.
        GridMismatch: the images differ in size, position, spacing or CRS.
    """

    def __init__(
        self, paths: Sequence[str], nodata: float | None = None, rule: str = "all", resample: str = "none", grid: Grid | None = None
    ) -> None:
        if not paths:
            raise BadParameter("A source", expected="at least one image", received="none")
        self._exits = contextlib.ExitStack()
        try:
            images = [self._exits.enter_context(open_image(path)) for path in paths]
            self.grid = grid or grid_of(images[0])
            self.remarks: tuple[str, ...] = ()
            self._images = [self._on_grid(image, nodata, rule, resample) for image in images]
        except BaseException:
            self.close()
            raise
        self.paths = tuple(paths)
        self._join = np.logical_or if rule == "all" else np.logical_and
        self._describe()

    def _on_grid(self, image: DatasetReader, nodata: float | None, rule: str, resample: str) -> StackedImage:
        """The image itself, if it lies on the grid, or a view of it that does."""
        difference = _difference(self.grid, grid_of(image))
        if not difference:
            return StackedImage(image, nodata, rule)
        if resample == "none":
            raise GridMismatch(
                f"{image.name} does not lie on the source's first image: {difference}",
                remedy=f"Images of one source need one grid: give it as a source of its own, or resample it. {HOW_TO_RESAMPLE}",
            )
        self.remarks += (in_words(image, self.grid, resample),)
        view = self._exits.enter_context(resampled(image, self.grid, resample, nodata, rule))
        return StackedImage(view, None, rule, original=image)

    def _describe(self) -> None:
        self.counts = tuple(len(image.bands) for image in self._images)
        self.count: int = sum(self.counts)
        self.dtype = np.result_type(*(image.dtype for image in self._images))
        self.band_names = tuple(name for image in self._images for name in image.names)

    @property
    def nodata(self) -> tuple[float | None, ...]:
        """The value that means "no data", for each band."""
        return tuple(value for image in self._images for value in image.nodata)

    @property
    def scales(self) -> tuple[float, ...]:
        """For each band, as GDAL has it: true value = pixel · scale + offset. Pixels are read as they stand."""
        return tuple(scale for image in self._images for scale in image.scales)

    @property
    def offsets(self) -> tuple[float, ...]:
        """For each band; see `scales`."""
        return tuple(offset for image in self._images for offset in image.offsets)

    @property
    def colours(self) -> tuple[str, ...]:
        """For each band: red, green or blue where its file calls it so; else empty."""
        return tuple(colour for image in self._images for colour in image.colours)

    @property
    def complete(self) -> bool:
        """Whether every pixel surely has data: no value means "no data", no mask, and no type that knows NaN."""
        if np.issubdtype(self.dtype, np.floating):
            return False
        return bool(self._join.reduce([image.complete for image in self._images]))

    @property
    def transparent(self) -> tuple[str, ...]:
        """Names of the bands that say how opaque their image is (core/raster/stacked.py tells how they are known)."""
        return tuple(image.name_of(image.transparent) for image in self._images if image.transparent is not None)

    def hide_transparent(self) -> None:
        """From now on those bands are not read as bands: where one is 0, its image has no data. Call it before anything is read."""
        for image in self._images:
            image.hide_transparent()
        self._describe()

    def read(self, window: Window, edges: str = "reflect") -> Pixels:
        """The pixels of a window (rows, cols, bands), in the common type of all bands; it may reach over the image (core/raster/edges.py).

        Raises:
            CannotRead: a block of an image is damaged.
        """
        return self.read_valid(window, edges)[0]

    def valid(self, window: Window) -> Mask:
        """Where the window has data: inside the image, with data by the rule, NaN in no band. Shape (rows, cols); not to be written to."""
        return self.read_valid(window, "replicate")[1]

    def read_valid(self, window: Window, edges: str = "reflect", dtype: np.dtype | None = None) -> tuple[Pixels, Mask]:
        """`read` and `valid` of one window, with one access to the files; `dtype`: of the pixels, if not the common
        one of the bands (then NaN in them may be lost)."""
        rows = Span.of(window.row, window.height, self.grid.height, edges)
        cols = Span.of(window.col, window.width, self.grid.width, edges)
        pixels = np.empty((window.height, window.width, self.count), dtype or self.dtype)
        found, first = [], 0
        for image in self._images:
            part, has_data = image.read(Window(rows.first, cols.first, rows.count, cols.count))
            spread(np.moveaxis(part, 0, 2), rows, cols, pixels[:, :, first : first + len(part)])
            found.append(has_data)
            first += len(part)
        valid = self._with_data(pixels, functools.reduce(self._join, found), rows, cols)
        if edges == "zero":
            for margin in rows.beyond:
                pixels[margin] = 0
            for margin in cols.beyond:
                pixels[:, margin] = 0
        return pixels, valid

    def _with_data(self, pixels: Pixels, has_data: Mask | bool, rows: Span, cols: Span) -> Mask:
        """Where the window has data. That it has data everywhere, the usual case, takes neither time nor memory."""
        shape, floating = pixels.shape[:2], np.issubdtype(self.dtype, np.floating)
        if has_data is True and not (floating or rows.beyond or cols.beyond):
            return np.broadcast_to(np.True_, shape)
        valid = np.zeros(shape, bool)
        valid[rows.within, cols.within] = has_data if np.ndim(has_data) == 0 else np.asarray(has_data)[rows.read, cols.read]
        if floating:
            valid &= ~np.isnan(pixels).any(axis=2)
        return valid

    def decoded_bytes(self, window: tuple[int, int]) -> int:
        """What GDAL has to keep to decode no tile twice; `window`: rows of one, columns of a row of them (core/raster/tiles.py)."""
        return sum(image_row_bytes(image.image, window) for image in self._images)

    def close(self) -> None:
        """Close the files."""
        self._exits.close()

    def __enter__(self) -> Source:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def open_image(path: str) -> DatasetReader:
    """Open one image. On a server, files beside it (.ovr, .msk, .aux.xml) are not looked for: that would take sixty requests.

    Raises:
        CannotRead: it is missing, or no raster.
    """
    try:
        with rasterio.Env(GDAL_DISABLE_READDIR_ON_OPEN="EMPTY_DIR") if path.startswith(REMOTE) else contextlib.nullcontext():
            return rasterio.open(path)
    except RasterioError as error:
        what = f"Cannot read {path}" if os.path.exists(path) or path.startswith("/vsi") else f"{path} does not exist"
        raise CannotRead(what, expected="a raster", received=str(error)) from error


def _difference(first: Grid, other: Grid) -> str:
    """In what the grids differ, in words; empty if they are one."""
    if (first.height, first.width) != (other.height, other.width):
        return f"{other.height} × {other.width} pixels instead of {first.height} × {first.width}"
    if first.crs != other.crs:
        return f"CRS {other.crs or 'unknown'} instead of {first.crs or 'unknown'}"
    corners = ((0, 0), (first.height, first.width))
    apart = max(abs(a - b) for corner in corners for a, b in zip(first.row_col(*other.xy(*corner)), corner, strict=True))
    return f"up to {apart:.3g} pixels apart" if apart > max(SNAP, SNAP * max(first.height, first.width)) else ""
