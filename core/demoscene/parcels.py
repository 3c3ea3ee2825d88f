"""Parcels: districts of the plane, each cut into strips by its own direction, and each strip cut across. Fields and street blocks alike.

A Voronoi diagram alone looks like a honeycomb. Real parcels are mostly four-sided, lie side by side in one direction for some
hundred metres, and turn at a lane: hence two levels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .cells import box_of, mosaic, sites_near
from .noise import hashed, unit

Range = tuple[float, float]
IRREGULARITY = 0.3  # how far a cut may be off its regular place, in widths


@dataclass(frozen=True)
class Pattern:
    """How a plane is cut: `district` size, `width` and `length` of the parcels (drawn for each district), in metres; and a seed."""

    district: float
    width: Range
    length: Range
    seed: int


@dataclass(frozen=True)
class Parcels:
    """The parcels under the points of a block.

    Attributes:
        index: which parcel each point is in, int32 (rows, cols); local to the block, without gaps.
        key: a random uint32 of each parcel, the same in every block.
        x, y: centre of each parcel in metres.
        border: distance of each point to the edge of its district, in metres.
        side, end: distance to the nearest long and short edge of its parcel, in metres.
        upper: whether the nearer long edge is the upper one.
        along: coordinate in the direction of the strips, in metres; `across`: square to it.
    """

    index: np.ndarray
    key: np.ndarray
    x: np.ndarray
    y: np.ndarray
    border: np.ndarray
    side: np.ndarray
    end: np.ndarray
    upper: np.ndarray
    along: np.ndarray
    across: np.ndarray

    def draw(self, purpose: int) -> np.ndarray:
        """A uniform number in [0, 1) of each parcel, another one for every purpose."""
        return unit(hashed(self.key, purpose))


@dataclass(frozen=True)
class _Cuts:
    """Coordinates cut at irregular places: flat place in the tables of keys and centres, and distances to the cuts below and above."""

    flat: np.ndarray
    below: np.ndarray
    above: np.ndarray
    keys: np.ndarray
    centres: np.ndarray
    count: int


def parcels(u: np.ndarray, v: np.ndarray, pattern: Pattern) -> Parcels:
    """The parcels of a pattern under the points (u, v), float32 (rows, cols)."""
    districts = mosaic(u, v, sites_near(box_of(u, v), pattern.district, pattern.seed))
    sites, of = districts.sites, districts.first
    angle = (sites.draw(11) * np.pi).astype(np.float32)
    cosine, sine = np.cos(angle), np.sin(angle)
    width, length = _between(sites.draw(12), pattern.width), _between(sites.draw(13), pattern.length)
    du, dv, c, s = u - sites.x.take(of), v - sites.y.take(of), cosine.take(of), sine.take(of)
    along, across = du * c + dv * s, dv * c - du * s
    wide, long = width.take(of), length.take(of)
    strips = _cut(across / wide, of, sites.key)
    plots = _cut(along / long, strips.flat, strips.keys)
    place, index = _without_gaps(plots.flat, len(plots.keys))
    strip = place // plots.count
    district = strip // strips.count
    a, b = plots.centres[place] * length[district], strips.centres[strip] * width[district]
    return Parcels(
        index=index,
        key=plots.keys[place],
        x=sites.x[district] + a * cosine[district] - b * sine[district],
        y=sites.y[district] + a * sine[district] + b * cosine[district],
        border=districts.border,
        side=np.minimum(strips.below, strips.above) * wide,
        end=np.minimum(plots.below, plots.above) * long,
        upper=strips.above < strips.below,
        along=along,
        across=across,
    )


def _between(share: np.ndarray, limits: Range) -> np.ndarray:
    return (limits[0] + share * (limits[1] - limits[0])).astype(np.float32)


def _cut(t: np.ndarray, of: np.ndarray, keys: np.ndarray) -> _Cuts:
    """Cut the line of each key about every 1; cut m lies at m ± IRREGULARITY, as the key says."""
    whole = np.floor(t).astype(np.int32)
    first, count = int(whole.min()) - 1, int(whole.max() - whole.min()) + 4
    steps = np.arange(first, first + count)
    drawn = hashed(keys[:, None], steps)
    cuts = (steps + (unit(drawn) * 2 - 1) * np.float32(IRREGULARITY)).astype(np.float32)
    flat = of * np.int32(count) + (whole - np.int32(first))
    table = cuts.ravel()
    flat -= t < table.take(flat)
    flat += t >= table.take(flat + 1)
    centres = np.empty_like(cuts)
    centres[:, :-1], centres[:, -1] = (cuts[:, :-1] + cuts[:, 1:]) / 2, cuts[:, -1]
    return _Cuts(flat, t - table.take(flat), table.take(flat + 1) - t, drawn.ravel(), centres.ravel(), count)


def _without_gaps(flat: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """The values that occur, in order; and for each point the place of its value among them."""
    occurs = np.zeros(size, bool)
    occurs[flat] = True
    return np.flatnonzero(occurs), (np.cumsum(occurs, dtype=np.int32) - 1).take(flat)
