"""Voronoi cells and parcels, against the slow and obvious way."""

from __future__ import annotations

import numpy as np
import pytest

from core.demoscene.cells import box_of, mosaic, sites_near
from core.demoscene.parcels import Parcels, Pattern, parcels

PATTERN = Pattern(400.0, (40.0, 80.0), (90.0, 200.0), 12)


def points(row: int, col: int, size: int, step: float = 5.0) -> tuple[np.ndarray, np.ndarray]:
    v, u = np.meshgrid((row + np.arange(size)) * step, (col + np.arange(size)) * step, indexing="ij")
    return u.astype(np.float32), v.astype(np.float32)


@pytest.mark.parametrize("corner", [(0, 0), (-300, 170), (41, -999)])
def test_cells_are_those_of_the_nearest_site(corner: tuple[int, int]) -> None:
    u, v = points(*corner, 60)
    sites = sites_near(box_of(u, v), 150.0, 3)
    found = mosaic(u, v, sites)
    distance = np.hypot(u[..., None] - sites.x, v[..., None] - sites.y)
    order = np.argsort(distance, axis=2)[:, :, :2]
    nearest = np.take_along_axis(distance, order, axis=2)
    assert np.array_equal(found.sites.key[found.first], sites.key[order[..., 0]])
    apart = np.hypot(*(np.diff(part[order], axis=2)[..., 0] for part in (sites.x, sites.y)))
    np.testing.assert_allclose(found.border, (nearest[..., 1] ** 2 - nearest[..., 0] ** 2) / (2 * apart), atol=0.05)


def of_points(found: Parcels) -> dict[str, np.ndarray]:
    tables = {name: getattr(found, name)[found.index] for name in ("key", "x", "y")}
    return tables | {name: getattr(found, name) for name in ("border", "side", "end", "upper", "along", "across")}


def test_parcels_are_the_same_in_every_block() -> None:
    whole, part = of_points(parcels(*points(30, -50, 120), PATTERN)), of_points(parcels(*points(70, -20, 40), PATTERN))
    for name, values in part.items():
        np.testing.assert_array_equal(values, whole[name][40:80, 30:70], err_msg=name)


def test_parcels_have_the_size_asked_for() -> None:
    u, v = points(0, 0, 600)
    found = parcels(u, v, PATTERN)
    area = np.bincount(found.index.ravel()) * 25.0
    assert 40 * 90 * 0.6 < np.median(area) < 80 * 200
    assert len(np.unique(found.key)) == len(found.key)
    assert found.index.max() == len(found.key) - 1


def test_distances_are_to_the_edges_of_the_parcel() -> None:
    """Where the parcel changes from one point to the next, one of the three distances is at most a step (and a half, across)."""
    found = parcels(*points(0, 0, 200, step=2.0), PATTERN)
    distance = np.minimum(np.minimum(found.side, found.end), found.border)
    changes = found.index[:, 1:] != found.index[:, :-1]
    assert changes.any()
    assert np.minimum(distance[:, 1:], distance[:, :-1])[changes].max() <= 2.01
    assert distance.min() >= 0
