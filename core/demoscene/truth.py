"""Reference polygons, such as a field campaign would bring home: some of each class in every part of the scene, and exact."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..raster.outlines import Ring, hull, inside, outlines
from . import legend
from .noise import hashed, unit

CELL = 64  # pixels: in each cell of this size, at most one polygon of every class
_FEWEST = 9  # pixels under which a polygon is not worth drawing
_REACH = (5.0, 12.0)  # radius in pixels of what is outlined of a large area
_THIN = (legend.ROAD, legend.WATER)  # outlined along their pixels: they are narrow and bend
_PARCELS = (legend.ORCHARD, legend.MEADOW, legend.CEREALS, legend.SUMMER_CROPS)  # outlined parcel by parcel

Polygon = tuple[int, list[Ring]]  # class and rings, in pixels of the scene


def polygons(labels: np.ndarray, units: np.ndarray, row: int, col: int, seed: int) -> Iterator[Polygon]:
    """The reference polygons of the pixels (rows, cols) with their corner at (row, col) of the scene, a multiple of CELL.

    Every pixel that a polygon touches has its class. `units`: a number that is the same within a parcel.
    """
    for top in range(0, labels.shape[0], CELL):
        for left in range(0, labels.shape[1], CELL):
            part = slice(top, top + CELL), slice(left, left + CELL)
            for land_class, rings in _of_cell(labels[part], units[part], hashed(seed, row + top, col + left)):
                yield land_class, [[(x + col + left, y + row + top) for x, y in ring] for ring in rings]


def _of_cell(labels: np.ndarray, units: np.ndarray, key: np.ndarray) -> Iterator[Polygon]:
    for land_class in (c.code for c in legend.CLASSES):
        mask = labels == land_class
        if mask.any():
            rings = _outline(mask, units, land_class, hashed(key, land_class))
            if rings:
                yield land_class, rings


def _outline(mask: np.ndarray, units: np.ndarray, land_class: int, key: np.ndarray) -> list[Ring]:
    """One polygon of a class, or none if it has too little room."""
    if land_class in _THIN:
        return _along_pixels(_around(mask, key))
    chosen = _eroded(_largest_parcel(mask, units) if land_class in _PARCELS else _around(mask, key))
    ring = hull(chosen)
    if ring and chosen.sum() >= _FEWEST and mask[inside([ring], mask.shape)].all():
        return [ring]
    return _along_pixels(chosen)  # not convex: no hull


def _along_pixels(mask: np.ndarray) -> list[Ring]:
    found = outlines(mask)
    if not found:
        return []
    largest = max(found, key=lambda rings: abs(_area(rings[0])))
    return largest if abs(_area(largest[0])) >= _FEWEST else []


def _largest_parcel(mask: np.ndarray, units: np.ndarray) -> np.ndarray:
    """The pixels of the parcel that has most of them; of equals the one that comes first."""
    numbers, first, count = np.unique(units[mask], return_index=True, return_counts=True)
    return mask & (units == numbers[np.lexsort((first, -count))[0]])


def _around(mask: np.ndarray, key: np.ndarray) -> np.ndarray:
    """The pixels of the mask around one of them: a disc as large as somebody would outline of a forest."""
    rows, cols = np.nonzero(mask)
    draws = [float(unit(hashed(key, purpose))[0]) for purpose in range(2)]
    centre = int(draws[0] * len(rows))
    radius = _REACH[0] + draws[1] * (_REACH[1] - _REACH[0])
    i, j = np.indices(mask.shape)
    return mask & ((i - rows[centre]) ** 2 + (j - cols[centre]) ** 2 < radius**2)


def _eroded(mask: np.ndarray) -> np.ndarray:
    """Without the pixels that have a side or a corner in common with others."""
    padded = np.pad(mask, 1)
    height, width = mask.shape
    return np.logical_and.reduce([padded[i : i + height, j : j + width] for i in range(3) for j in range(3)])


def _area(ring: Ring) -> float:
    """Signed, by the shoelace formula."""
    x, y = np.array(ring).T
    return float(np.sum(x[1:] * y[:-1] - x[:-1] * y[1:])) / 2
