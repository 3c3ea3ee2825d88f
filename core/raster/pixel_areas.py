"""How large the pixels of a grid are on the ground, in square metres, in whatever CRS."""

from __future__ import annotations

import numpy as np
from rasterio.warp import transform
from scipy.ndimage import map_coordinates

from .grid import Grid, Window

NODES = 65  # along each axis: on a raster of the whole Earth in degrees, areas are right to 0.03 %
AXIS, ECCENTRICITY_SQUARED = 6378137.0, 0.00669437999014  # of the ellipsoid of WGS 84


class PixelAreas:
    """Areas on the ellipsoid: neither degrees nor a projection that stretches (Web Mercator doubles areas at 45°) matter.

    They are computed on a lattice over the grid, once, and interpolated in between.
    """

    def __init__(self, grid: Grid) -> None:
        self._size = grid.height, grid.width
        self._lattice = _lattice(grid)

    def of(self, rows: np.ndarray, cols: np.ndarray) -> np.ndarray:
        """The area of each pixel, in m²; NaN where the CRS is unknown or has no such place."""
        height, width = self._size
        nodes = ((rows + 0.5) / height * (NODES - 1), (cols + 0.5) / width * (NODES - 1))
        areas: np.ndarray = map_coordinates(self._lattice, nodes, order=1, mode="nearest")
        return areas

    def of_window(self, window: Window) -> np.ndarray:
        """The same for all pixels of a window inside the grid, (rows, cols), and ten times as quick: one axis after the other."""
        height, width = self._size
        first, share = _between_nodes(window.row, window.height, height)
        lines = self._lattice[first] * (1 - share)[:, np.newaxis] + self._lattice[first + 1] * share[:, np.newaxis]
        first, share = _between_nodes(window.col, window.width, width)
        areas: np.ndarray = lines[:, first] * (1 - share)
        areas += lines[:, first + 1] * share
        return areas


def _between_nodes(start: int, count: int, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Along one axis, for each pixel from `start` on: the node before its centre, and how far it is to the next, from 0 to 1."""
    nodes = (np.arange(start, start + count) + 0.5) / size * (NODES - 1)
    first = nodes.astype(np.int64)
    return first, nodes - first


def _lattice(grid: Grid) -> np.ndarray:
    """Of a pixel about each node, (NODES, NODES): the parallelogram that the lines between the middles of its sides span in space."""
    nodes = np.meshgrid(np.linspace(0, grid.height, NODES), np.linspace(0, grid.width, NODES), indexing="ij")
    middles = ((0.5, 0.0), (-0.5, 0.0), (0.0, 0.5), (0.0, -0.5))
    rows, cols = (np.stack([nodes[axis] + middle[axis] for middle in middles]) for axis in (0, 1))
    x, y = grid.transform @ (cols, rows)
    down, up, right, left = _in_space(grid, x, y)
    areas: np.ndarray = np.linalg.norm(np.cross(down - up, right - left), axis=-1)
    return areas


def _in_space(grid: Grid, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Earth-centred coordinates (…, 3) in metres. In them, unlike in degrees, nothing happens at the poles or the date line."""
    if grid.crs is None or not (grid.crs.is_geographic or grid.crs.is_projected):  # a building site's own CRS has no place on the Earth
        return np.full((*x.shape, 3), np.nan)
    degrees = transform(grid.crs, "EPSG:4326", x.ravel(), y.ravel())
    longitude, latitude = (np.radians(np.where(np.isfinite(axis), axis, np.nan)).reshape(x.shape) for axis in degrees)
    radius = AXIS / np.sqrt(1 - ECCENTRICITY_SQUARED * np.sin(latitude) ** 2)
    flat = radius * np.cos(latitude)
    height = radius * (1 - ECCENTRICITY_SQUARED) * np.sin(latitude)
    return np.stack([flat * np.cos(longitude), flat * np.sin(longitude), height], axis=-1)
