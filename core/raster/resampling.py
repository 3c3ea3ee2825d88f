"""Brings an image onto another grid while it is read (a warped view, nothing is written), for whoever allows it with RESAMPLE.

A resampled image is in floating point, with NaN where it has no data: 0 may be a value of the data, and a type of whole numbers may have
none to spare. Its values are not rounded. A pixel has data if the nearest pixel of the image has; what has none takes no part in the means.

Two options of GDAL's warper decide whether the same values come out however the image is cut into blocks:

- the scale of its kernels, which it else takes from each chunk that it computes (differences of a quarter of the range were measured).
  Kernels that are wider than a pixel also displace what they show by up to 0.06 pixel, so they are for much finer images only;
- the error that it allows itself in a position, a linear approximation over each chunk. None is allowed here; where the CRS differs that
  costs 0.3 µs a pixel.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from fractions import Fraction
from math import floor, hypot, isfinite

import numpy as np
import rasterio
import rasterio.shutil
from affine import Affine
from rasterio.enums import ColorInterp, MaskFlags, Resampling
from rasterio.errors import RasterioError
from rasterio.io import DatasetReader, MemoryFile
from rasterio.vrt import WarpedVRT
from rasterio.warp import transform, transform_bounds

from ..errors import GridMismatch
from .grid import Grid, Window

MARGIN = 4096  # pixels of source 1 around it that are still of use: more than any receptive field reaches over the edge
MUCH_FINER = 0.7  # pixels of the grid that a pixel takes: below, single ones would leave out data between them (0.71 … 1.41 are neighbours)
EXACT = 1e-9  # pixels; rasterio takes no 0

Bounds = tuple[float, float, float, float]


def grid_of(image: DatasetReader) -> Grid:
    """The grid of an open image."""
    return Grid(image.height, image.width, image.transform, image.crs)


def fitting_grid(reference: Grid, grid: Grid) -> Grid:
    """The grid that fits the reference (core/raster/alignment.py) and is the nearest to another one.

    It has the reference's CRS and orientation, the reference's spacing times or through a whole number, edges on the reference's edges, and
    the extent of `grid`, as far as that lies near the reference; beyond it stands what stands beyond any image.

    Raises:
        GridMismatch: no CRS, or they do not overlap.
    """
    near = Window(-MARGIN, -MARGIN, reference.height + 2 * MARGIN, reference.width + 2 * MARGIN)
    overlap = _overlap(reference.part(near), grid)
    down, across = (simple_ratio(spacing) for spacing in spacings(reference, grid, overlap))
    left, bottom, right, top = transform_bounds(grid.crs, reference.crs, *overlap)
    rows, cols = zip(*(reference.row_col(x, y) for x in (left, right) for y in (bottom, top)), strict=True)
    row, height = _span(max(min(rows), near.row), min(max(rows), near.row + near.height), down)
    col, width = _span(max(min(cols), near.col), min(max(cols), near.col + near.width), across)
    corner = Affine.translation(float(col * across), float(row * down))
    return Grid(height, width, reference.transform @ corner @ Affine.scale(float(across), float(down)), reference.crs)


def simple_ratio(spacing: float) -> Fraction:
    """Of 1, 2, 3, … and 1/2, 1/3, … the nearest one, by its quotient."""
    large = max(spacing, 1 / spacing)
    whole = floor(large)
    nearest = whole if large / whole <= (whole + 1) / large else whole + 1
    return Fraction(nearest) if spacing >= 1 else Fraction(1, nearest)


def spacings(reference: Grid, grid: Grid, overlap: Bounds) -> tuple[float, float]:
    """How many pixels of the reference a pixel of `grid` takes, down and across, in the middle of the overlap (in the CRS of `grid`)."""
    row, col = grid.row_col((overlap[0] + overlap[2]) / 2, (overlap[1] + overlap[3]) / 2)
    ends = [grid.xy(*end) for end in ((row - 0.5, col), (row + 0.5, col), (row, col - 0.5), (row, col + 0.5))]
    xs, ys = transform(grid.crs, reference.crs, *zip(*ends, strict=True))
    (row0, col0), (row1, col1), (row2, col2), (row3, col3) = (reference.row_col(x, y) for x, y in zip(xs, ys, strict=True))
    return hypot(row1 - row0, row3 - row2), hypot(col1 - col0, col3 - col2)


@contextlib.contextmanager
def resampled(image: DatasetReader, grid: Grid, method: str, nodata: float | None = None, rule: str = "all") -> Iterator[WarpedVRT]:
    """The image as if it lay on `grid`.

    Args:
        method: nearest, bilinear or cubic.
        nodata: value of the image that means "no data"; None: its own, or its mask band.
        rule: a pixel has no data if "all" or "any" of its bands have none.

    Raises:
        GridMismatch: no CRS, they do not overlap, or no-data is told in several ways.
    """
    own = grid_of(image)
    down, across = (scale if scale < MUCH_FINER else 1 for scale in spacings(grid, own, _overlap(grid, own)))
    with contextlib.ExitStack() as exits:
        yield exits.enter_context(
            WarpedVRT(
                exits.enter_context(_without_alpha(image)),
                crs=grid.crs, transform=grid.transform, height=grid.height, width=grid.width,
                resampling=Resampling[method], tolerance=EXACT, XSCALE=across, YSCALE=down,
                dtype=np.result_type(np.float32, *image.dtypes).name, nodata=np.nan, src_nodata=_nodata(image, nodata),
                UNIFIED_SRC_NODATA="YES" if rule == "all" else "PARTIAL",
            )
        )  # fmt: skip


def in_words(image: DatasetReader, grid: Grid, method: str) -> str:
    """What `resampled` does, for the log."""
    return f"{os.path.basename(image.name)} is resampled ({method}) from {_described(grid_of(image))} to {_described(grid)}."


def _described(grid: Grid) -> str:
    down, across = hypot(grid.transform.b, grid.transform.e), hypot(grid.transform.a, grid.transform.d)
    corner = ", ".join(f"{value:.10g}" for value in grid.xy(0, 0))
    return f"{grid.height} × {grid.width} pixels of {across:.9g} × {down:.9g} with the corner at ({corner}) in {grid.crs}"


def _overlap(reference: Grid, grid: Grid) -> Bounds:
    """The part of `grid` that the reference touches, in the CRS of `grid`."""
    for crs in (reference.crs, grid.crs):
        if crs is None:
            raise GridMismatch("An image without a CRS cannot be resampled", remedy="Give it its CRS first ('Assign projection').")
    left, bottom, right, top = grid.bounds
    seen = _transformed(reference.bounds, reference, grid) or grid.bounds  # a reference that is larger than the CRS of the grid
    overlap = max(left, seen[0]), max(bottom, seen[1]), min(right, seen[2]), min(top, seen[3])
    if overlap[0] >= overlap[2] or overlap[1] >= overlap[3] or not _transformed(overlap, grid, reference):
        raise GridMismatch("The images do not overlap", expected=f"within {seen} in {grid.crs}", received=grid.bounds)
    return overlap


def _transformed(bounds: Bounds, grid: Grid, other: Grid) -> Bounds | None:
    """Bounds in the CRS of another grid; None where that CRS does not reach."""
    try:
        found = transform_bounds(grid.crs, other.crs, *bounds)
    except RasterioError:
        return None
    return found if all(isfinite(value) for value in found) else None


def _span(low: float, high: float, ratio: Fraction) -> tuple[int, int]:
    """First pixel and number of those whose centres lie between two positions (in pixels of the reference), one at least."""
    first, last = round(low / ratio), round(high / ratio)
    return first, max(last - first, 1)


def _nodata(image: DatasetReader, given: float | None) -> float | None:
    """Which value takes no part; None where there is none, or a mask band.

    Raises:
        GridMismatch: there is more than one value or mask: the warper follows one.
    """
    values = {str(value): value for value in (image.nodatavals if given is None else [given])}
    has_mask = any(MaskFlags.per_dataset in flags and MaskFlags.alpha not in flags for flags in image.mask_flag_enums)
    own_masks = any(not flags for flags in image.mask_flag_enums)
    value = next(iter(values.values()))
    if own_masks or len(values) > 1 or (has_mask and value is not None):
        raise GridMismatch(
            f"{image.name} cannot be resampled while it is read",
            expected="one no-data value for all bands, or one mask",
            received=f"no-data values {', '.join(values)}{' and masks' if has_mask or own_masks else ''}",
            remedy="Resample it beforehand with gdalwarp ('Warp (reproject)').",
        )
    return np.nan if value is None and not has_mask and np.issubdtype(np.result_type(*image.dtypes), np.floating) else value


@contextlib.contextmanager
def _without_alpha(image: DatasetReader) -> Iterator[DatasetReader]:
    """The image with bands that are data only: GDAL takes any fourth band of bytes for transparency, and would weigh with it."""
    if ColorInterp.alpha not in image.colorinterp:
        yield image
        return
    with MemoryFile(ext=".vrt") as view:
        rasterio.shutil.copy(image, view.name, driver="VRT")
        with rasterio.open(view.name, "r+") as bands:
            bands.colorinterp = [ColorInterp.gray] * image.count
        with rasterio.open(view.name) as bands:
            yield bands
