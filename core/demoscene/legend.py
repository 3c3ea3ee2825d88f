"""The classes of the demo scene, and the kinds of surface that they consist of."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..classes import LandClass
from .noise import hashed, unit
from .spectra import Kind, Surfaces

WATER, FOREST, ORCHARD, MEADOW, CEREALS, SUMMER_CROPS, TOWN, ROAD = range(1, 9)

CLASSES = (
    LandClass(WATER, "water", (43, 120, 198)),
    LandClass(FOREST, "forest", (30, 107, 52)),
    LandClass(ORCHARD, "orchard", (140, 92, 160)),
    LandClass(MEADOW, "meadow", (163, 204, 95)),
    LandClass(CEREALS, "cereals", (245, 215, 110)),
    LandClass(SUMMER_CROPS, "summer crops", (232, 145, 60)),
    LandClass(TOWN, "town", (200, 66, 56)),
    LandClass(ROAD, "road", (110, 110, 110)),
)

KINDS = (
    Kind("clear water", ground="clear water", vv=-21, vh=-28),
    Kind("silty water", ground="silty water", vv=-19, vh=-26),
    Kind(
        "broadleaves",
        "broadleaf",
        ground="bark",
        ripe="bark",
        low=0.12,
        high=0.95,
        up=(95, 128),
        down=(285, 315),
        cover=0.2,
        vv=-9.5,
        vh=-14.5,
    ),
    Kind("conifers", "conifer", ground="bark", high=0.95, vv=-9, vh=-14),
    Kind("shrubs", "broadleaf", ground="grass", low=0.3, high=0.75, up=(90, 125), down=(280, 315), cover=0.3, vv=-10.5, vh=-15.5),
    Kind("fruit trees", "broadleaf", ground="grass", low=0.05, high=0.92, up=(92, 125), down=(285, 315), cover=0.2, vv=-10, vh=-15.5),
    Kind("vines", "leaf", ground="soil", high=0.75, up=(115, 165), down=(275, 305), cover=0.4, vv=-11, vh=-17.5),
    Kind("hay meadow", "grass", low=0.65, high=0.93, up=(75, 115), down=(172, 200), cover=0.35, vv=-13, vh=-19.5),
    Kind("pasture", "grass", low=0.6, high=0.9, up=(75, 120), vv=-13, vh=-20),
    Kind("rough grassland", "grass", low=0.4, high=0.72, up=(90, 135), ripe="dry", down=(195, 260), cover=0.4, vv=-12.5, vh=-18.5),
    Kind("wheat", "leaf", low=0.3, high=0.95, up=(62, 115), down=(168, 200), harvest=210, vv=-13.5, vh=-18.5),
    Kind("barley", "leaf", low=0.35, high=0.9, up=(60, 108), down=(150, 180), harvest=192, vv=-14, vh=-19),
    Kind("oats", "grass", low=0.05, high=0.88, up=(90, 138), down=(172, 205), harvest=215, vv=-13, vh=-18.5),
    Kind("maize", "leaf", high=0.93, up=(138, 200), down=(252, 282), harvest=290, vv=-11, vh=-17),
    Kind("sugar beet", "leaf", high=0.96, up=(120, 178), harvest=305, vv=-10.5, vh=-16.5),
    Kind("potatoes", "leaf", high=0.9, up=(128, 172), down=(225, 250), harvest=262, cover=0.4, vv=-10.5, vh=-17),
    Kind("sunflowers", "grass", high=0.88, up=(132, 185), down=(225, 258), harvest=268, vv=-11, vh=-16.5),
    Kind("tracks", "grass", ground="gravel", high=0.25, vv=-14, vh=-22),
    Kind("asphalt", ground="asphalt", vv=-16, vh=-24),
    Kind("yards", ground="concrete", vv=-9, vh=-18),
    Kind("tiled roofs", ground="tile", vv=-3, vh=-12),
    Kind("slate roofs", ground="slate", vv=-4, vh=-13),
    Kind("metal roofs", ground="metal", vv=0, vh=-10),
    Kind("gardens", "grass", low=0.55, high=0.85, up=(75, 115), down=(185, 250), cover=0.2, vv=-11, vh=-17),
    Kind("banks", "grass", ground="dark soil", low=0.6, high=0.85, up=(80, 125), vv=-12, vh=-18),
)
_PLACES = {kind.name: place for place, kind in enumerate(KINDS)}

TONES = 8  # every kind comes in so many brightnesses as a ready-made surface (a roof, a stand of trees); parcels have their own


def kind(name: str) -> int:
    """Place of a kind in KINDS."""
    return _PLACES[name]


def ready_made(name: str, tone: int = 0) -> int:
    """The number of the ready-made surface of a kind in one of the TONES brightnesses."""
    return kind(name) * TONES + tone


def ready_made_by(name: str, bits: np.ndarray) -> np.ndarray:
    """The same for many at once, int32; the brightness by the lowest bits of hashes."""
    return np.int32(ready_made(name)) + (bits & np.uint32(TONES - 1)).astype(np.int32)


def ready_made_surfaces(seed: int) -> Surfaces:
    """One surface of every kind and tone: the first `len(KINDS) * TONES` surfaces of every block."""
    number = np.arange(len(KINDS) * TONES)
    return surfaces_of(number // TONES, lambda purpose: unit(hashed(seed, number, purpose)), spread=2.0)


def surfaces_of(kinds: np.ndarray, draw: Callable[[int], np.ndarray], spread: float = 1.0) -> Surfaces:
    """Surfaces of the given kinds, varied by uniform draws in [0, 1): ± 9 days, ± 10 % of vigour, ± 7 % × `spread` of brightness.

    `draw` gives the draws of all surfaces for one purpose.
    """
    return Surfaces(
        kind=kinds.astype(np.int32),
        shift=(draw(31) * 18 - 9).astype(np.float32),
        vigour=(0.84 + draw(32) * 0.2).astype(np.float32),
        soil=draw(33).astype(np.float32),
        tone=(1 + (draw(34) * 2 - 1) * 0.07 * spread).astype(np.float32),
    )
