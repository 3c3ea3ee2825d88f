"""The demo scene: every image of it, for any window, computed from nothing but the seed. A window never depends on its neighbours."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..raster.grid import Window
from . import legend
from .clouds import Haze, Sky, haze
from .geography import Geography
from .landscape import Ground, ground
from .noise import Frame, coarsely, hashed, noise, unit
from .optics import binned, blurred, digital, majority, speckled_decibels
from .place import corner_of
from .spectra import BANDS_10M, BANDS_20M, backscatter, columns, reflectance

SPACING = 10.0  # metres, of the main image
FINE = 4  # panchromatic pixels along a pixel of the main image
HALO = 4  # pixels around a window that blur, shadows and the 20 m grid need
YEAR = 2023
_BEST_DAY = 172  # the main image is the one nearest to midsummer
_BLUR_10M, _BLUR_20M, _BLUR_PAN = 0.11, 0.09, 0.07
# How green vigour, which varies within a field, moves each band: darker where leaves absorb, brighter in the infrared.
_VIGOUR = {
    "B02": -0.05,
    "B03": -0.03,
    "B04": -0.09,
    "B05": -0.04,
    "B06": 0.03,
    "B07": 0.05,
    "B08": 0.06,
    "B8A": 0.06,
    "B11": -0.05,
    "B12": -0.08,
}


@dataclass(frozen=True)
class Tile:
    """All images over one window, each (rows, cols, bands) on its own grid.

    Attributes:
        series: one image of the four 10 m bands a date; uint16, 0 where clouds or their shadows are masked.
        image20: the six 20 m bands of the main date.
        pan: 2.5 m; sar: VV and VH in dB, 10 m.
        labels: class, 10 m; units: a number that is the same within a parcel (rows, cols), of no meaning outside the tile.
    """

    series: tuple[np.ndarray, ...]
    image20: np.ndarray
    pan: np.ndarray
    sar: np.ndarray
    labels: np.ndarray
    units: np.ndarray


@dataclass(frozen=True)
class Scene:
    """A scene of `size` × `size` pixels of 10 m, with `dates` images in its time series.

    `geography` is the endless landscape that it is cut from, `corner` (x, y) where in it, in metres.
    """

    size: int
    dates: int
    geography: Geography
    corner: tuple[float, float]

    @classmethod
    def of_seed(cls, size: int, dates: int, seed: int, check: Callable[[], None] = lambda: None) -> Scene:
        """The scene of a seed. Looks for a good place first, for a second or two: `check` is called in between."""
        geography = Geography(int(hashed(seed, 1)[0] >> np.uint32(8)))
        return cls(size, dates, geography, corner_of(geography, size * SPACING, check))

    @cached_property
    def days(self) -> tuple[datetime.date, ...]:
        """The dates of the series, spread over the growing season."""
        numbers = (60 + 230 * (index + 0.5) / self.dates for index in range(self.dates))
        return tuple(datetime.date(YEAR, 1, 1) + datetime.timedelta(days=round(number) - 1) for number in numbers)

    @property
    def main(self) -> int:
        """Which date the main image, the 20 m image, the panchromatic one and the radar belong to."""
        return min(range(self.dates), key=lambda index: abs(_day(self.days[index]) - _BEST_DAY))

    def sky(self, date: int) -> Sky:
        """The clouds of a date: a small one in the main image, more of them a date later, a few at other dates."""
        draws = unit(hashed(self.geography.seed, 900, date, np.arange(3)))
        extent = self.size * SPACING
        place = (0.78, 0.2) if date == self.main else (0.15 + 0.7 * float(draws[0]), 0.15 + 0.7 * float(draws[1]))
        radius = max(30.0, min(0.035 * extent, 420.0)) * (1.0 if date == self.main else 1.6)
        cover = -9.0 if date == self.main else -1.3 if date == (self.main + 1) % self.dates else -2.2
        x, y = (corner + share * extent for corner, share in zip(self.corner, place, strict=True))
        return Sky(self.geography.seed + 1000 + 10 * date, (x, y, radius), cover)

    def frame(self, window: Window, per_pixel: int = 1) -> Frame:
        """The pixel centres of a window, with `per_pixel` × `per_pixel` points a pixel."""
        step = SPACING / per_pixel
        rows = np.arange(window.row * per_pixel, (window.row + window.height) * per_pixel)
        cols = np.arange(window.col * per_pixel, (window.col + window.width) * per_pixel)
        return Frame(self.corner[1] + (rows + 0.5) * step, self.corner[0] + (cols + 0.5) * step, step)

    def render(self, window: Window) -> Tile:
        """All images over a window (pixels of 10 m) that starts at an even row and column.

        The 20 m image covers the window too: with an odd size, its last row or column reaches over.
        """
        even = Window(window.row, window.col, window.height + window.height % 2, window.width + window.width % 2)
        around = Window(even.row - HALO, even.col - HALO, even.height + 2 * HALO, even.width + 2 * HALO)
        return _Rendering(self, window, around).tile()


class _Rendering:
    """One window in the making: `around` is the window with its halo, which every image is cut out of."""

    def __init__(self, scene: Scene, window: Window, around: Window) -> None:
        self.scene, self.window, self.around = scene, window, around
        self.frame = scene.frame(around)
        self.ground: Ground = ground(scene.frame(around, FINE), scene.geography)
        seed = scene.geography.seed
        self.vigour = coarsely(self.frame, 10.0, lambda f: noise(f, 90, seed + 120) + 0.7 * noise(f, 28, seed + 121))

    def tile(self) -> Tile:
        main = self.scene.main
        skies = [haze(self.scene.sky(date), self.frame) for date in range(self.scene.dates)]
        series = tuple(self._image(date, BANDS_10M, sky, 1) for date, sky in enumerate(skies))
        classes = self.ground.classes[HALO * FINE : -HALO * FINE, HALO * FINE : -HALO * FINE]
        return Tile(
            series=series,
            image20=self._image(main, BANDS_20M, skies[main], 2),
            pan=self._pan(skies[main]),
            sar=self._sar(),
            labels=self._cut(majority(classes, FINE), 0)[:, :, None],
            units=self._cut(self.ground.surface[FINE // 2 :: FINE, FINE // 2 :: FINE], HALO),
        )

    def _spectra(self, date: int) -> np.ndarray:
        return reflectance(legend.KINDS, self.ground.surfaces, _day(self.scene.days[date]))

    def _image(self, date: int, bands: tuple[str, ...], sky: Haze, factor: int) -> np.ndarray:
        """The bands of a date at `factor` × 10 m."""
        spectra = self._spectra(date)
        image = [self._band(spectra[:, column], band, sky, date, factor) for band, column in zip(bands, columns(bands), strict=True)]
        masked = self._cut_coarse(sky.masked, factor)
        return np.where(masked[:, :, None], np.uint16(0), np.stack(image, axis=2))

    def _band(self, values: np.ndarray, band: str, sky: Haze, date: int, factor: int) -> np.ndarray:
        seen = binned(values.take(self.ground.surface) * self.ground.light, FINE)
        seen = sky.over(seen * (1 + np.float32(_VIGOUR[band]) * self.vigour))
        if factor > 1:
            seen = binned(seen, factor)
        seen = self._cut(blurred(seen, _BLUR_10M if factor == 1 else _BLUR_20M), HALO // factor - 1, factor)
        rows, cols = self._numbers(seen.shape, 1 / factor)
        return digital(seen, rows, cols, self.scene.geography.seed + 3000 + 100 * date + columns((band,))[0])

    def _pan(self, sky: Haze) -> np.ndarray:
        spectra = self._spectra(self.scene.main)
        values = spectra[:, columns(("B02", "B03", "B04", "B08"))] * np.array([0.2, 0.3, 0.35, 0.15], np.float32)
        values = values[:, 0] + values[:, 1] + values[:, 2] + values[:, 3]
        veil, shade, masked = (np.repeat(np.repeat(a, FINE, axis=0), FINE, axis=1) for a in (sky.veil, sky.shade, sky.masked))
        seen = Haze(veil, shade, masked).over(values.take(self.ground.surface) * self.ground.light)
        seen = self._cut(blurred(seen, _BLUR_PAN), HALO * FINE - 1, 1 / FINE)
        rows, cols = self._numbers(seen.shape, FINE)
        pan = digital(seen, rows, cols, self.scene.geography.seed + 2900)
        return np.where(self._cut(masked, HALO * FINE, 1 / FINE), np.uint16(0), pan)[:, :, None]

    def _sar(self) -> np.ndarray:
        power = backscatter(legend.KINDS, self.ground.surfaces)
        bands = []
        for band in range(2):
            mean = self._cut(binned(power[:, band].take(self.ground.surface), FINE), HALO)
            rows, cols = self._numbers(mean.shape, 1)
            bands.append(speckled_decibels(mean, rows, cols, self.scene.geography.seed + 2910 + 2 * band))
        return np.stack(bands, axis=2)

    def _cut(self, image: np.ndarray, halo: int, factor: float = 1) -> np.ndarray:
        """The window without the halo; `factor`: spacing of the image in 10 m pixels."""
        height, width = (int(-(-size // factor)) for size in (self.window.height, self.window.width))
        return image[halo : halo + height, halo : halo + width]

    def _cut_coarse(self, masked: np.ndarray, factor: int) -> np.ndarray:
        """A mask at `factor` × 10 m: masked where any pixel is."""
        if factor == 1:
            return self._cut(masked, HALO)
        coarse = masked[::2, ::2] | masked[1::2, ::2] | masked[::2, 1::2] | masked[1::2, 1::2]
        return self._cut(coarse, HALO // 2, 2)

    def _numbers(self, shape: tuple[int, ...], per_pixel: float) -> tuple[np.ndarray, np.ndarray]:
        """Whole numbers of an image's rows and columns, counted from the corner of the scene."""
        return (
            int(self.window.row * per_pixel) + np.arange(shape[0]),
            int(self.window.col * per_pixel) + np.arange(shape[1]),
        )


def _day(date: datetime.date) -> int:
    return date.timetuple().tm_yday
