from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio

from core.errors import BadParameter, BadTruth, Cancelled, GridMismatch
from core.jobs import Sampling, SelectSamples
from core.raster.source import Source
from core.sampling import select, vector_truth
from core.sampling.areas import Areas
from core.vector import VectorReader

SCHEMA = {"cover": "str", "note": "int"}
PATCHWORK = [  # (row, col, height, width, class): 100 × 100 pixels; classes of very different sizes
    (0, 0, 30, 30, "water"), (0, 40, 20, 20, "forest"), (30, 0, 10, 20, "water"), (50, 50, 50, 50, "farm"), (30, 40, 5, 5, "forest"),
    (45, 0, 4, 4, "forest"), (60, 0, 30, 40, "farm"),
]  # fmt: skip


@pytest.fixture
def scene(tmp_path: Path, make_raster: Callable, make_layer: Callable, box: Callable) -> Callable[..., SelectSamples]:
    """A job on a 100 × 100 image and the patchwork."""
    make_raster(tmp_path / "image.tif", np.ones((100, 100), "uint8"))
    make_layer(tmp_path / "truth.gpkg", [(box(*p[:4]), {"cover": p[4], "note": i}) for i, p in enumerate(PATCHWORK)], SCHEMA)

    def job(sampling: Sampling, **changes: Any) -> SelectSamples:
        outputs = {name: str(tmp_path / f"{name}.gpkg") for name in ("output", "output_validation")}
        if not sampling.validation_share:
            outputs["output_validation"] = ""
        values = {"image": str(tmp_path / "image.tif"), "truth": str(tmp_path / "truth.gpkg"), "field": "cover", **outputs, **changes}
        return SelectSamples(sampling=sampling, rates=str(tmp_path / "rates.csv"), **values)

    return job


def _per_class(found: list) -> dict[str, int]:
    return dict(Counter(values["cover"] for _, values in found))


def _inside(position: tuple[float, float], part: tuple) -> bool:
    return part[0] < position[0] < part[0] + part[2] and part[1] < position[1] < part[1] + part[3]


def test_points_lie_at_pixel_centres_of_their_polygon_with_its_fields(scene: Callable, make_reporter: type, read_layer: Callable) -> None:
    job = scene(Sampling("constant", number=300))
    outputs = select.run(job, make_reporter())
    found = read_layer(job.output)
    assert _per_class(found) == {"water": 300, "forest": 300, "farm": 300}
    assert len({position for position, _ in found}) == 900
    for position, values in found:
        assert position[0] % 1 == pytest.approx(0.5) and position[1] % 1 == pytest.approx(0.5)
        part = PATCHWORK[values["note"]]
        assert _inside(position, part) and values["cover"] == part[4] and values["originfid"] == values["note"] + 1
    assert outputs == {"OUTPUT": job.output, "RATES": job.rates, "SAMPLES": 900, "VALIDATION_SAMPLES": 0, "CLASSES": 3, "KEPT_APART": 0}
    with rasterio.open(job.image) as image, VectorReader(job.output) as points:
        assert points.crs == image.crs


def test_the_table_of_rates(scene: Callable, make_reporter: type) -> None:
    job = scene(Sampling("constant", number=500))
    reporter = make_reporter()
    select.run(job, reporter)
    with open(job.rates, newline="") as file:
        rows = list(csv.reader(file))
    assert rows == [
        ["class", "required", "total", "rate", "training", "validation", "kept_apart"],
        ["farm", "500", "3700", str(500 / 3700), "500", "0", "0"], ["forest", "500", "441", "1.0", "441", "0", "0"],
        ["water", "500", "1100", str(500 / 1100), "500", "0", "0"],
    ]  # fmt: skip
    assert "Class forest: 500 samples required, but there are only 441 pixels." in reporter.texts


@pytest.mark.parametrize("sampler", ["random", "periodic"])
def test_strategies_count_over_the_whole_truth(scene: Callable, make_reporter: type, read_layer: Callable, sampler: str) -> None:
    expected = {
        "smallest": {"farm": 441, "forest": 441, "water": 441}, "percent": {"farm": 370, "forest": 44, "water": 110},
        "total": {"farm": 706, "forest": 84, "water": 210}, "all": {"farm": 3700, "forest": 441, "water": 1100},
    }  # fmt: skip
    for strategy, counts in expected.items():
        job = scene(Sampling(strategy, sampler=sampler))
        select.run(job, make_reporter())
        assert _per_class(read_layer(job.output)) == counts, strategy


def test_byclass_with_text_classes(scene: Callable, make_reporter: type, read_layer: Callable, tmp_path: Path) -> None:
    (tmp_path / "counts.csv").write_text("class;count\nwater;7\nfarm;9\n")
    job = scene(Sampling("byclass", byclass=str(tmp_path / "counts.csv")))
    select.run(job, make_reporter())
    assert _per_class(read_layer(job.output)) == {"water": 7, "farm": 9}


