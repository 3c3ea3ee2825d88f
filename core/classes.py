"""The classes of a truth or a map: code, name, colour. One table, kept from the truth to the map's legend."""

from __future__ import annotations

import colorsys
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

Colour = tuple[int, int, int]

# What a reader of maps expects, found by words in the class name (English, and the tags of OpenStreetMap).
_BY_WORD: dict[str, Colour] = {
    "water": (43, 120, 198), "river": (43, 120, 198), "lake": (43, 120, 198), "sea": (43, 120, 198),
    "forest": (30, 107, 52), "tree": (30, 107, 52), "wood": (30, 107, 52),
    "wetland": (95, 168, 160), "marsh": (95, 168, 160),
    "meadow": (163, 204, 95), "pasture": (163, 204, 95), "grass": (122, 190, 84),
    "orchard": (140, 92, 160), "vineyard": (140, 92, 160), "summer": (232, 145, 60), "maize": (232, 145, 60),
    "farm": (230, 200, 95), "crop": (230, 200, 95), "field": (230, 200, 95), "cereal": (230, 200, 95),
    "scrub": (160, 140, 60), "shrub": (160, 140, 60),
    "town": (200, 66, 56), "urban": (200, 66, 56), "residential": (200, 66, 56), "built": (200, 66, 56), "building": (200, 66, 56),
    "road": (110, 110, 110), "bare": (190, 160, 130), "soil": (170, 120, 80), "cleared": (215, 165, 105), "snow": (235, 240, 245),
}  # fmt: skip


@dataclass(frozen=True)
class LandClass:
    """One class: `code` is its value in label images and maps, `name` what people call it, `colour` red, green, blue in 0–255."""

    code: int
    name: str
    colour: Colour

    @property
    def hex(self) -> str:
        """The colour as "#rrggbb"."""
        return "#{:02x}{:02x}{:02x}".format(*self.colour)

    def to_plain(self) -> dict[str, Any]:
        """As JSON can carry it."""
        return {"code": self.code, "name": self.name, "colour": self.hex}

    @classmethod
    def from_plain(cls, values: dict[str, Any]) -> LandClass:
        """What `to_plain` described."""
        text = str(values["colour"]).lstrip("#")
        return cls(int(values["code"]), str(values["name"]), (int(text[0:2], 16), int(text[2:4], 16), int(text[4:6], 16)))


def make_classes(codes_and_names: Iterable[tuple[int, str]]) -> tuple[LandClass, ...]:
    """Classes with colours: the usual one where the name tells it and it is free, else one of a spread of hues."""
    classes: list[LandClass] = []
    taken: set[Colour] = set()
    for index, (code, name) in enumerate(codes_and_names):
        colour = next((c for word, c in _BY_WORD.items() if word in name.lower() and c not in taken), _spread(index))
        taken.add(colour)
        classes.append(LandClass(code, name, colour))
    return tuple(classes)


def _spread(index: int) -> Colour:
    """The index-th of endlessly many well-spread hues (golden-ratio steps), at three levels of brightness."""
    red, green, blue = colorsys.hsv_to_rgb((0.11 + index * 0.618034) % 1.0, 0.62, (0.88, 0.70, 0.55)[index // 8 % 3])
    return round(red * 255), round(green * 255), round(blue * 255)


def class_type(codes: Collection[int]) -> tuple[str, int]:
    """The smallest pixel type that holds all class codes and a value for no-data that is none of them: 0 where it is free."""
    low, high = min(codes), max(codes)
    if low >= 0:
        for dtype in ("uint8", "uint16", "uint32"):
            largest = int(np.iinfo(dtype).max)
            nodata = 0 if 0 not in codes else largest
            if high <= largest and nodata not in codes:
                return dtype, nodata
    dtype = "int32" if low > np.iinfo("int32").min and high <= np.iinfo("int32").max else "int64"
    return dtype, 0 if 0 not in codes else int(np.iinfo(dtype).min)


def code_dtype(codes: Iterable[int]) -> str:
    """The type of class codes inside a network: TensorFlow's usual one for integers, the wide one for huge codes."""
    limits = np.iinfo("int32")
    return "int32" if all(limits.min <= code <= limits.max for code in codes) else "int64"
