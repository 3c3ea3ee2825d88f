"""Columns of points hold what the features hold, one by one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import fiona
import numpy as np
import pytest
from rasterio.crs import CRS

from core import points as module
from core.errors import BadTruth
from core.points import read_points
from core.vector import VectorReader

UTM, DEGREES = CRS.from_epsg(32631), CRS.from_epsg(4326)
FIELDS = {"n": "int64", "share": "float", "name": "str", "day": "date"}


def point(*position: float) -> dict[str, Any]:
    return {"type": "Point", "coordinates": position}


def write(path: Path, features: list[tuple[dict[str, Any] | None, dict[str, Any]]], kind: str = "Point") -> str:
    with fiona.open(path, "w", driver="GPKG", schema={"geometry": kind, "properties": FIELDS}, crs="EPSG:32631") as layer:
        empty = dict.fromkeys(FIELDS)
        layer.writerecords({"type": "Feature", "geometry": place, "properties": empty | values} for place, values in features)
    return str(path)


def columns(path: str, fields: tuple[str, ...], crs: CRS | None = None) -> list[tuple[Any, ...]]:
    with VectorReader(path) as layer:
        return [row for part in read_points(layer, crs, fields) for row in zip(part.x.tolist(), part.y.tolist(), *part.values, strict=True)]


def one_by_one(path: str, fields: tuple[str, ...], crs: CRS | None = None) -> list[tuple[Any, ...]]:
    with VectorReader(path) as layer:
        features = [(feature.geometry, feature.attributes) for feature in layer.features(crs)]
    places = [(np.nan, np.nan) if place is None else place["coordinates"][:2] for place, _ in features]
    return [(*place, *(values[name] for name in fields)) for place, (_, values) in zip(places, features, strict=True)]


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Points of every batch that was read as columns."""
    sizes: list[int] = []
    simple = module._simple
    monkeypatch.setattr(module, "_simple", lambda *a: (lambda found: (sizes.append(len(found)), found)[1])(simple(*a)))
    monkeypatch.setattr(module, "AT_ONCE", 4)
    return sizes


PLAIN = [(point(400000.0 + i, 4e6 - i), {"n": i if i % 3 else None, "share": i / 8 if i % 4 else None, "name": f"ä{i}" if i % 5 else None})
         for i in range(11)]  # fmt: skip


@pytest.mark.parametrize("crs", [None, UTM, DEGREES])
@pytest.mark.parametrize("fields", [(), ("n",), ("name", "share"), ("share", "n", "name")])
def test_columns_are_the_features(tmp_path: Path, counted: list[int], fields: tuple[str, ...], crs: CRS | None) -> None:
    path = write(tmp_path / "p.gpkg", PLAIN)
    np.testing.assert_equal(columns(path, fields, crs), one_by_one(path, fields, crs))
    assert counted == [4, 4, 3]


@pytest.mark.parametrize(
    "odd",
    [
        (None, {"n": 1}),
        (point(1.0, 2.0, 3.0), {"n": 1}),
        (point(1.0, 2.0), {"n": 2**53 + 1}),  # no float holds it, and a null beside it makes the column one of floats
    ],
    ids=["no place", "height", "huge"],
)
def test_what_is_not_simple_is_read_feature_by_feature(tmp_path: Path, counted: list[int], odd: Any) -> None:
    path = write(tmp_path / "p.gpkg", [*PLAIN[:6], odd, *PLAIN[6:]], "Unknown")
    np.testing.assert_equal(columns(path, ("n",)), one_by_one(path, ("n",)))
    assert counted == [4]


def test_dates_are_those_of_the_features(tmp_path: Path, counted: list[int]) -> None:
    path = write(tmp_path / "p.gpkg", [(point(1.0, 2.0), {"day": "2020-02-03"})])
    assert columns(path, ("day",)) == one_by_one(path, ("day",)) and not counted


def test_multipoints_give_each_of_their_points(tmp_path: Path) -> None:
    multi = {"type": "MultiPoint", "coordinates": [(1.0, 2.0), (3.0, 4.0)]}
    path = write(tmp_path / "p.gpkg", [(point(5.0, 6.0), {"n": 1}), (multi, {"n": 2})], "Unknown")
    assert columns(path, ("n",)) == [(5, 6, 1), (1, 2, 2), (3, 4, 2)]


def test_polygons_are_no_points(tmp_path: Path) -> None:
    square = {"type": "Polygon", "coordinates": [[(0, 0), (1, 0), (1, 1), (0, 0)]]}
    with pytest.raises(BadTruth, match="holds no sample points: expected points, received Polygon"):
        columns(write(tmp_path / "p.gpkg", [(square, {})], "Polygon"), ())


def test_no_points(tmp_path: Path) -> None:
    assert columns(write(tmp_path / "p.gpkg", []), ("n",)) == []


def test_what_has_no_place_in_the_crs(tmp_path: Path) -> None:
    path = write(tmp_path / "p.gpkg", [(point(1e300, 2.0), {"n": 1}), PLAIN[1]])
    (x, y, n), _ = columns(path, ("n",), DEGREES)
    assert np.isnan(x) and np.isnan(y) and n == 1