def test_the_seed_decides_and_strips_do_not(
    scene: Callable, make_reporter: type, read_layer: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    def positions(seed: int, strip: int) -> list:
        monkeypatch.setattr(vector_truth.VectorTruth.__init__, "__defaults__", (strip,))
        job = scene(Sampling("constant", number=50, validation_share=0.4, spatial_block=130.0, seed=seed))
        select.run(job, make_reporter())
        return [position for name in (job.output, job.output_validation) for position, _ in read_layer(name)]

    assert positions(3, 1 << 20) == positions(3, 70) == positions(3, 1)
    assert positions(3, 1 << 20) != positions(4, 1 << 20)


def test_whole_polygons_validate(scene: Callable, make_reporter: type, read_layer: Callable) -> None:
    job = scene(Sampling("constant", number=60, validation_share=0.3))
    outputs = select.run(job, make_reporter())
    training, validation = read_layer(job.output), read_layer(job.output_validation)
    assert not {v["originfid"] for _, v in training} & {v["originfid"] for _, v in validation}
    assert set(_per_class(validation)) == {"water", "forest", "farm"}  # every class has two polygons at least
    assert (outputs["SAMPLES"], outputs["VALIDATION_SAMPLES"]) == (len(training), len(validation))
    assert _per_class(training) == {"water": 42, "forest": 42, "farm": 42} and _per_class(validation)["water"] == 18


@pytest.mark.parametrize("side", [60.0, 155.0, 400.0])
def test_whole_areas_validate_and_share_out_polygons(scene: Callable, make_reporter: type, read_layer: Callable, side: float) -> None:
    job = scene(Sampling("percent", percent=50.0, validation_share=0.25, spatial_block=side))
    select.run(job, make_reporter())
    with Source([job.image]) as image:
        areas = Areas(image.grid, side)
        sides = []
        for name in (job.output, job.output_validation):
            places = np.floor([position for position, _ in read_layer(name)]).astype(int)
            sides.append(set(areas.of(places[:, 0], places[:, 1]).tolist()))
    assert sides[0] and sides[1] and not sides[0] & sides[1]
    validation = _per_class(read_layer(job.output_validation))
    if side == 60.0:
        assert validation == {"farm": 462, "forest": 55, "water": 138}  # round(0.25 · round-half-up(T / 2)), all met


def test_without_a_split_the_validation_layer_is_empty(scene: Callable, make_reporter: type, read_layer: Callable, tmp_path: Path) -> None:
    job = scene(Sampling(), output_validation=str(tmp_path / "v.gpkg"))
    select.run(job, make_reporter())
    assert read_layer(job.output_validation) == []


def test_a_class_of_one_polygon_cannot_validate_and_the_log_says_so(
    scene: Callable, make_reporter: type, make_layer: Callable, box: Callable, tmp_path: Path
) -> None:
    shapes = [
        (box(0, 0, 5, 5), {"cover": "a", "note": 0}),
        (box(9, 9, 5, 5), {"cover": "b", "note": 0}),
        (box(20, 20, 5, 5), {"cover": "b", "note": 0}),
    ]
    reporter = make_reporter()
    truth = make_layer(tmp_path / "few.gpkg", shapes, SCHEMA)
    select.run(scene(Sampling("constant", number=10, validation_share=0.3), truth=truth), reporter)
    assert "Class a has no validation samples" in reporter.texts and "Class b has no" not in reporter.texts


def test_mask_and_no_data_are_no_candidates(
    scene: Callable, make_reporter: type, make_raster: Callable, read_layer: Callable, tmp_path: Path
) -> None:
    pixels = np.ones((100, 100, 2), "uint8")
    pixels[:10] = 0  # no-data in all bands
    pixels[10:20, :, 0] = 0  # in one band only: still data
    mask = np.ones((100, 100), "int16")
    mask[:, :10], mask[:, 10:12] = 0, -1
    image = make_raster(tmp_path / "two.tif", pixels, nodata=0)
    reporter = make_reporter()
    job = scene(Sampling("all"), image=image, mask=make_raster(tmp_path / "mask.tif", mask))
    select.run(job, reporter)
    expected: Counter[str] = Counter()  # counted on the grid
    for row, col, height, width, name in PATCHWORK:
        window = (slice(row, row + height), slice(col, col + width))
        expected[name] += int(((mask[window] > 0) & (pixels[window].any(axis=2))).sum())
    assert _per_class(read_layer(job.output)) == expected
    lost = sum(h * w for _, _, h, w, _ in PATCHWORK) - sum(expected.values())
    assert f"{lost} pixels of the truth lie in no-data or outside the mask" in reporter.texts


def test_truth_in_another_crs_is_reprojected(
    scene: Callable, make_reporter: type, make_layer: Callable, read_layer: Callable, tmp_path: Path
) -> None:
    job = scene(Sampling("all"))
    with VectorReader(job.truth) as truth:
        moved = [(f.geometry, f.attributes) for f in truth.features(rasterio.crs.CRS.from_epsg(4326))]
    select.run(job, make_reporter())
    here = {position for position, _ in read_layer(job.output)}
    select.run(scene(Sampling("all"), truth=make_layer(tmp_path / "degrees.geojson", moved, SCHEMA, crs="EPSG:4326")), make_reporter())
    there = {position for position, _ in read_layer(job.output)}
    assert len(here ^ there) < 0.02 * len(here)  # GeoJSON rounds the corners to 1e-7 degrees


def test_points_and_lines(
    scene: Callable, make_reporter: type, make_layer: Callable, point: Callable, read_layer: Callable, tmp_path: Path
) -> None:
    line = {"type": "LineString", "coordinates": [point(3.5, 1.5)["coordinates"], point(3.5, 6.5)["coordinates"]]}
    shapes = [(point(7.9, 2.1), {"cover": "a", "note": 1}), (line, {"cover": "b", "note": 2}), (point(-1, 5), {"cover": "a", "note": 3})]
    reporter = make_reporter()
    job = scene(Sampling("all"), truth=make_layer(tmp_path / "mixed.gpkg", shapes, SCHEMA))
    select.run(job, reporter)
    assert sorted((p, v["cover"]) for p, v in read_layer(job.output)) == [
        *(((3.5, col + 0.5), "b") for col in range(1, 7)), ((7.5, 2.5), "a"),
    ]  # fmt: skip
    assert "1 features outside the image were left out" in reporter.texts


def test_numbers_as_classes(scene: Callable, make_reporter: type, make_layer: Callable, box: Callable, tmp_path: Path) -> None:
    shapes = [(box(0, 0, 5, 5), {"id": 10.0}), (box(10, 0, 5, 5), {"id": 9.0}), (box(20, 0, 5, 5), {"id": None})]
    reporter = make_reporter()
    job = scene(Sampling(), truth=make_layer(tmp_path / "t.gpkg", shapes, {"id": "float"}), field="id")
    assert select.run(job, reporter)["CLASSES"] == 2
    assert [line.split(",")[0] for line in Path(job.rates).read_text().splitlines()] == ["class", "9", "10"]
    assert "1 features without a class were left out" in reporter.texts


def test_errors_say_what_is_wrong(
    scene: Callable, make_reporter: type, make_layer: Callable, make_raster: Callable, box: Callable, tmp_path: Path
) -> None:
    far = make_layer(
        tmp_path / "far.gpkg", [(box(500, 500, 9, 9), {"x": 0.5}), (box(0, 0, 0.2, 0.2), {"x": 1.0}), (None, {"x": 1.0})], {"x": "float"}
    )
    shifted = make_raster(tmp_path / "shifted.tif", np.ones((100, 100), "uint8"), origin=(500005.0, 5000000.0))
    empty = make_layer(tmp_path / "empty.gpkg", [], {"cover": "str"})
    cases = [
        ({"field": "nothing"}, BadTruth, "expected one of cover, note"),
        ({"truth": far, "field": "x"}, BadTruth, "expected whole numbers or text, received 0.5"),
        ({"truth": empty}, BadTruth, "no feature at all"),
        ({"mask": shifted}, GridMismatch, "0.5 pixels apart"),
        ({"output": ""}, BadParameter, "Sample points"),
    ]
    for changes, kind, words in cases:
        with pytest.raises(kind, match=words):
            select.run(scene(Sampling(), **changes), make_reporter())
    with pytest.raises(BadParameter, match="Validation points"):
        select.run(scene(Sampling(validation_share=0.2), output_validation=""), make_reporter())
    assert not list(tmp_path.glob("output*")) and not list(tmp_path.glob(".*partial*"))


def test_truth_without_a_single_pixel_names_all_reasons(
    scene: Callable, make_reporter: type, make_layer: Callable, box: Callable, tmp_path: Path
) -> None:
    shapes = [
        (box(500, 500, 9, 9), {"cover": "a"}),
        (box(0, 0, 0.2, 0.2), {"cover": "a"}),
        (None, {"cover": "a"}),
        (box(0, 0, 9, 9), {"cover": " "}),
    ]
    truth = make_layer(tmp_path / "bad.gpkg", shapes, {"cover": "str"})
    with pytest.raises(BadTruth) as error:
        select.run(scene(Sampling(), truth=truth), make_reporter())
    for reason in (
        "1 of 4 features outside",
        "1 of 4 features too small",
        "1 of 4 features without a usable geometry",
        "1 of 4 features without a class",
    ):
        assert reason in str(error.value)


def test_a_missing_crs_is_warned_of(scene: Callable, make_reporter: type, make_layer: Callable, box: Callable, tmp_path: Path) -> None:
    reporter = make_reporter()
    truth = make_layer(tmp_path / "t.gpkg", [(box(0, 0, 9, 9), {"cover": "a"})], {"cover": "str"}, crs=None)
    assert select.run(scene(Sampling("all"), truth=truth), reporter)["SAMPLES"] == 81
    assert "no CRS" in reporter.texts


def test_cancel_leaves_nothing(scene: Callable, make_reporter: type, tmp_path: Path) -> None:
    before = sorted(tmp_path.iterdir())
    with pytest.raises(Cancelled):
        select.run(scene(Sampling("all")), make_reporter(cancel_after=3))
    assert sorted(tmp_path.iterdir()) == before
