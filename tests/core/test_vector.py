from __future__ import annotations

from pathlib import Path

import fiona
import pytest
from rasterio.crs import CRS

from core.errors import BadParameter, BadTruth, CannotRead, CannotWrite
from core.vector import BATCH, FLOAT, INT, TEXT, VectorReader, VectorWriter, column_names

UTM = CRS.from_epsg(32631)


def _point(x: float, y: float) -> dict:
    return {"type": "Point", "coordinates": (x, y)}


def test_what_is_written_is_read_in_order_and_in_its_types(tmp_path: Path) -> None:
    path = str(tmp_path / "points.gpkg")
    count = 2 * BATCH + 3  # more than two batches, so that neither a whole nor a rest is lost
    with VectorWriter(path, "Point", {"n": INT, "share": FLOAT, "name": TEXT}, UTM) as writer:
        for n in range(count):
            writer.write(_point(n, -n), {"n": n * 2**33, "share": n / 4, "name": n if n % 2 else None})
    with VectorReader(path) as reader:
        assert (len(reader), reader.crs, reader.fields) == (count, UTM, {"n": INT, "share": FLOAT, "name": TEXT})
        features = list(reader.features())
    assert [f.geometry["coordinates"] for f in features if f.geometry] == [(n, -n) for n in range(count)]
    assert features[5].attributes == {"n": 5 * 2**33, "share": 1.25, "name": "5"}
    assert features[4].attributes["name"] is None
    assert fiona.listlayers(path) == ["points"]  # not the name of the temporary file


def test_columns_that_geopackage_keeps_for_itself_get_a_number(tmp_path: Path) -> None:
    assert column_names(["fid", "Class", "class", "class_1", "geom"]) == {
        "fid": "fid_1", "Class": "Class", "class": "class_1", "class_1": "class_1_1", "geom": "geom_1",
    }  # fmt: skip
    path = str(tmp_path / "p.gpkg")
    with VectorWriter(path, "Point", {"fid": INT, "Class": TEXT, "class": TEXT}, UTM) as writer:
        writer.write(_point(0, 0), {"fid": 77, "Class": "a", "class": "b"})
    with VectorReader(path) as reader:
        assert next(reader.features()).attributes == {"fid_1": 77, "Class": "a", "class_1": "b"}


def test_a_failed_run_leaves_nothing_and_keeps_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "p.gpkg"
    path.write_text("earlier")
    with pytest.raises(KeyError), VectorWriter(str(path), "Point", {}, UTM) as writer:
        writer.write(_point(0, 0), {})
        raise KeyError
    assert [p.name for p in tmp_path.iterdir()] == ["p.gpkg"] and path.read_text() == "earlier"


def test_stale_journals_of_an_earlier_file_are_removed(tmp_path: Path) -> None:
    (tmp_path / "p.gpkg-wal").write_bytes(b"stale")
    with VectorWriter(str(tmp_path / "p.gpkg"), "Point", {}, UTM) as writer:
        writer.write(_point(1, 2), {})
    assert [p.name for p in tmp_path.iterdir()] == ["p.gpkg"]


def test_features_come_in_the_crs_asked_for(tmp_path: Path) -> None:
    path = str(tmp_path / "p.gpkg")
    ring = [(3.0, 50.0), (3.1, 50.0), (3.1, 50.1), (3.0, 50.0)]
    shapes = [
        _point(3.0, 50.0),
        {"type": "Polygon", "coordinates": [ring]},
        None,
        {"type": "GeometryCollection", "geometries": [_point(3.0, 50.0), {"type": "MultiLineString", "coordinates": [ring[:2]]}]},
        _point(3.0, 95.0),  # no such place
    ]
    with VectorWriter(path, "Unknown", {}, CRS.from_epsg(4326)) as writer:
        for shape in shapes:
            writer.write(shape, {})
    with VectorReader(path) as reader:
        moved = [feature.geometry for feature in reader.features(UTM)]
        same = [feature.geometry for feature in reader.features(CRS.from_epsg(4326))]
    assert moved[0] is not None and moved[0]["coordinates"] == pytest.approx((500000, 5538630.7), abs=0.1)
    assert moved[1] is not None and len(moved[1]["coordinates"][0]) == 4
    assert moved[1]["coordinates"][0][0] == pytest.approx(moved[0]["coordinates"])
    assert moved[2] is None and moved[4] is None
    assert moved[3] is not None and moved[3]["geometries"][1]["coordinates"][0][0] == pytest.approx(moved[0]["coordinates"])
    assert same[0] == shapes[0]


def test_a_layer_without_crs_is_taken_as_it_is(tmp_path: Path) -> None:
    path = str(tmp_path / "p.gpkg")
    with VectorWriter(path, "Point", {}, None) as writer:
        writer.write(_point(5, 6), {})
    with VectorReader(path) as reader:
        assert reader.crs is None or not reader.crs.is_epsg_code
        geometry = next(reader.features(UTM)).geometry
    assert geometry is not None and geometry["coordinates"] == (5, 6)


def test_clear_errors(tmp_path: Path) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("no vectors")
    for path, words in ((str(text), "expected a vector layer"), (str(tmp_path / "no.gpkg"), "does not exist"), ("", "vector layer")):
        with pytest.raises(CannotRead, match=words):
            VectorReader(path)
    path = str(tmp_path / "p.gpkg")
    with VectorWriter(path, "Point", {"n": INT}, UTM):
        pass
    with pytest.raises(CannotRead, match=r"no layer 'x': expected one of p"):
        VectorReader(path, "x")
    with VectorReader(path) as reader, pytest.raises(BadTruth, match="expected one of n"):
        reader.check_field("class")
    with pytest.raises(BadParameter, match=r"\.gpkg"):
        VectorWriter(str(tmp_path / "p.shp"), "Point", {}, UTM)
    with pytest.raises(CannotWrite, match="existing folder"), VectorWriter(str(tmp_path / "no" / "p.gpkg"), "Point", {}, UTM):
        pass
