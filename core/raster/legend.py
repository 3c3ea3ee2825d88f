"""The names and colours that a class map brings with it: what core/raster/style.py writes, and other programs too."""

from __future__ import annotations

import contextlib
import os
import re
from dataclasses import dataclass
from html import unescape

from ..classes import Colour
from .source import open_image
from .style import MOST_TEXT, read_category_names

_ENTRY = re.compile(r"<paletteEntry\b[^>]*>")
_ATTRIBUTE = re.compile(r"""(\w+)=("[^"]*"|'[^']*')""")
_WHOLE = re.compile(r"-?\d{1,18}")
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
_BLACK = (0, 0, 0)  # what fills a colour table where nobody said anything


@dataclass(frozen=True)
class Legend:
    """Of the values of a raster's first band, as far as its files tell: names, and red, green, blue in 0–255."""

    names: dict[int, str]
    colours: dict[int, Colour]


def read_legend(path: str) -> Legend:
    """Names from GDAL's category names, or else from the QGIS style beside the file (huge and negative codes have no other place);
    colours from the style, or else from the colour table.

    Raises:
        CannotRead: the raster is missing or damaged.
    """
    names, colours = _style(f"{os.path.splitext(path)[0]}.qml")
    return Legend(names | read_category_names(path), _colour_table(path) | colours)


def _style(path: str) -> tuple[dict[int, str], dict[int, Colour]]:
    """Of a paletted style. An attribute may stand anywhere in its entry: QGIS orders them otherwise than we do."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            entries = _ENTRY.findall(file.read(MOST_TEXT))
    except OSError:
        return {}, {}
    names, colours = {}, {}
    for entry in entries:
        facts = {name: unescape(value[1:-1]) for name, value in _ATTRIBUTE.findall(entry)}
        if _WHOLE.fullmatch(facts.get("value", "")):
            code, colour = int(facts["value"]), facts.get("color", "")
            if facts.get("label"):
                names[code] = facts["label"]
            if _COLOUR.fullmatch(colour):
                colours[code] = (int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16))
    return names, colours


def _colour_table(path: str) -> dict[int, Colour]:
    with open_image(path) as image, contextlib.suppress(ValueError):  # no colour table
        return {value: colour[:3] for value, colour in image.colormap(1).items() if colour[:3] != _BLACK}
    return {}
