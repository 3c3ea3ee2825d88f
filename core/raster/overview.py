"""A whole image in few pixels, read strip by strip: memory does not grow with the image, and overviews in the file are used."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
from rasterio.enums import Resampling
from rasterio.errors import RasterioError
from rasterio.windows import Window as RasterioWindow

from ..errors import CannotRead
from .grid import Grid, Window
from .source import Source, open_image

STRIP = 64  # rows of the overview that are read at once


@dataclass(frozen=True)
class Overview:
    """An image made small: `pixels` (rows, cols, bands), `valid` (rows, cols; False is no-data), and where they are.

    Attributes:
        grid: of the overview. What is less than one of its pixels at the right and the lower edge is left out.
        step: pixels of the image along one of the overview.
        colours: the image's colour table, value → red, green, blue in 0–255; empty if it has none.
    """

    pixels: np.ndarray
    valid: np.ndarray
    grid: Grid
    step: int
    colours: dict[int, tuple[int, int, int]]


def read_overview(
    path: str, max_size: int, bands: Sequence[int] | None = None, *, average: bool = True, check: Callable[[], None] = lambda: None
) -> Overview:
    """An image at no more than `max_size` pixels on its longer side.

    Args:
        bands: numbers, from 0, of the bands that are wanted; None for all.
        average: mean of the pixels that become one; False takes one of them, as classes need.
        check: called after every strip; may raise.

    Raises:
        CannotRead: the image is missing or damaged.
    """
    with Source([path]) as source:  # as every image is opened: the same errors, and its grid
        grid = source.grid
    step = max(-(-max(grid.height, grid.width) // max_size), 1)
    small = grid.part(Window(0, 0, grid.height // step * step, grid.width // step * step)).rescaled(Fraction(step))
    method = Resampling.average if average else Resampling.nearest
    with open_image(path) as image:
        indexes = [band + 1 for band in (range(image.count) if bands is None else bands)]
        pixels = np.empty((small.height, small.width, len(indexes)), np.result_type(*image.dtypes))
        valid = np.empty((small.height, small.width), bool)
        for row in range(0, small.height, STRIP):
            check()
            rows = min(STRIP, small.height - row)
            window = RasterioWindow(0, row * step, small.width * step, rows * step)
            shape = (len(indexes), rows, small.width)
            try:
                part = image.read(indexes, window=window, out_shape=shape, resampling=method)
                mask = image.dataset_mask(window=window, out_shape=shape[1:])
            except RasterioError as error:
                raise CannotRead(f"{path} is damaged near row {row * step}", received=str(error)) from error
            pixels[row : row + rows], valid[row : row + rows] = np.moveaxis(part, 0, 2), mask > 0
        return Overview(pixels, valid, small, step, _colours(image))


def stacked(overviews: Sequence[Overview]) -> Overview:
    """Overviews of one grid as one, with the bands of all; valid where all are."""
    pixels = np.concatenate([overview.pixels for overview in overviews], axis=2)
    return replace(overviews[0], pixels=pixels, valid=np.logical_and.reduce([overview.valid for overview in overviews]))


def _colours(image: object) -> dict[int, tuple[int, int, int]]:
    with contextlib.suppress(ValueError):  # no colour table
        return {value: colour[:3] for value, colour in image.colormap(1).items()}  # type: ignore[attr-defined]
    return {}
