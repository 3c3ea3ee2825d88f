"""An image and its reference, on one grid, read together."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ..errors import BadParameter, GridMismatch
from ..jobs import CompareQuality
from ..normalization.blocks import block_count, blocks
from ..raster.grid import Grid, Window
from ..raster.source import Source
from ..reporting import Reporter
from .tally import both_finite

_COST = 4  # times what a block of normalize costs, in time and memory: blocks are that much smaller, so that a cancel is heard


@dataclass(frozen=True)
class Block:
    """Pixels of both (rows, cols, bands), where they are compared (rows, cols), and the window that the block stands for, without halo."""

    window: Window
    reference: np.ndarray
    image: np.ndarray
    valid: np.ndarray


@dataclass(frozen=True)
class Pair:
    """Both, open. `compared`: the window without the border; pixels outside of it count as without data."""

    reference: Source
    image: Source
    compared: Window

    @property
    def bands(self) -> int:
        """Of each."""
        return self.reference.count

    def windows(self) -> Iterator[Window]:
        """Blocks that cover what is compared."""
        first = self.compared
        for part in blocks(self._compared_grid, self.bands * _COST):
            yield Window(first.row + part.row, first.col + part.col, part.height, part.width)

    @property
    def count(self) -> int:
        """How many blocks there are."""
        return block_count(self._compared_grid, self.bands * _COST)

    @property
    def _compared_grid(self) -> Grid:
        return self.reference.grid.part(self.compared)

    def read(self, window: Window, halo: int) -> Block:
        """A block with `halo` pixels around it."""
        wide = Window(window.row - halo, window.col - halo, window.height + 2 * halo, window.width + 2 * halo)
        reference, has_reference = self.reference.read_valid(wide)
        image, has_image = self.image.read_valid(wide)
        valid = has_reference & has_image & both_finite(reference, image)
        return Block(window, reference, image, valid & self._within(wide))

    def _within(self, window: Window) -> np.ndarray:
        first = self.compared
        rows, cols = np.arange(window.row, window.row + window.height), np.arange(window.col, window.col + window.width)
        inside: np.ndarray = np.logical_and.outer(
            (rows >= first.row) & (rows < first.row + first.height), (cols >= first.col) & (cols < first.col + first.width)
        )
        return inside


@contextlib.contextmanager
def open_pair(job: CompareQuality, reporter: Reporter) -> Iterator[Pair]:
    """Open both. A pixel has no data if any band has none: a spectrum with a gap has no angle, and every figure counts the same pixels.

    Raises:
        GridMismatch: they lie on different grids.
        BadParameter: they differ in their bands, or the border leaves no pixel.
    """
    with contextlib.ExitStack() as exits:
        reference, image = (exits.enter_context(Source([path], job.nodata, "any")) for path in (job.reference, job.image))
        _check_grids(job, reference.grid, image.grid)
        for what, source in (("reference", reference), ("image", image)):
            _hide_transparent(what, source, reporter)
        if reference.count != image.count:
            expected = f"{reference.count} bands, as the reference has"
            raise BadParameter("The image", expected=expected, received=image.count, remedy="Give both the same bands in the same order.")
        yield Pair(reference, image, _without_border(reference.grid, job.border))


def _hide_transparent(what: str, source: Source, reporter: Reporter) -> None:
    if source.transparent and source.count > len(source.transparent):
        reporter.info(f"Of the {what}, {', '.join(source.transparent)} is transparency, not a band: where it is 0, there is no data.")
        source.hide_transparent()


def _without_border(grid: Grid, border: int) -> Window:
    compared = Window(border, border, grid.height - 2 * border, grid.width - 2 * border)
    if compared.empty:
        expected = f"less than {(min(grid.height, grid.width) + 1) // 2}, half of {grid.height} × {grid.width} pixels"
        raise BadParameter("Border", expected=expected, received=border)
    return compared


def _check_grids(job: CompareQuality, reference: Grid, image: Grid) -> None:
    try:
        Source([job.reference, job.image]).close()
    except GridMismatch as error:
        raise GridMismatch(
            "The image does not lie on the reference's grid",
            expected=_in_words(reference),
            received=_in_words(image),
            remedy=_remedy(reference, image),
        ) from error


def _in_words(grid: Grid) -> str:
    xmin, ymin, xmax, ymax = grid.bounds
    spacing = abs(grid.transform.a) or abs(grid.transform.b)
    extent = f"x {xmin:.9g} to {xmax:.9g}, y {ymin:.9g} to {ymax:.9g}"
    return f"{grid.height} × {grid.width} pixels of {spacing:.6g}, {extent}, {grid.crs or 'no CRS'}"


def _remedy(reference: Grid, image: Grid) -> str:
    """Other spacings are the usual case: the image that went into a super-resolution against what should come out."""
    apart = max(abs(a - b) for a, b in zip(reference.bounds, image.bounds, strict=True))
    spacing = max(abs(grid.transform.a) + abs(grid.transform.b) for grid in (reference, image))
    if reference.crs == image.crs and apart < spacing and (reference.height, reference.width) != (image.height, image.width):
        coarser = "reference" if reference.height * reference.width < image.height * image.width else "image"
        return (
            f"They cover the same extent with pixels of different size. Bring the {coarser} to the other's pixels with 'Warp (reproject)' "
            "(cubic) to see what interpolation alone gives, or a model's answer to the reference's."
        )
    return "Bring it onto the reference's grid with 'Warp (reproject)': same CRS, extent and pixel size."
