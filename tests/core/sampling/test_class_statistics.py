"""Counts by class and by feature: against a brute-force count of pixels, and against what selectsamples takes."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from core.errors import BadTruth, Cancelled, GridMismatch
from core.jobs import ClassStatistics, Sampling, SelectSamples
from core.raster.grid import Grid
from core.raster.pixel_areas import PixelAreas
from core.reporting import Reporter
from core.sampling import class_statistics, select

SIDE = 40
SCHEMA = {"cover": "str"}


@pytest.fixture
def job(tmp_path: Path, make_raster: Callable, make_layer: Callable, box: Callable, point: Callable) -> Callable[..., ClassStatistics]:
    """job(shapes, schema, **changes) on an image of 40 × 40 pixels, the upper 5 rows of which are no-data."""
    pixels = np.ones((SIDE, SIDE, 2), "uint8")
    pixels[:5] = 0
    pixels[5:8, :, 0] = 0  # in one band only: still data
    make_raster(tmp_path / "image.tif", pixels, nodata=0)

    def make(shapes: list, schema: dict[str, str] = SCHEMA, crs: str | None = "EPSG:32631", **changes: Any) -> ClassStatistics:
        truth = make_layer(tmp_path / "truth.gpkg", shapes, schema, crs=crs)
        outputs = {"output": "classes.csv", "output_features": "features.csv", "output_html": "report.html"}
        paths = {name: str(tmp_path / file) for name, file in outputs.items()}
        return ClassStatistics(**{"image": str(tmp_path / "image.tif"), "truth": truth, "field": "cover", **paths, **changes})

    return make


def rows(path: str) -> list[dict[str, str]]:
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def by_class(path: str, column: str = "pixels") -> dict[str, int]:
    return {row["class"]: int(row[column]) for row in rows(path)}


def line(*corners: tuple[float, float]) -> dict[str, Any]:
    return {"type": "LineString", "coordinates": [(500000 + 10 * col, 5000000 - 10 * row) for row, col in corners]}


def ring(*corners: tuple[float, float]) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": [[*line(*corners)["coordinates"], line(corners[0])["coordinates"][0]]]}


def test_polygons_lines_and_points_count_the_pixels_that_they_cover(
    job: Callable, make_reporter: type, box: Callable, point: Callable
) -> None:
    shapes = [
        (box(10, 10, 4, 6), {"cover": "field"}),  # whole pixels
        (box(20.4, 10.4, 2.2, 2.2), {"cover": "field"}),  # centres from row and column 20.5 to 22.5: 3 × 3
        (line((30.5, 3.5), (30.5, 12.5)), {"cover": "road"}),  # along a row: 10 pixels
        (line((32.5, 3.5), (35.5, 3.5), (35.5, 5.5)), {"cover": "road"}),  # around a corner: 4 + 2
        (point(38.9, 7.1), {"cover": "tree"}),
        ({"type": "MultiPoint", "coordinates": [point(39.5, i + 0.5)["coordinates"] for i in (1, 2, 3)]}, {"cover": "tree"}),
        (ring((25, 25), (25, 31), (31, 25), (31, 31)), {"cover": "bow tie"}),  # crosses itself: two triangles
    ]
    done = job(shapes)
    outputs = class_statistics.run(done, make_reporter())
    assert by_class(done.output) == {"bow tie": 18, "field": 33, "road": 16, "tree": 4}
    assert [int(row["pixels"]) for row in rows(done.output_features)] == [24, 9, 10, 6, 1, 3, 18]
    assert (outputs["CLASSES"], outputs["PIXELS"], outputs["FEATURES"], outputs["LEFT_OUT"]) == (4, 71, 7, 0)
    table = rows(done.output)
    assert sum(float(row["share"]) for row in table) == pytest.approx(1)
    assert float(table[1]["area_m2"]) == pytest.approx(3300, rel=2e-3)  # UTM's scale


@given(
    st.lists(
        st.tuples(*[st.integers(-90, 490)] * 2, *[st.integers(1, 300)] * 2, st.sampled_from("abc")),
        min_size=1, max_size=12,
    )
)  # fmt: skip
@settings(max_examples=25, phases=(Phase.explicit, Phase.generate))
def test_the_counts_are_those_of_every_pixel_by_itself_and_of_selectsamples(
    tmp_path_factory: pytest.TempPathFactory, make_raster: Callable, make_layer: Callable, boxes: list
) -> None:
    """Boxes at any place, but with no side through a centre.

    A pixel is counted if its centre is inside, it has data and the mask is above 0.
    """
    folder = tmp_path_factory.mktemp("brute")
    rng = np.random.default_rng(len(boxes))
    pixels, mask = rng.integers(0, 3, (SIDE, SIDE)), rng.integers(-1, 3, (SIDE, SIDE)).astype("int16")
    image = make_raster(folder / "image.tif", pixels.astype("uint8"), nodata=0)
    boxes = [(r / 10 + 0.05, c / 10 + 0.05, h / 10, w / 10, name) for r, c, h, w, name in boxes]
    shapes = [(ring((r, c), (r, c + w), (r + h, c + w), (r + h, c)), {"cover": name}) for r, c, h, w, name in boxes]
    given_paths = {
        "image": image, "truth": make_layer(folder / "t.gpkg", shapes, SCHEMA), "field": "cover",
        "mask": make_raster(folder / "mask.tif", mask),
    }  # fmt: skip
    centres = np.arange(SIDE) + 0.5
    expected: Counter[str] = Counter()
    for r, c, h, w, name in boxes:
        inside = np.logical_and.outer((centres > r) & (centres < r + h), (centres > c) & (centres < c + w))
        expected[name] += int((inside & (pixels > 0) & (mask > 0)).sum())
    done = ClassStatistics(output=str(folder / "c.csv"), output_features=str(folder / "f.csv"), **given_paths)
    selection = SelectSamples(sampling=Sampling("all"), output=str(folder / "s.gpkg"), rates=str(folder / "r.csv"), **given_paths)
    if not sum(expected.values()):
        for run, one in ((class_statistics.run, done), (select.run, selection)):
            with pytest.raises(BadTruth):
                run(one, Reporter(lambda event: None))
        return
    class_statistics.run(done, Reporter(lambda event: None))
    select.run(selection, Reporter(lambda event: None))
    counts = by_class(done.output)
    assert counts == dict(expected)
    assert {row["class"]: int(row["total"]) for row in rows(selection.rates)} == {name: n for name, n in counts.items() if n}
    features: Counter[str] = Counter()
    for row in rows(done.output_features):
        features[row["class"]] += int(row["pixels"])
    assert features == Counter(counts)


def test_what_is_left_out_is_counted_by_class_and_each_feature_has_its_reason(
    job: Callable, make_reporter: type, box: Callable, point: Callable
) -> None:
    shapes = [
        (box(3, 3, 4, 4), {"cover": "a"}),  # rows 3 and 4 have no data
        (box(0, 10, 2, 2), {"cover": "a"}),
        (box(50, 10, 2, 2), {"cover": "gone"}),
        (box(20.6, 20.6, 0.2, 0.2), {"cover": "a"}),
        (None, {"cover": "a"}),
        (box(20, 20, 2, 2), {"cover": " "}),
        (box(20, 20, 2, 2), {"cover": None}),
    ]
    reporter = make_reporter()
    done = job(shapes)
    outputs = class_statistics.run(done, reporter)
    assert [(row["pixels"], row["pixels_left_out"], row["reason"]) for row in rows(done.output_features)] == [
        ("8", "8", ""),
        ("0", "4", "wholly in no-data or outside the mask"),
        ("0", "0", "outside the image"),
        ("0", "0", "too small to hold a pixel's centre"),
        ("0", "0", "without a usable geometry"),
        ("0", "0", "without a class"),
        ("0", "0", "without a class"),
    ]
    assert by_class(done.output) == {"a": 8, "gone": 0}
    assert by_class(done.output, "features_left_out") == {"a": 3, "gone": 1}
    assert by_class(done.output, "pixels_left_out") == {"a": 12, "gone": 0}
    assert (outputs["CLASSES"], outputs["FEATURES"], outputs["LEFT_OUT"]) == (1, 7, 6)
    page = Path(done.output_html).read_text()
    for words in ("2 features without a class", "Class gone has no pixel", "only one class with pixels"):
        assert words in reporter.texts
    assert "Features outside the image" in page and "Class gone has no pixel" in page and "data:image/png" in page


@pytest.mark.parametrize(
    ("kind", "values"), [("int", [2**40, -7, 70000]), ("str", ["öl & <gas>", "$x$", "a" * 60]), ("float", [1.0, 2.0, 9e15])]
)
def test_classes_of_any_kind(job: Callable, make_reporter: type, box: Callable, kind: str, values: list) -> None:
    shapes = [(box(10 + 6 * i, 5, 5, 5), {"cover": value}) for i, value in enumerate(values)]
    done = job(shapes, {"cover": kind})
    class_statistics.run(done, make_reporter())
    names = [str(int(value)) if isinstance(value, float) else str(value) for value in values]
    assert by_class(done.output) == dict.fromkeys(names, 25)
    page = Path(done.output_html).read_text()
    assert "<gas>" not in page


def test_the_table_is_a_table_of_counts_by_class(job: Callable, make_reporter: type, box: Callable, tmp_path: Path) -> None:
    """Chained to selectsamples: all pixels of each class."""
    done = job([(box(10, 10, 4, 6), {"cover": "a"}), (box(20, 10, 3, 3), {"cover": "b"})])
    class_statistics.run(done, make_reporter())
    sampling = Sampling("byclass", byclass=done.output)
    selection = SelectSamples(image=done.image, truth=done.truth, field="cover", sampling=sampling, output=str(tmp_path / "s.gpkg"))
    assert select.run(selection, make_reporter())["SAMPLES"] == 33


def test_a_mask_that_lies_elsewhere_is_refused(
    job: Callable, make_reporter: type, make_raster: Callable, box: Callable, tmp_path: Path
) -> None:
    mask = make_raster(tmp_path / "mask.tif", np.ones((SIDE, SIDE), "uint8"), origin=(500005.0, 5000000.0))
    with pytest.raises(GridMismatch, match=r"0\.5 pixels apart"):
        class_statistics.run(job([(box(10, 10, 4, 4), {"cover": "a"})], mask=mask), make_reporter())


def test_truth_in_degrees_is_reprojected(job: Callable, make_reporter: type, box: Callable) -> None:
    from fiona.transform import transform_geom

    here = [(box(10, 10, 4, 6), {"cover": "a"}), (box(20, 10, 30, 3), {"cover": "b"})]
    there = [(dict(transform_geom("EPSG:32631", "EPSG:4326", shape)), values) for shape, values in here]
    done = job(there, crs="EPSG:4326")
    class_statistics.run(done, make_reporter())
    assert by_class(done.output) == {"a": 24, "b": 60}


def test_nothing_to_count_is_an_error_that_keeps_the_reasons(job: Callable, make_reporter: type, box: Callable, tmp_path: Path) -> None:
    done = job([(box(90, 90, 4, 4), {"cover": "a"}), (box(0, 0, 4, 4), {"cover": "b"})])
    with pytest.raises(BadTruth, match=r"1 of 2 features outside the image; 1 of 2 features wholly in no-data"):
        class_statistics.run(done, make_reporter())
    assert not Path(done.output).exists() and [row["reason"] != "" for row in rows(done.output_features)] == [True, True]
    with pytest.raises(BadTruth, match="no feature at all"):
        class_statistics.run(job([]), make_reporter())
    with pytest.raises(BadTruth, match="has no field 'x'"):
        class_statistics.run(job([], field="x"), make_reporter())


def test_a_cancel_leaves_nothing(job: Callable, make_reporter: type, box: Callable, tmp_path: Path) -> None:
    done = job([(box(10, 10, 4, 4), {"cover": "a"})] * 50)
    before = sorted(tmp_path.iterdir())
    reporter = make_reporter()
    reporter.cancelled.set()
    with pytest.raises(Cancelled):
        class_statistics.run(done, reporter)
    assert sorted(tmp_path.iterdir()) == before


def test_a_single_pixel(job: Callable, make_reporter: type, make_raster: Callable, box: Callable, tmp_path: Path) -> None:
    image = make_raster(tmp_path / "one.tif", np.ones((1, 1), "float32"))
    done = job([(box(-5, -5, 20, 20), {"cover": "a"})], image=image)
    assert class_statistics.run(done, make_reporter())["PIXELS"] == 1


@pytest.mark.parametrize(
    ("epsg", "x", "y", "pixel", "expected"),
    [  # the area of an ellipsoidal quadrangle: π b²/180 · Δλ · [sin φ/(2(1 − e² sin²φ)) + artanh(e sin φ)/2e] between the parallels
        (4326, 10.0, 50.0, 0.001, 7_967.0), (3857, 1113194.9, 6446275.8, 10.0, 41.365), (32632, 500000.0, 5538630.7, 10.0, 100.08),
        (3031, 0.0, 0.0, 100.0, 10_574.0),
    ],
)  # fmt: skip
def test_areas_do_not_depend_on_the_projection(epsg: int, x: float, y: float, pixel: float, expected: float) -> None:
    grid = Grid(100, 100, Affine(pixel, 0, x - 50 * pixel, 0, -pixel, y + 50 * pixel), rasterio.crs.CRS.from_epsg(epsg))
    areas = PixelAreas(grid).of(np.array([49, 50]), np.array([49, 50]))
    assert areas == pytest.approx([expected] * 2, rel=3e-3)


def test_the_whole_earth_in_degrees_has_its_area() -> None:
    grid = Grid(180, 360, Affine(1, 0, -180, 0, -1, 90), rasterio.crs.CRS.from_epsg(4326))
    rows, cols = np.divmod(np.arange(180 * 360), 360)
    assert PixelAreas(grid).of(rows, cols).sum() == pytest.approx(510_065_621.7e6, rel=1e-3)


@pytest.mark.parametrize("crs", [None, 'LOCAL_CS["here",UNIT["metre",1]]'])
def test_without_a_place_on_earth_there_is_no_area(
    job: Callable, make_reporter: type, make_raster: Callable, box: Callable, tmp_path: Path, crs: str | None
) -> None:
    image = make_raster(tmp_path / "nowhere.tif", np.ones((SIDE, SIDE), "uint8"), crs=crs)
    done = job([(box(10, 10, 4, 4), {"cover": "a"})], crs=None, image=image)
    class_statistics.run(done, make_reporter())
    assert [row["area_m2"] for row in rows(done.output)] == [""]


def test_strips_do_not_change_the_counts(job: Callable, make_reporter: type, box: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    from core.sampling.vector_truth import VectorTruth

    done = job([(box(3, 3, 30, 30), {"cover": "a"}), (line((10, 2), (33, 37)), {"cover": "b"})])
    class_statistics.run(done, make_reporter())
    whole = Path(done.output).read_text(), Path(done.output_features).read_text()
    monkeypatch.setattr(VectorTruth.__init__, "__defaults__", (7,))
    class_statistics.run(done, make_reporter())
    assert by_class(done.output) == {row["class"]: int(row["pixels"]) for row in csv.DictReader(whole[0].splitlines())}
    assert Path(done.output_features).read_text() == whole[1]
