"""Settlements: quarters of street blocks, houses on their lots, dense centres, halls with yards, parks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from . import legend
from .canvas import Canvas
from .farmland import LANE_HALF_WIDTH
from .legend import ready_made, ready_made_by
from .noise import hashed, noise, unit
from .parcels import Parcels, Pattern, parcels

RIBBON = 46.0  # metres from a lane to the end of the gardens in a hamlet
LOT = 19.0  # metres of street front for a house
HOUSES, CENTRE, FLATS, HALLS, PARK = range(5)
_ROOFS = ("tiled roofs", "slate roofs", "metal roofs")


@dataclass(frozen=True)
class _Spots:
    """The built-up points of a block as 1-D arrays: distance to the street at the `side` and at the `end`, the coordinate `along` it,
    a random number of the `block`, the `lot` and the building, and how central the place is (`built`)."""

    side: np.ndarray
    end: np.ndarray
    border: np.ndarray
    along: np.ndarray
    key: np.ndarray
    lot: np.ndarray
    built: np.ndarray
    trees: np.ndarray


def paint_town(canvas: Canvas, seed: int, town: np.ndarray, hamlet: np.ndarray, lanes: np.ndarray) -> None:
    """Cover what is built up, but for water: where `town` is above 0, and along the lanes where `hamlet` is (see Geography)."""
    ribbon = (hamlet > 0) & (lanes < RIBBON) & (town <= 0) & (canvas.classes != legend.FOREST)
    here = ((town > 0) | ribbon) & (canvas.classes != legend.WATER)
    if not here.any():
        return
    streets = parcels(canvas.u, canvas.v, Pattern(420.0, (64.0, 88.0), (95.0, 170.0), seed + 200))
    spots = _spots(canvas, streets, here, np.where(ribbon, np.float32(0), town), seed)
    surface, height, shade = _gardens(spots)
    for where, cover, tall, light in (*_buildings(spots), _street(spots)):
        np.copyto(surface, cover, where=where)
        np.copyto(height, tall, where=where)
        np.copyto(shade, light, where=where)
    canvas.classes[here], canvas.surface[here], canvas.height[here], canvas.shade[here] = legend.TOWN, surface, height, shade
    canvas.paint(ribbon & (lanes < LANE_HALF_WIDTH), ready_made("asphalt", 3))


def _spots(canvas: Canvas, streets: Parcels, town: np.ndarray, built: np.ndarray, seed: int) -> _Spots:
    key = streets.key[streets.index[town]]
    along = streets.along[town]
    return _Spots(
        side=streets.side[town],
        end=streets.end[town],
        border=streets.border[town],
        along=along,
        key=key,
        lot=hashed(key, np.floor(along / np.float32(LOT)).astype(np.int32), streets.upper[town]),
        built=built[town],
        trees=noise(canvas.frame, 8.0, seed + 210)[town],
    )


Layer = tuple[np.ndarray, np.ndarray, "np.ndarray | np.float32", "np.ndarray | np.float32"]


def _use(spots: _Spots) -> np.ndarray:
    """What each block is used for; centres are dense, halls stand at the edge of towns, hamlets have houses only."""
    draw = unit(hashed(spots.key, 1))
    use = np.full(len(draw), HOUSES, np.int8)
    in_town = spots.built > 0.12
    use[in_town & (draw < 0.17)] = FLATS
    use[in_town & (draw > 0.80)] = HALLS
    use[(spots.built > 0.5) & (draw > 0.22)] = CENTRE
    use[in_town & (draw > 0.96)] = PARK
    return use


def _gardens(spots: _Spots) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Lawns, flower beds and trees, the ground of everything: surface, height and shade."""
    paved = (spots.lot >> np.uint32(3) & np.uint32(7)) < 2
    ground = np.where(paved, ready_made_by("yards", spots.lot), ready_made_by("gardens", spots.lot))
    tree = spots.trees > np.float32(1.0)
    surface = np.where(tree, ready_made_by("shrubs", spots.lot), ground)
    return surface, np.where(tree, np.float32(5.5), np.float32(0)), np.ones(len(surface), np.float32)


def _roof(bits: np.ndarray, tiled: float, metal: float) -> np.ndarray:
    """A roof for every building: tile, metal or slate, in a tone of its own."""
    draw = unit(hashed(bits, 2))
    tile, slate, sheet = (ready_made_by(name, bits >> np.uint32(6)) for name in _ROOFS)
    return np.where(draw < tiled, tile, np.where(draw > 1 - metal, sheet, slate))


def _buildings(spots: _Spots) -> tuple[Layer, ...]:
    use = _use(spots)
    return (*_houses(spots, use == HOUSES), *_centre(spots, use == CENTRE), *_flats(spots, use == FLATS), *_halls(spots, use == HALLS))


def _houses(spots: _Spots, here: np.ndarray) -> tuple[Layer, ...]:
    """One house a lot, behind a front garden, with a ridge parallel to the street: the two sides of its roof differ in brightness."""
    front = 9 + 4 * unit(hashed(spots.lot, 3))
    depth = 9 + 4 * unit(hashed(spots.lot, 4))
    half = LOT * (0.24 + 0.2 * unit(hashed(spots.lot, 5)))
    off = spots.along / np.float32(LOT)
    off = np.abs(off - np.floor(off) - np.float32(0.5)) * np.float32(LOT)
    house = here & (spots.side > front) & (spots.side < front + depth) & (off < half) & (spots.end > 7)
    return (
        (house, _roof(spots.lot, 0.62, 0.04), np.float32(6.5), np.where(spots.side > front + depth / 2, np.float32(0.9), np.float32(1.1))),
    )


def _centre(spots: _Spots, here: np.ndarray) -> tuple[Layer, ...]:
    """Closed rows of houses along the streets, around a paved court."""
    edge = np.minimum(spots.side, spots.end)
    house = hashed(spots.lot, 6)
    court = np.float32(0), np.float32(1)
    return (
        (here & (edge >= 18), ready_made_by("yards", spots.lot), *court),
        (here & (edge > 5.5) & (edge < 18), _roof(house, 0.45, 0.05), np.float32(11), np.float32(0.95)),
    )


def _flats(spots: _Spots, here: np.ndarray) -> tuple[Layer, ...]:
    """Long bars with flat roofs on lawns."""
    off = spots.along / np.float32(64)
    off = np.abs(off - np.floor(off) - np.float32(0.5)) * np.float32(64)
    bar = here & (spots.side > 13) & (spots.side < 25) & (off < 25) & (spots.end > 9)
    return ((bar, _roof(hashed(spots.key, 7), 0.1, 0.25), np.float32(15), np.float32(1.05)),)


def _halls(spots: _Spots, here: np.ndarray) -> tuple[Layer, ...]:
    """One large roof on a sealed yard."""
    edge = np.minimum(spots.side, spots.end)
    yard = np.where(unit(hashed(spots.key, 8)) < 0.5, ready_made("asphalt", 6), ready_made("yards", 1)).astype(np.int32)
    inset = 11 + 8 * unit(hashed(spots.key, 9))
    return (
        (here, yard, np.float32(0), np.float32(1)),
        (here & (edge > inset), _roof(hashed(spots.key, 10), 0.08, 0.55), np.float32(9), np.float32(1)),
    )


def _street(spots: _Spots) -> Layer:
    street = (spots.side < 3.6) | (spots.end < 3.6) | (spots.border < 4.6)
    return street, np.full(len(street), ready_made("asphalt", 5), np.int32), np.float32(0), np.float32(1)
