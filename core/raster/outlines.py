"""Outlines of pixels: from masks to polygons, in pixel coordinates (column, row; corner-based)."""

from __future__ import annotations

import numpy as np
from affine import Affine
from rasterio.features import rasterize, shapes
from scipy.spatial import ConvexHull, QhullError

Ring = list[tuple[float, float]]


def outlines(mask: np.ndarray) -> list[list[Ring]]:
    """The polygons around the connected pixels of a mask (by their sides), along the pixels' edges; each its rings, outer first."""
    found = shapes(mask.astype(np.uint8), mask=mask, connectivity=4, transform=Affine.identity())
    return [[[(float(x), float(y)) for x, y in ring] for ring in shape["coordinates"]] for shape, _ in found]


def hull(mask: np.ndarray) -> Ring | None:
    """The convex outline of the centres of a mask's pixels, closed; None if they are no area."""
    rows, cols = np.nonzero(mask)
    centres = np.column_stack([cols, rows]) + 0.5
    if len(centres) < 3:
        return None
    try:
        corners = centres[ConvexHull(centres).vertices]
    except QhullError:  # all on one line
        return None
    return [(float(x), float(y)) for x, y in (*corners, corners[0])]


def inside(rings: list[Ring], shape: tuple[int, int]) -> np.ndarray:
    """Which pixels (rows, cols) a polygon covers; generously: those that it only touches too."""
    polygon = {"type": "Polygon", "coordinates": rings}
    return rasterize([polygon], shape, transform=Affine.identity(), all_touched=True).astype(bool)
