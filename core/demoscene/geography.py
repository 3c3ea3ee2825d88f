"""The large forms of the landscape: relief, rivers, lakes, woodland, settlements, and the bend that keeps lines from being straight."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .cells import Sites, box_of, sites_near
from .noise import Frame, Points, coarsely, hashed, noise, unit

RIVER_SPACING = 9000.0  # metres from one river to the next
MOTORWAY_SPACING = 17000.0
TOWN_CELL = 4000.0
HAMLET_CELL = 1500.0
LAKE_CELL = 2300.0

Place = Frame | Points


@dataclass(frozen=True)
class Geography:
    """An endless landscape of one seed. Distances and coordinates in metres; fields are float32 in the shape of what they are asked for."""

    seed: int

    def bent(self, place: Frame) -> tuple[np.ndarray, np.ndarray]:
        """Coordinates (u, v) of the points in the plane in which roads are straight and parcels have straight edges."""
        u = coarsely(place, 40.0, lambda f: f.linear(1, 0) + self._bend(f, 1))
        v = coarsely(place, 40.0, lambda f: f.linear(0, 1) + self._bend(f, 5))
        return u, v

    def _bend(self, place: Place, salt: int) -> np.ndarray:
        return noise(place, 1500, self.seed + salt) * 90 + noise(place, 420, self.seed + salt + 1) * 12

    def relief(self, place: Place) -> np.ndarray:
        """Height in metres."""
        return noise(place, 2600, self.seed + 10) * 26 + noise(place, 900, self.seed + 11) * 9 + noise(place, 300, self.seed + 12) * 1.6

    def sunlight(self, frame: Frame) -> np.ndarray:
        """Brightness of the slopes, about 1: those that face the sun (south-east, in the morning) are brighter."""
        slope = coarsely(frame, 40.0, lambda f: self.relief(f.moved(-30, -40)) - self.relief(f.moved(30, 40)))
        return 1 + np.clip(slope * 0.016, -0.12, 0.12)

    def river(self, place: Place) -> tuple[np.ndarray, np.ndarray]:
        """Distance to the middle of the nearest river, and half the width of that river there."""
        distance = _to_line(place, self._river_course, RIVER_SPACING)
        half_width = _smooth(place, lambda p: 34 + 7 * noise(p, 1300, self.seed + 22) + 3 * noise(p, 150, self.seed + 23))
        return distance, half_width

    def _river_course(self, place: Place) -> np.ndarray:
        angle = self._turn(1) * 0.9 + 0.3
        straight = place.linear(np.sin(angle), np.cos(angle))
        return straight + noise(place, 1900, self.seed + 20) * 430 + noise(place, 520, self.seed + 21) * 75

    def motorway(self, place: Place) -> np.ndarray:
        """Distance to the middle of the nearest motorway."""
        return _to_line(place, self._motorway_course, MOTORWAY_SPACING)

    def _motorway_course(self, place: Place) -> np.ndarray:
        angle = self._turn(1) * 0.9 + 0.3 + 1.0 + 0.5 * self._turn(2)
        return place.linear(np.sin(angle), np.cos(angle)) + noise(place, 3800, self.seed + 24) * 420

    def _turn(self, purpose: int) -> float:
        return float(unit(hashed(self.seed, 77, purpose))[0])

    def woodland(self, place: Place) -> np.ndarray:
        """Above 0: large forest. Smooth at the scale of parcels; `ragged_woodland` adds the edges."""
        large = noise(place, 2100, self.seed + 30) * 0.8 + noise(place, 800, self.seed + 31) * 0.45
        return large - 0.8

    def ragged_woodland(self, frame: Frame) -> np.ndarray:
        """The woodland with the edges that a forest has."""
        return coarsely(frame, 40.0, self.woodland) + coarsely(frame, 10.0, self._wood_edges)

    def _wood_edges(self, frame: Frame) -> np.ndarray:
        return noise(frame, 260, self.seed + 32) * 0.16 + noise(frame, 95, self.seed + 33) * 0.12 + noise(frame, 38, self.seed + 34) * 0.1

    def lakes(self, frame: Frame) -> np.ndarray:
        """Above 0: a lake."""
        return coarsely(frame, 20.0, self._lakes)

    def _lakes(self, frame: Frame) -> np.ndarray:
        sites = sites_near(frame.extent, LAKE_CELL, self.seed + 40)
        sites = sites.kept(sites.draw(1) < 0.6)
        radius = 80 + 290 * sites.draw(2) ** 2
        bumps = noise(frame, 170, self.seed + 41) * 0.2 + noise(frame, 60, self.seed + 42) * 0.07
        return _blobs(frame.linear(1, 0), frame.linear(0, 1), sites, radius, reach=1.8) + bumps

    def towns(self, box: tuple[float, float, float, float]) -> tuple[Sites, np.ndarray]:
        """The towns in and around a box of the bent plane, in the order of their lattice, and their radii."""
        sites = sites_near(box, TOWN_CELL, self.seed + 50, jitter=0.7)
        return sites, 260 + 600 * sites.draw(1) ** 1.6

    def town(self, frame: Frame) -> np.ndarray:
        """Above 0: built up; 1 in the middle of a town."""
        return coarsely(frame, 20.0, self._town)

    def _town(self, frame: Frame) -> np.ndarray:
        u, v = self.bent(frame)
        towns, radius = self.towns(box_of(u, v))
        built = _blobs(u, v, towns, radius)
        ragged = (
            noise(frame, 480, self.seed + 52) * 0.2 + noise(frame, 170, self.seed + 53) * 0.13 + noise(frame, 60, self.seed + 55) * 0.05
        )
        return built + np.clip(ragged, -0.5, 0.5) * np.clip(1 - built, 0, 1)

    def hamlet(self, frame: Frame) -> np.ndarray:
        """Above 0: houses stand along the lanes."""
        return coarsely(frame, 20.0, self._hamlet)

    def _hamlet(self, frame: Frame) -> np.ndarray:
        u, v = self.bent(frame)
        hamlets = sites_near(box_of(u, v), HAMLET_CELL, self.seed + 51)
        hamlets = hamlets.kept(hamlets.draw(1) < 0.5)
        return _blobs(u, v, hamlets, 170 + 160 * hamlets.draw(2)) + noise(frame, 110, self.seed + 54) * 0.12


def _smooth(place: Place, field: object) -> np.ndarray:
    return coarsely(place, 40.0, field) if isinstance(place, Frame) else field(place)  # type: ignore[operator, arg-type]


def _to_line(place: Place, course: object, spacing: float) -> np.ndarray:
    """Distance to the nearest of the lines where `course` is a multiple of the spacing: its value over the length of its gradient."""
    step = 20.0
    value = _smooth(place, course)
    east = _smooth(place, lambda p: course(p.moved(step, 0)) - course(p.moved(-step, 0)))  # type: ignore[operator]
    south = _smooth(place, lambda p: course(p.moved(0, step)) - course(p.moved(0, -step)))  # type: ignore[operator]
    gradient = np.sqrt(east * east + south * south) / np.float32(2 * step)
    off = value - np.round(value / np.float32(spacing)) * np.float32(spacing)
    return np.abs(off) / np.maximum(gradient, 0.25)


def _blobs(u: np.ndarray, v: np.ndarray, sites: Sites, radius: np.ndarray, reach: float = 1.5) -> np.ndarray:
    """1 at the sites, 0 at their radii, falling further on; the largest where they overlap. Sites too far to matter are skipped."""
    xmin, ymin, xmax, ymax = box_of(u, v)
    away = np.hypot(np.maximum(np.maximum(xmin - sites.x, sites.x - xmax), 0), np.maximum(np.maximum(ymin - sites.y, sites.y - ymax), 0))
    field = np.full(u.shape, 1 - np.float32(reach), np.float32)
    for index in np.flatnonzero(away < radius * reach):
        distance = np.sqrt((u - sites.x[index]) ** 2 + (v - sites.y[index]) ** 2)
        np.maximum(field, 1 - distance / np.float32(radius[index]), out=field)
    return field
