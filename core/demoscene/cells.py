"""Scattered sites of the endless plane (one in each cell of a lattice, at a hashed place), and which of them are nearest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .noise import hashed, unit

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Sites:
    """Sites in the order of their cells: `x`, `y` (metres, float32), and `key` (a random uint32 of each)."""

    x: np.ndarray
    y: np.ndarray
    key: np.ndarray
    columns: int = 0  # cells in a row of the lattice; 0 once some were left out

    def __len__(self) -> int:
        return len(self.x)

    def kept(self, keep: np.ndarray) -> Sites:
        """Those at the places of a boolean or index array."""
        return Sites(self.x[keep], self.y[keep], self.key[keep])

    def draw(self, purpose: int) -> np.ndarray:
        """A uniform number in [0, 1) of each site, another one for every purpose."""
        return unit(hashed(self.key, purpose))


def sites_near(box: Box, cell: float, seed: int, jitter: float = 0.8, margin: int = 2) -> Sites:
    """The sites of all cells that touch the box (xmin, ymin, xmax, ymax), and `margin` cells around."""
    first_x, last_x = int(np.floor(box[0] / cell)) - margin, int(np.floor(box[2] / cell)) + margin
    first_y, last_y = int(np.floor(box[1] / cell)) - margin, int(np.floor(box[3] / cell)) + margin
    lattice = np.meshgrid(np.arange(first_y, last_y + 1), np.arange(first_x, last_x + 1), indexing="ij")
    j, i = (part.ravel() for part in lattice)
    x = (i + 0.5 + jitter * (unit(hashed(seed, j, i, 1)).astype(np.float64) - 0.5)) * cell
    y = (j + 0.5 + jitter * (unit(hashed(seed, j, i, 2)).astype(np.float64) - 0.5)) * cell
    return Sites(x.astype(np.float32), y.astype(np.float32), hashed(seed, j, i, 3), last_x - first_x + 1)


def box_of(u: np.ndarray, v: np.ndarray) -> Box:
    """What the points (u, v) cover."""
    return float(u.min()), float(v.min()), float(u.max()), float(v.max())


def could_be_nearest(sites: Sites, box: Box) -> np.ndarray:
    """Which sites may be first or second nearest to some point of the box (never leaves one out)."""
    centre_x, centre_y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    reach = np.hypot(box[2] - box[0], box[3] - box[1])  # twice the half diagonal
    distance = np.hypot(sites.x - centre_x, sites.y - centre_y)
    return distance <= np.partition(distance, 1)[1] + reach + 1.0


@dataclass(frozen=True)
class Mosaic:
    """Which cell of the plane each point is in: `first` (place of its site in `sites`), and its distance to the border in metres."""

    sites: Sites
    first: np.ndarray
    border: np.ndarray


def mosaic(u: np.ndarray, v: np.ndarray, sites: Sites) -> Mosaic:
    """The Voronoi cells of the sites over the points (u, v), 2-D float32. `sites` must reach two cells over the points."""
    sites = sites.kept(could_be_nearest(sites, box_of(u, v)))
    first = np.zeros(u.shape, np.int32)
    second = np.zeros(u.shape, np.int32)
    nearest = np.full(u.shape, np.inf, np.float32)
    next_nearest = nearest.copy()
    for index, (x, y) in enumerate(zip(sites.x, sites.y, strict=True)):
        du, dv = u - x, v - y
        distance = du * du
        distance += dv * dv
        closest = distance < nearest
        closer = (distance < next_nearest) & ~closest
        np.copyto(next_nearest, distance, where=closer)
        np.copyto(second, np.int32(index), where=closer)
        np.copyto(next_nearest, nearest, where=closest)
        np.copyto(second, first, where=closest)
        np.copyto(nearest, distance, where=closest)
        np.copyto(first, np.int32(index), where=closest)
    apart = np.hypot(sites.x[:, None] - sites.x, sites.y[:, None] - sites.y)
    border = (next_nearest - nearest) / (2 * np.maximum(apart.take(first * len(sites) + second), 1e-3))
    return Mosaic(sites, first, border)
