"""A class map: its codes window by window, and how much of it each code covers."""

from __future__ import annotations

from dataclasses import dataclass
from types import TracebackType

import numpy as np

from ..errors import BadParameter, BadTruth
from ..raster.grid import Window
from ..raster.legend import Legend, read_legend
from ..raster.pixel_areas import PixelAreas
from ..raster.source import Source
from ..reporting import Reporter
from ..sampling.candidates import strips
from ..sampling.label_truth import whole_numbers
from .counting import compact

MOST_CLASSES = 1000


@dataclass
class Coverage:
    """How much of a map something covers: `pixels`, and `area` on the ground in m², NaN where the CRS tells none."""

    pixels: int = 0
    area: float = 0.0

    def add(self, pixels: int, area: float) -> None:
        """Some more of it."""
        self.pixels += pixels
        self.area += area


class ClassMap:
    """One band of a raster of class codes. Use as a context manager.

    Args:
        band: from 1. No-data is what this band calls so, and NaN.

    Raises:
        CannotRead: no raster.
        BadParameter: it has no such band.
    """

    def __init__(self, path: str, band: int = 1) -> None:
        self.path, self._band = path, band - 1
        self.source = Source([path])
        if band > self.source.count:
            count = self.source.count
            self.source.close()
            raise BadParameter(f"Band of {path}", expected=f"a number from 1 to {count}", received=band)
        self.legend: Legend = read_legend(path) if band == 1 else Legend({}, {})
        self._window: Window | None = None

    def at(self, window: Window) -> tuple[np.ndarray, np.ndarray]:
        """Codes of a window, row by row, and where there is one: (rows · cols,) both. The last window is remembered.

        Raises:
            BadTruth: a value has a fraction: this is no class map.
        """
        if window != self._window:
            pixels, valid = self.source.read_valid(window)
            values, nodata = pixels[:, :, self._band].ravel(), self.source.nodata[self._band]
            known = valid.ravel() & np.isfinite(values)
            if nodata is not None:
                known &= values != nodata  # of several bands, a pixel has data for the source if one of them has
            self._window, self._codes, self._known = window, self._whole(values, known), known
        return self._codes, self._known

    def _whole(self, values: np.ndarray, known: np.ndarray) -> np.ndarray:
        try:
            return whole_numbers(values, known)
        except BadTruth as error:
            raise BadTruth(f"{self.path} is no class map: {error}") from error

    def coverage(self, reporter: Reporter) -> dict[int, Coverage]:
        """How much of the whole map each code covers, strip by strip.

        Raises:
            BadTruth: more than MOST_CLASSES values, or fractions: this is no class map.
        """
        grid, areas = self.source.grid, PixelAreas(self.source.grid)
        found: dict[int, Coverage] = {}
        for strip in strips(Window(0, 0, grid.height, grid.width)):
            reporter.progress(strip.row / grid.height, f"row {strip.row}")
            codes, known = self.at(strip)
            values, indexes = compact(codes[known])
            pixels = np.bincount(indexes, minlength=len(values))
            sizes = np.bincount(indexes, areas.of_window(strip).ravel()[known], len(values))
            for index in np.flatnonzero(pixels).tolist():
                found.setdefault(int(values[index]), Coverage()).add(int(pixels[index]), float(sizes[index]))
            check_few(len(found), self.path)
        return found

    def __enter__(self) -> ClassMap:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.source.close()


def check_few(count: int, what: str) -> None:
    """Raises:
    BadTruth: so many are no classes, but measurements or numbers of objects.
    """
    if count > MOST_CLASSES:
        raise BadTruth(f"{what} holds no classes", expected=f"at most {MOST_CLASSES} different values", received="more")
