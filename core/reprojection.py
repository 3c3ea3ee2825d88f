"""Geometries from one CRS to another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import isfinite
from typing import Any

from fiona.transform import transform

Geometry = Mapping[str, Any]  # GeoJSON's: "type" and "coordinates" (or "geometries")


def reproject(geometries: list[Geometry | None], source: str, target: str) -> list[Geometry | None]:
    """Geometries (two-dimensional) in another CRS, given both as WKT. None where there is none, or where PROJ knows no place for it.

    All positions go through PROJ at once: a call for each geometry would take a fifth of a millisecond each.
    """
    positions = [position for geometry in geometries if geometry is not None for position in positions_of(geometry)]
    xs, ys = transform(source, target, [p[0] for p in positions], [p[1] for p in positions])
    moved = iter(zip(xs, ys, strict=True))
    return [None if geometry is None else _if_finite(_rebuilt(geometry, moved)) for geometry in geometries]


def positions_of(geometry: Geometry) -> Iterator[Sequence[float]]:
    if geometry["type"] == "GeometryCollection":
        for part in geometry["geometries"]:
            yield from positions_of(part)
    else:
        yield from _flat(geometry["coordinates"])


def _flat(coordinates: Any) -> Iterator[Sequence[float]]:
    if coordinates and not isinstance(coordinates[0], (list, tuple)):
        yield coordinates
    else:
        for part in coordinates:
            yield from _flat(part)


def _rebuilt(geometry: Geometry, moved: Iterator[tuple[float, float]]) -> Geometry:
    if geometry["type"] == "GeometryCollection":
        return {"type": geometry["type"], "geometries": [_rebuilt(part, moved) for part in geometry["geometries"]]}
    return {"type": geometry["type"], "coordinates": _refilled(geometry["coordinates"], moved)}


def _refilled(coordinates: Any, moved: Iterator[tuple[float, float]]) -> Any:
    if coordinates and not isinstance(coordinates[0], (list, tuple)):
        return next(moved)
    return [_refilled(part, moved) for part in coordinates]


def _if_finite(geometry: Geometry) -> Geometry | None:
    """None where a position has no place in the CRS (PROJ says infinity)."""
    return geometry if all(isfinite(x) and isfinite(y) for x, y in positions_of(geometry)) else None
