"""One image of a source: the bands that are taken of it, and which of its pixels have data."""

from __future__ import annotations

import os
from functools import cached_property

import numpy as np
from rasterio.enums import ColorInterp, MaskFlags
from rasterio.errors import RasterioError
from rasterio.io import DatasetReader
from rasterio.windows import Window as RasterioWindow

from ..errors import CannotRead
from .cache import turn
from .grid import Window

Mask = np.ndarray  # bool (rows, cols): True is data

PLACES, SIDE = 5, 32  # a band is judged by so many windows down and across the image, of so many pixels on a side
TWO_VALUED = 0.95  # share of a band's pixels that are opaque or fully transparent if it is a band of transparency (its rims are soft)
COLOURS = ("red", "green", "blue")  # of GDAL's colour interpretations, those by which programs choose what to show
OPAQUE = 0.99  # share of the largest value above which a pixel of a resampled image is made of opaque ones only


class StackedImage:
    """An image with what is known of its pixels.

    A band lacks data where it has its no-data value, or where a mask of its own says so. `rule`: a pixel lacks data if "all" of the bands
    do, or if "any" does. What speaks for all bands at once (the mask of a dataset, transparency) hides the pixel under either rule.
    `original`: what a resampled image was made from; of it are the names, and what is known of transparency.

    Attributes:
        bands: indexes of those that are taken: all of them, until `hide_transparent`.
        nodata: the value that means "no data", for each band taken.
    """

    def __init__(self, image: DatasetReader, nodata: float | None, rule: str, original: DatasetReader | None = None) -> None:
        self.image, self._original, self._rule = image, original or image, rule
        self._flags = image.mask_flag_enums
        self._values = [
            _stored(value if nodata is None else nodata, dtype) for value, dtype in zip(image.nodatavals, image.dtypes, strict=True)
        ]
        shared = set(self._flags[0])
        by_values = MaskFlags.nodata in shared  # the metadata NODATA_VALUES: what the user gives stands above it
        self._masked = MaskFlags.per_dataset in shared and MaskFlags.alpha not in shared and not (by_values and nodata is not None)
        self._hiding: int | None = None
        self._opaque = 0.0
        self._take(tuple(range(image.count)))

    def _take(self, bands: tuple[int, ...]) -> None:
        self.bands = bands
        self.nodata = tuple(self._values[band] for band in bands)

    @property
    def dtype(self) -> np.dtype:
        """The common type of the bands."""
        return np.result_type(*(self.image.dtypes[band] for band in self.bands))

    @property
    def names(self) -> tuple[str, ...]:
        """One a band: its description, or the file's name with its number."""
        return tuple(self.name_of(band) for band in self.bands)

    @property
    def scales(self) -> tuple[float, ...]:
        """One a band: true value = pixel · scale + offset."""
        return tuple(self._original.scales[band] for band in self.bands)

    @property
    def offsets(self) -> tuple[float, ...]:
        """One a band; see `scales`."""
        return tuple(self._original.offsets[band] for band in self.bands)

    @property
    def colours(self) -> tuple[str, ...]:
        """One a band: red, green or blue where the file calls it so; else empty."""
        meanings = (self._original.colorinterp[band].name for band in self.bands)
        return tuple(meaning if meaning in COLOURS else "" for meaning in meanings)

    def name_of(self, band: int) -> str:
        """The name of a band, taken or not."""
        stem = os.path.splitext(os.path.basename(self._original.name))[0]
        return self._original.descriptions[band] or (stem if self.image.count == 1 else f"{stem}_{band + 1}")

    @property
    def complete(self) -> bool:
        """Whether every pixel has data, whatever the values: no value means "no data", and nothing hides a pixel."""
        some = any if self._rule == "all" else all
        return not self._masked and self._hiding is None and some(self._never_lacks(band) for band in self.bands)

    @cached_property
    def transparent(self) -> int | None:
        """The band that says how opaque the image is; None if it has none.

        GDAL calls the fourth band of bytes "alpha", near-infrared too, unless the file was written with care: its word is not enough. A
        band of transparency is one that it calls so and that holds, but for soft rims, nothing but 0 and one other value.
        """
        flagged = [band for band, meaning in enumerate(self._original.colorinterp) if meaning is ColorInterp.alpha]
        return next((band for band in flagged if self.image.count > 1 and self._two_valued(band)), None)

    def hide_transparent(self) -> None:
        """From now on the band of transparency is none that is taken: pixels where it is 0 have no data."""
        self._hiding = self.transparent
        if self._hiding is not None and self.image is not self._original:  # the means of opaque and transparent pixels are no data
            self._opaque = OPAQUE * self._sampled(self._hiding).max()
        self._take(tuple(band for band in self.bands if band != self._hiding))

    def read(self, window: Window) -> tuple[np.ndarray, Mask | bool]:
        """A window inside the image: the bands (bands, rows, cols), and where it has data (True: everywhere).

        Raises:
            CannotRead: a block of the image is damaged.
        """
        try:
            with turn:
                pixels = self._all_bands(_rasterio(window))
                valid = self._bands_have_data(pixels, window)
                if self._masked:
                    valid = valid & (self.image.read_masks(1, window=_rasterio(window)) > 0)
        except RasterioError as error:
            raise CannotRead(f"{self._original.name} is damaged near row {window.row}, column {window.col}", received=str(error)) from error
        if self._hiding is not None:
            valid = valid & (pixels[self._hiding] > self._opaque)
            pixels = pixels[list(self.bands)]
        return pixels, valid

    def _all_bands(self, window: RasterioWindow) -> np.ndarray:
        """The one of transparency too. At once, unless their types differ, as a virtual raster's may: those rasterio refuses to."""
        if len(set(self.image.dtypes)) == 1:
            return self.image.read(window=window)
        common = np.result_type(*self.image.dtypes)
        return np.stack([self.image.read(band, window=window).astype(common) for band in self.image.indexes])

    def _bands_have_data(self, pixels: np.ndarray, window: Window) -> Mask | bool:
        if self._rule == "all" and any(self._never_lacks(band) for band in self.bands):
            return True
        join = np.logical_or if self._rule == "all" else np.logical_and
        found = [self._band_has_data(pixels[band], band, window) for band in self.bands if not self._never_lacks(band)]
        return join.reduce(found) if found else True

    def _band_has_data(self, pixels: np.ndarray, band: int, window: Window) -> Mask:
        value = self._values[band]
        valid = np.ones(pixels.shape, bool) if value is None else _differs(pixels, value)
        if not self._flags[band]:
            valid &= self.image.read_masks(band + 1, window=_rasterio(window)) > 0
        return valid

    def _never_lacks(self, band: int) -> bool:
        return self._values[band] is None and bool(self._flags[band])  # no flag at all: a mask for this band alone

    def _two_valued(self, band: int) -> bool:
        values = self._sampled(band)
        return bool(np.isin(values, (0, values.max())).mean() >= TWO_VALUED)

    def _sampled(self, band: int) -> np.ndarray:
        """A band in a few windows: reading the whole of a large image would take as long as serving it."""
        height, width = self._original.shape
        tops, lefts = (np.linspace(0, max(size - SIDE, 0), PLACES).astype(int) for size in (height, width))
        windows = [RasterioWindow(left, top, min(SIDE, width), min(SIDE, height)) for top in tops for left in lefts]
        try:
            return np.concatenate([self._original.read(band + 1, window=window).ravel() for window in windows])
        except RasterioError as error:
            raise CannotRead(f"{self._original.name} is damaged", received=str(error)) from error


def _stored(value: float | None, dtype: str) -> float | None:
    """The value as the band holds it: −3.4e38 or 0.1 is another number in single precision; whole numbers are quicker to compare."""
    if value is None:
        return None
    if np.issubdtype(dtype, np.floating):
        return float(np.dtype(dtype).type(value))
    return int(value) if float(value).is_integer() else value


def _differs(band: np.ndarray, value: float) -> Mask:
    different: Mask = ~np.isnan(band) if np.isnan(value) else band != value
    return different


def _rasterio(window: Window) -> RasterioWindow:
    return RasterioWindow(window.col, window.row, window.width, window.height)
