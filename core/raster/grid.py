"""Where pixels are: the grid of a raster, and the exact fractions between two grids. The arithmetic is in integers and fractions."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from affine import Affine
from rasterio.crs import CRS

from ..errors import GridMismatch

SNAP = 1e-6  # tolerance in pixels when a float of an affine transform becomes a fraction
HOW_TO_RESAMPLE = "RESAMPLE does it while serving, gdalwarp ('Warp (reproject)') for every algorithm."


@dataclass(frozen=True)
class Window:
    """Rows [row, row + height) and columns [col, col + width) of an image; may reach over its edges."""

    row: int
    col: int
    height: int
    width: int

    def clipped(self, height: int, width: int) -> Window:
        """The part inside an image of that size; empty windows have no height or width."""
        top, left = min(max(self.row, 0), height), min(max(self.col, 0), width)
        bottom, right = min(max(self.row + self.height, top), height), min(max(self.col + self.width, left), width)
        return Window(top, left, bottom - top, right - left)

    @property
    def empty(self) -> bool:
        """Whether it holds no pixel."""
        return self.height <= 0 or self.width <= 0


@dataclass(frozen=True)
class Grid:
    """Size, affine transform (pixel corner → map) and CRS of a raster. South-up and west-going transforms are fine."""

    height: int
    width: int
    transform: Affine
    crs: CRS | None

    def xy(self, row: float, col: float) -> tuple[float, float]:
        """Map coordinates of a point in corner-based pixel coordinates (the centre of pixel k is k + 1/2)."""
        x, y = self.transform @ (col, row)
        return x, y

    def row_col(self, x: float, y: float) -> tuple[float, float]:
        """Corner-based pixel coordinates of a point on the map."""
        col, row = ~self.transform @ (x, y)
        return row, col

    def part(self, window: Window) -> Grid:
        """The grid of a window."""
        return Grid(window.height, window.width, self.transform @ Affine.translation(window.col, window.row), self.crs)

    def rescaled(self, factor: Fraction) -> Grid:
        """The grid with pixels `factor` times as large from the same corner, covering the whole extent (the last pixel may reach over)."""
        height, width = (-(-size * factor.denominator // factor.numerator) for size in (self.height, self.width))
        return Grid(height, width, self.transform @ Affine.scale(float(factor)), self.crs)

    def window_of(self, extent: tuple[float, float, float, float]) -> Window:
        """The pixels that an extent (xmin, ymin, xmax, ymax) touches, cut at the grid.

        Raises:
            GridMismatch: the extent does not touch the grid.
        """
        xmin, ymin, xmax, ymax = extent
        corners = [self.row_col(x, y) for x in (xmin, xmax) for y in (ymin, ymax)]
        rows, cols = zip(*corners, strict=True)
        top, left = _floor(min(rows)), _floor(min(cols))
        window = Window(top, left, _ceil(max(rows)) - top, _ceil(max(cols)) - left).clipped(self.height, self.width)
        if window.empty:
            raise GridMismatch("The extent does not touch the image", expected=f"within {self.bounds}", received=extent)
        return window

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """(xmin, ymin, xmax, ymax) on the map."""
        xs, ys = zip(*(self.xy(row, col) for row in (0, self.height) for col in (0, self.width)), strict=True)
        return min(xs), min(ys), max(xs), max(ys)


def snap(value: float, limit: int = 4096) -> Fraction | None:
    """The simplest fraction within SNAP of the value, or None if none with a denominator up to `limit` is."""
    fraction = Fraction(value).limit_denominator(limit)
    return fraction if abs(float(fraction) - value) <= SNAP else None


def _floor(value: float) -> int:
    whole = round(value)
    return whole if abs(value - whole) <= SNAP else int(value // 1)


def _ceil(value: float) -> int:
    return -_floor(-value)
