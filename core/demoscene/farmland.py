"""Fields: which crop grows on which parcel, and what can be seen in it: tracks, hedges, tramlines, rows of trees."""

from __future__ import annotations

import numpy as np

from . import legend
from .canvas import Canvas
from .geography import Geography
from .legend import kind, ready_made
from .noise import Points, coarsely, noise, smoothstep
from .parcels import Parcels, Pattern, parcels
from .spectra import Surfaces

# What a parcel may be: class, kind of surface, its share within the class.
_CHOICES = {
    legend.FOREST: (("broadleaves", 0.7), ("conifers", 0.3)),
    legend.ORCHARD: (("fruit trees", 0.8), ("vines", 0.2)),
    legend.MEADOW: (("hay meadow", 0.4), ("pasture", 0.45), ("rough grassland", 0.15)),
    legend.CEREALS: (("wheat", 0.55), ("barley", 0.25), ("oats", 0.2)),
    legend.SUMMER_CROPS: (("maize", 0.5), ("sugar beet", 0.22), ("potatoes", 0.16), ("sunflowers", 0.12)),
}
LANE_HALF_WIDTH = 2.9  # metres
_TREE_SPACING = (7.5, 6.0)  # metres along and across the rows of an orchard


def paint_farmland(canvas: Canvas, geography: Geography) -> tuple[Surfaces, np.ndarray]:
    """Cover the whole canvas with fields. Returns their surfaces, which follow the ready-made ones, and the distance of each point to
    the nearest lane in metres."""
    fields = parcels(canvas.u, canvas.v, Pattern(950.0, (75.0, 190.0), (190.0, 480.0), geography.seed + 100))
    classes, kinds = _land_use(fields, geography)
    first = len(legend.KINDS) * legend.TONES
    canvas.classes[...] = classes.take(fields.index)
    canvas.surface[...] = fields.index + np.int32(first)
    canvas.shade[...] = _crop_texture(canvas, fields, kinds, geography.seed)
    _paint_trees(canvas, fields, classes, kinds)
    _paint_edges(canvas, fields, classes, geography)
    return legend.surfaces_of(kinds, fields.draw), fields.border


def _land_use(fields: Parcels, geography: Geography) -> tuple[np.ndarray, np.ndarray]:
    """Class and kind of every parcel, from what lies around its middle."""
    centre = Points(fields.x, fields.y)
    distance, _ = geography.river(centre)
    valley = 1 - smoothstep(distance, 130.0, 420.0)
    wood = smoothstep(geography.woodland(centre), -0.9, 0.1)
    grass = 0.2 + 0.07 * noise(centre, 2400, geography.seed + 60) + 0.62 * valley + 0.15 * wood
    orchards = 0.015 + 0.5 * smoothstep(noise(centre, 1300, geography.seed + 61), 0.7, 1.7)
    shares = np.stack([0.02 + 0.1 * wood, orchards * (1 - valley), np.clip(grass, 0.06, 0.95)], axis=1)
    shares /= np.maximum(shares.sum(axis=1, keepdims=True) / 0.97, 1)  # some arable land everywhere
    arable = 1 - shares.sum(axis=1)
    cereals = 0.56 + 0.06 * noise(centre, 2000, geography.seed + 62)
    limits = np.cumsum(np.column_stack([shares, arable * cereals]), axis=1)
    order = np.array([legend.FOREST, legend.ORCHARD, legend.MEADOW, legend.CEREALS, legend.SUMMER_CROPS], np.uint8)
    classes = order[(fields.draw(21)[:, None] >= limits).sum(axis=1)]
    return classes, _kinds(classes, fields.draw(22))


def _kinds(classes: np.ndarray, draw: np.ndarray) -> np.ndarray:
    kinds = np.zeros(len(classes), np.int32)
    for land_class, choices in _CHOICES.items():
        limits = np.cumsum([share for _, share in choices])[:-1]
        places = np.array([kind(name) for name, _ in choices], np.int32)
        np.copyto(kinds, places[np.searchsorted(limits, draw, side="right")], where=classes == land_class)
    return kinds


def _crop_texture(canvas: Canvas, fields: Parcels, kinds: np.ndarray, seed: int) -> np.ndarray:
    """Soils show through in patches; machines leave lines every 24 m, or rows, in the direction of the parcel."""
    frame = canvas.frame
    patches = coarsely(frame, 10.0, lambda f: noise(f, 130, seed + 110) * 0.028 + noise(f, 42, seed + 111) * 0.02)
    grain = noise(frame, 6.0, seed + 112) * np.float32(0.022)
    pass_width = np.where(kinds == kind("vines"), np.float32(5.0), np.float32(24.0)).take(fields.index)
    depth = np.where(fields.draw(35) < 0.7, np.float32(0.07), np.float32(0)).take(fields.index)
    lane = fields.across / pass_width
    lane -= np.floor(lane)
    return 1 + patches + grain - depth * (lane * pass_width < 2.5)


def _paint_trees(canvas: Canvas, fields: Parcels, classes: np.ndarray, kinds: np.ndarray) -> None:
    orchard = (kinds == kind("fruit trees")).take(fields.index)
    if orchard.any():
        du, dv = (_off_centre(t, spacing) for t, spacing in zip((fields.along, fields.across), _TREE_SPACING, strict=True))
        crown = np.maximum(1 - (du * du + dv * dv) / 9, 0)
        np.copyto(canvas.height, crown * np.float32(3.5), where=orchard)
        np.copyto(canvas.shade, canvas.shade * (0.9 + 0.14 * crown), where=orchard)
    copse = (classes == legend.FOREST).take(fields.index) & (np.minimum(fields.side, fields.end) > 3)
    np.copyto(canvas.height, np.float32(12), where=copse)  # crowns are added to all trees at once, in the end


def _off_centre(t: np.ndarray, spacing: float) -> np.ndarray:
    return (t / np.float32(spacing) - np.floor(t / np.float32(spacing)) - np.float32(0.5)) * np.float32(spacing)


def _paint_edges(canvas: Canvas, fields: Parcels, classes: np.ndarray, geography: Geography) -> None:
    """Margins, tracks, hedges and lanes. All are narrower than a 10 m pixel and keep the class of the land."""
    edge = np.minimum(fields.side, fields.end)
    open_land = (classes != legend.FOREST).take(fields.index)
    canvas.paint((edge < 1.3) & open_land, ready_made("rough grassland", 3))
    track = (fields.draw(41) < 0.16).take(fields.index) & (fields.side < 2.6)
    canvas.paint(track, ready_made("tracks", 2))
    hedged = smoothstep(noise(Points(fields.x, fields.y), 1900, geography.seed + 63), 0.2, 1.2) * 0.75
    hedge = (fields.draw(42) < hedged).take(fields.index) & (edge < 3.6) & ~track
    canvas.paint(hedge & open_land, ready_made("shrubs", 2), height=5.0)
    canvas.paint(fields.border < 6.0, ready_made("rough grassland", 5))
    avenue = (fields.draw(43) < 0.22).take(fields.index) & (np.abs(fields.border - 6.5) < 2.6)
    canvas.paint(avenue & (noise(canvas.frame, 9.0, geography.seed + 113) > -0.2), ready_made("shrubs", 4), height=8.0)
    canvas.paint(fields.border < LANE_HALF_WIDTH, ready_made("asphalt", 3))
