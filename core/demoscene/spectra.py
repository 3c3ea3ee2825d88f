"""What the surfaces reflect: linear mixtures of a few pure spectra, whose shares follow the calendar of each kind of surface.

Ten bands of Sentinel-2, reflectance from 0 to 1. The pure spectra are typical values read off published libraries and images
(leaf, straw, soil, roof, water), rounded; they aim at plausible contrasts and confusions, not at any one sensor's truth.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from .noise import smoothstep

BANDS_10M = ("B02", "B03", "B04", "B08")
BANDS_20M = ("B05", "B06", "B07", "B8A", "B11", "B12")
_ORDER = ("B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B11", "B12")
_PURE: dict[str, tuple[float, ...]] = {
    #            B02   B03   B04   B05   B06   B07   B08   B8A   B11   B12
    "leaf":     (.026, .056, .030, .098, .330, .430, .470, .490, .220, .110),
    "grass":    (.032, .070, .042, .110, .285, .350, .385, .405, .250, .130),
    "broadleaf": (.019, .040, .020, .075, .245, .320, .350, .370, .160, .070),
    "conifer":  (.017, .033, .019, .050, .140, .175, .195, .210, .095, .042),
    "dry":      (.070, .110, .150, .190, .230, .260, .290, .310, .360, .270),
    "bark":     (.040, .055, .068, .090, .120, .140, .160, .175, .210, .140),
    "pale soil": (.095, .130, .175, .205, .225, .245, .265, .285, .355, .310),
    "dark soil": (.045, .060, .080, .098, .115, .130, .145, .155, .215, .185),
    "gravel":   (.130, .160, .190, .205, .220, .230, .245, .255, .310, .290),
    "asphalt":  (.070, .080, .090, .098, .105, .112, .118, .123, .145, .135),
    "concrete": (.130, .158, .180, .195, .207, .218, .230, .240, .270, .250),
    "tile":     (.055, .080, .155, .195, .215, .230, .245, .255, .320, .290),
    "slate":    (.080, .088, .095, .100, .108, .112, .118, .122, .140, .130),
    "metal":    (.300, .320, .335, .345, .350, .355, .360, .365, .380, .340),
    "clear water": (.030, .033, .019, .013, .009, .008, .007, .006, .003, .002),
    "silty water": (.048, .064, .050, .040, .026, .024, .020, .017, .006, .004),
}  # fmt: skip
_NAMES = tuple(_PURE)
_TABLE = np.array([_PURE[name] for name in _NAMES], np.float32)


def columns(bands: tuple[str, ...]) -> list[int]:
    """Places of the named bands among the ten."""
    return [_ORDER.index(band) for band in bands]


@dataclass(frozen=True)
class Kind:
    """A kind of surface: what covers it when green, when ripe, and underneath; and its calendar.

    Attributes:
        green, ripe, ground: names of pure spectra; a ground of "soil" is a mixture of pale and dark that each parcel has for itself.
        low, high: least and greatest share of green cover.
        up: days of the year between which the green grows from `low` to `high`; (0, 0): it is always high.
        down: days between which it ripens; (0, 0): never.
        harvest: day when the crop is cut and ground with stubble stays; 0: never.
        cover: share of the ground that the ripe crop hides.
        vv, vh: radar backscatter of the kind at full cover, in dB.
    """

    name: str
    green: str = "leaf"
    ripe: str = "dry"
    ground: str = "soil"
    low: float = 0.0
    high: float = 0.0
    up: tuple[int, int] = (0, 0)
    down: tuple[int, int] = (0, 0)
    harvest: int = 0
    cover: float = 0.85
    vv: float = -12.0
    vh: float = -19.0


@dataclass(frozen=True)
class Surfaces:
    """Surfaces of a block, one element each: `kind` (place in a table of kinds), `shift` of the calendar (days), `vigour` (about 1),
    `soil` (0 pale to 1 dark), `tone` (brightness, about 1)."""

    kind: np.ndarray
    shift: np.ndarray
    vigour: np.ndarray
    soil: np.ndarray
    tone: np.ndarray

    def __len__(self) -> int:
        return len(self.kind)

    def then(self, other: Surfaces) -> Surfaces:
        """These, and then those."""
        return Surfaces(*(np.concatenate([getattr(self, f.name), getattr(other, f.name)]) for f in fields(Surfaces)))


def reflectance(kinds: tuple[Kind, ...], surfaces: Surfaces, day: float) -> np.ndarray:
    """Spectra (surfaces, 10 bands) on a day of the year: share-weighted sums of the pure spectra, times the tone."""
    green, ripe = cover(kinds, surfaces, day)
    bare = 1 - green - ripe
    of = surfaces.kind
    soil = surfaces.soil * np.array([kind.ground == "soil" for kind in kinds], np.float32)[of]
    ground = [_NAMES.index("pale soil" if kind.ground == "soil" else kind.ground) for kind in kinds]
    parts = (
        (green, _rows([_NAMES.index(kind.green) for kind in kinds], of)),
        (ripe, _rows([_NAMES.index(kind.ripe) for kind in kinds], of)),
        (bare * (1 - soil), _rows(ground, of)),
        (bare * soil, _TABLE[_NAMES.index("dark soil")]),
    )
    total = np.zeros((len(surfaces), len(_ORDER)), np.float32)
    for share, spectrum in parts:
        total += share[:, None] * spectrum
    return total * surfaces.tone[:, None]


def cover(kinds: tuple[Kind, ...], surfaces: Surfaces, day: float) -> tuple[np.ndarray, np.ndarray]:
    """Shares of the ground under green and under ripe cover, of each surface, on a day of the year."""
    table = np.array([(k.low, k.high, *k.up, *k.down, k.harvest, k.cover) for k in kinds], np.float32)
    low, high, up0, up1, down0, down1, harvest, ripe_cover = (column.take(surfaces.kind) for column in table.T)
    when = np.float32(day) - surfaces.shift
    grown = np.where(up1 > 0, smoothstep(when, up0, np.maximum(up1, up0 + 1)), 1)
    ripened = np.where(down1 > 0, smoothstep(when, down0, np.maximum(down1, down0 + 1)), 0)
    standing = np.where((harvest > 0) & (when > harvest), np.float32(0.3), 1)  # stubble hides a third of the ground
    green = np.clip((low + (high - low) * grown) * surfaces.vigour, 0, 0.98) * (1 - ripened) * np.where(standing < 1, 0.1, 1)
    ripe = np.minimum(ripened * ripe_cover * standing, 1 - green)
    return green.astype(np.float32), ripe.astype(np.float32)


def backscatter(kinds: tuple[Kind, ...], surfaces: Surfaces) -> np.ndarray:
    """Radar backscatter (surfaces, VV and VH), linear power; brighter surfaces are rougher here, which is enough of physics."""
    decibels = np.array([(kind.vv, kind.vh) for kind in kinds], np.float64)[surfaces.kind]
    return (10 ** (decibels / 10)).astype(np.float32) * (surfaces.tone * surfaces.vigour)[:, None] ** 2


def _rows(places: list[int], of: np.ndarray) -> np.ndarray:
    return _TABLE[np.array(places)][of]
