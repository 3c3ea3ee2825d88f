"""From pixels and polygons to colours: what the pictures are made of. Images are (rows, cols, 3) floats from 0 to 1."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Any

import numpy as np
from rasterio.features import rasterize

from .classes import LandClass, make_classes
from .raster.grid import Grid
from .reprojection import Geometry
from .vector import Feature

RED_GREEN_BLUE = ("B04", "B03", "B02")  # Sentinel-2's names
NO_DATA = (0.93, 0.93, 0.93)
MOST_VALUES = 65535
_BATCH = 500
_POINT = 1.5  # half the side, in pixels, of the square that stands for a point


def natural_bands(names: Sequence[str]) -> tuple[int, ...]:
    """Which bands to show as red, green and blue: those named so, or red/green/blue, or the first three; a single one for fewer."""
    upper = [name.upper() for name in names]
    for wanted in (RED_GREEN_BLUE, ("RED", "GREEN", "BLUE")):
        found = [next((place for place, name in enumerate(upper) if word in name), None) for word in wanted]
        if None not in found and len(set(found)) == 3:
            return tuple(place for place in found if place is not None)
    return (0, 1, 2) if len(names) >= 3 else (0,)


def stretched(pixels: np.ndarray, valid: np.ndarray, low: float = 1.0, high: float = 98.5) -> np.ndarray:
    """An image of one or three bands for the eye, from the `low` to the `high` percentile; light grey where there is no data.

    Each band starts at its own low. Its range is the geometric mean of its own and the widest one: ranges of their own would turn a
    brown field blue, and one for all would lose bands of small numbers.
    """
    bands = pixels.astype(np.float32)
    valid = valid & np.isfinite(bands).all(axis=2)
    shown = np.empty((*bands.shape[:2], 3), np.float32)
    shown[...] = NO_DATA
    if valid.any():
        bottom, top = np.percentile(bands[valid], (low, high), axis=0)
        own = np.maximum(top - bottom, 1e-12)
        scaled = (bands[valid] - bottom) / np.sqrt(own * own.max())
        shown[valid] = np.clip(scaled, 0, 1) ** 0.75  # one band is repeated to three
    return shown


def lightened(image: np.ndarray) -> np.ndarray:
    """The image in pale grey, as a ground to draw on."""
    grey = image @ np.array([0.3, 0.59, 0.11], np.float32)
    return np.repeat((0.62 + 0.36 * grey)[:, :, None], 3, axis=2)


def coloured(codes: np.ndarray, valid: np.ndarray, classes: Iterable[LandClass]) -> np.ndarray:
    """A class map (rows, cols) in the colours of its classes, (rows, cols, 4): transparent where there is no data or no class."""
    image = np.zeros((*codes.shape, 4), np.float32)
    for land_class in classes:
        image[(codes == land_class.code) & valid] = (*(value / 255 for value in land_class.colour), 1)
    return image


def map_classes(codes: Iterable[int], names: dict[int, str], colours: dict[int, tuple[int, int, int]]) -> tuple[LandClass, ...]:
    """The classes of a map: named and coloured by the map itself as far as it does, else by the usual colours."""
    made = make_classes((code, names.get(code, f"class {code}")) for code in sorted(set(codes) | set(names)))
    return tuple(LandClass(c.code, c.name, colours.get(c.code, c.colour)) for c in made)


class TruthPainter:
    """Burns features into a raster on a grid as they come, and remembers which values their field has.

    Args:
        grid: of the picture.
        field: the field that holds the class; empty: all features are of one class.
    """

    def __init__(self, grid: Grid, field: str) -> None:
        self.grid, self.field = grid, field
        self.pixels = np.zeros((grid.height, grid.width), np.uint16)  # 0 is nothing, n the n-th value
        self.values: dict[Any, int] = {}

    def paint(self, features: Iterable[Feature], check: Callable[[], None]) -> None:
        """All features; `check` is called now and then, and may raise."""
        stream = iter(features)
        while batch := list(islice(stream, _BATCH)):
            check()
            shapes = [(self._visible(f.geometry), self._number(f.attributes)) for f in batch if f.geometry is not None]
            shapes = [(geometry, number) for geometry, number in shapes if number and not _empty(geometry)]
            if shapes:
                rasterize(shapes, out=self.pixels, transform=self.grid.transform, all_touched=True)

    def _number(self, attributes: dict[str, Any]) -> int:
        value = attributes.get(self.field) if self.field else ""
        if value is None or (value not in self.values and len(self.values) >= MOST_VALUES):
            return 0
        return self.values.setdefault(value, len(self.values) + 1)

    def _visible(self, geometry: Geometry) -> Geometry:
        """A point becomes a square: as a single pixel nobody would see it."""
        if geometry["type"] != "Point":
            return geometry
        row, col = self.grid.row_col(*geometry["coordinates"][:2])
        corners = [(row + i * _POINT, col + j * _POINT) for i, j in ((-1, -1), (-1, 1), (1, 1), (1, -1), (-1, -1))]
        return {"type": "Polygon", "coordinates": [[self.grid.xy(*corner) for corner in corners]]}

    def classes(self, known: Sequence[LandClass]) -> tuple[LandClass, ...]:
        """The classes of the values, with their numbers in `pixels` as codes; named and coloured as in the map where it knows them."""
        if not self.field:
            return (LandClass(1, "truth", (214, 96, 77)),) if self.values else ()
        matched = {number: match(value, known) for value, number in self.values.items()}
        ordered = sorted(self.values.items(), key=lambda item: (isinstance(item[0], str), item[0]))
        made = {c.code: c for c in make_classes((number, str(value)) for value, number in ordered)}
        return tuple(LandClass(number, found.name, found.colour) if (found := matched[number]) else made[number] for number in made)


def match(value: Any, known: Sequence[LandClass]) -> LandClass | None:
    """The class that a value of a truth's field means: by its name, case aside; else by its code."""
    text = str(value).strip().lower()
    by_name = next((c for c in known if c.name.strip().lower() == text), None)
    return by_name or next((c for c in known if str(c.code) == text), None)


def _empty(geometry: Geometry) -> bool:
    return not geometry.get("coordinates") and not geometry.get("geometries")
