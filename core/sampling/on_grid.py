"""Rasters that must lie on the image pixel by pixel (a mask, labels), and where image and mask together have data."""

from __future__ import annotations

import numpy as np

from ..raster.grid import Window
from ..raster.source import Source


def open_on(image: str, path: str, nodata: float | None = None) -> Source:
    """Open a raster that belongs to an image.

    Raises:
        GridMismatch: it does not lie on the image's grid.
    """
    with Source([image, path]):
        return Source([path], nodata)


def valid_pixels(image: Source, mask: Source | None, window: Window) -> np.ndarray:
    """Where the image has data and the mask is above 0 (and no no-data), in a window that lies in the image: bool (rows, cols)."""
    valid = np.ones((window.height, window.width), bool) if image.complete else image.valid(window)
    if mask is None:
        return valid
    pixels, has_data = mask.read_valid(window)
    masked: np.ndarray = valid & has_data & (pixels[:, :, 0] > 0)
    return masked
