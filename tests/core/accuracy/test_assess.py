"""The job: against scikit-learn and Olofsson's example through real files, and with every kind of reference."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from affine import Affine
from fiona.transform import transform_geom
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from scipy.stats import chi2
from sklearn.metrics import accuracy_score, cohen_kappa_score, confusion_matrix, f1_score, jaccard_score

from core.accuracy import assess
from core.errors import BadParameter, BadTruth, Cancelled, CannotWrite, GridMismatch
from core.jobs import AssessAccuracy
from core.reporting import Reporter
from core.worker import run_job

from .conftest import box, layer, point

NAMES = {1: "water", 2: "forest", 3: "town"}


def rows(path: str, judged: str = "map") -> dict[str, dict[str, str]]:
    with open(path, newline="", encoding="utf-8") as file:
        return {row["class"]: row for row in csv.DictReader(file) if row["map"] == judged}


def test_olofssons_example_through_files(tmp_path: Path, class_map: Callable, run: Callable) -> None:
    """A map of 10 000 pixels of 30 m in the paper's proportions, and its 640 samples as points."""
    names = {1: "deforestation", 2: "forest gain", 3: "stable forest", 4: "stable non-forest"}
    codes = np.repeat([1, 2, 3, 4], [200, 150, 3200, 6450]).astype(np.uint8).reshape(100, 100)
    counts = [[66, 0, 5, 4], [0, 55, 8, 12], [1, 0, 153, 11], [2, 1, 9, 313]]
    samples = []
    for code, line in enumerate(counts, start=1):
        pixels = np.argwhere(codes == code)
        truth = np.repeat(list(names.values()), line)
        samples += [(point(r + 0.5, c + 0.5, 30), str(name)) for (r, c), name in zip(pixels, truth, strict=False)]
    found = run(map=class_map(codes, names, spacing=30.0), truth=layer(tmp_path / "t.gpkg", samples, geometry="Point"))
    assert found["SAMPLES"] == 640
    assert found["OVERALL_ACCURACY"] == pytest.approx(587 / 640)
    assert (round(found["AREA_ADJUSTED_ACCURACY"], 2), round(found["AREA_ADJUSTED_HALF_WIDTH"], 2)) == (0.95, 0.02)
    first = rows(found["OUTPUT"])["deforestation"]
    figures = [
        float(first[f"adjusted_{kind}"]) for kind in ("users_accuracy", "users_half_width", "producers_accuracy", "producers_half_width")
    ]
    assert [round(figure, 2) for figure in figures] == [0.88, 0.07, 0.75, 0.21]
    assert float(first["adjusted_area_ha"]) == pytest.approx(21.158, rel=2e-3)  # 900 ha in all; UTM stretches
    assert float(first["adjusted_area_ha_half_width"]) == pytest.approx(6.158, rel=2e-3)
    page = Path(found["OUTPUT_HTML"]).read_text()
    assert "0.947 ± 0.018" in page and "0.749 ± 0.213" in page and "drawn at random" in page


@given(st.integers(0, 10**6), st.integers(2, 5))
@settings(max_examples=15, phases=(Phase.explicit, Phase.generate), deadline=None)
def test_the_figures_are_scikit_learns_on_the_pixels(
    tmp_path_factory: pytest.TempPathFactory, make_raster: Callable, seed: int, classes: int
) -> None:
    folder, rng = tmp_path_factory.mktemp("raster"), np.random.default_rng(seed)
    truth = rng.integers(1, classes + 1, (17, 23)).astype(np.int16)
    told = np.where(rng.random(truth.shape) < 0.6, truth, rng.integers(1, classes + 1, truth.shape)).astype(np.uint8)
    job = AssessAccuracy(
        map=make_raster(folder / "m.tif", told), reference=make_raster(folder / "r.tif", truth), output=str(folder / "f.csv")
    )
    found = assess.run(job, Reporter(lambda event: None))
    reference, predicted = truth.ravel(), told.ravel()
    present = sorted(set(reference))
    assert found["OVERALL_ACCURACY"] == pytest.approx(accuracy_score(reference, predicted))
    assert found["KAPPA"] == pytest.approx(cohen_kappa_score(reference, predicted))
    assert found["F1"] == pytest.approx(f1_score(reference, predicted, labels=present, average="macro"))
    assert found["IOU"] == pytest.approx(jaccard_score(reference, predicted, labels=present, average="macro"))
    assert found["AREA_ADJUSTED_ACCURACY"] == pytest.approx(found["OVERALL_ACCURACY"], rel=1e-4)  # every pixel is a sample
    matrix = [[int(row[f"as class {code}"]) for code in present] for name, row in rows(job.output, "m").items() if name != "all classes"]
    np.testing.assert_array_equal(matrix, confusion_matrix(reference, predicted, labels=present))


def test_polygons_count_the_pixels_whose_centres_they_hold(tmp_path: Path, class_map: Callable, run: Callable) -> None:
    codes = np.ones((20, 20), np.uint8)
    codes[:, 10:] = 2
    shapes = [
        (box(2, 8, 4, 4), "water"),
        (box(10.4, 12.4, 2.2, 2.2), "forest"),
        (None, "forest"),
        (box(90, 90, 2, 2), "town"),
        (box(0, 0, 1, 1), None),
    ]
    found = run(map=class_map(codes, NAMES), truth=layer(tmp_path / "t.gpkg", shapes))
    table = rows(found["OUTPUT"])
    assert found["SAMPLES"] == 16 + 9
    assert (table["water"]["as water"], table["water"]["as forest"], table["forest"]["as forest"]) == ("8", "8", "9")
    assert "town" not in table  # neither on the map nor among the samples that lie on it
    said = found["reporter"].texts
    assert (
        "1 features outside the image" in said and "1 features without a class" in said and "1 features without a usable geometry" in said
    )
    assert "no independent samples" in Path(found["OUTPUT_HTML"]).read_text()


@pytest.mark.parametrize(
    ("kind", "values"), [("int", (1, 2, 3)), ("str", ("1", "2", "3")), ("str", (" Water", "FOREST ", "town")), ("float", (1.0, 2.0, 3.0))]
)
def test_classes_meet_by_name_or_by_code(tmp_path: Path, class_map: Callable, run: Callable, kind: str, values: tuple) -> None:
    codes = np.array([[1, 2, 3], [1, 2, 3]], np.uint8)
    samples = [(point(row + 0.5, col + 0.5), values[col]) for row in (0, 1) for col in (0, 1, 2)]
    found = run(map=class_map(codes, NAMES), truth=layer(tmp_path / "t.gpkg", samples, kind))
    assert found["OVERALL_ACCURACY"] == 1 and set(rows(found["OUTPUT"])) == {"water", "forest", "town", "all classes"}


def test_a_reference_in_degrees_lies_where_it_should(tmp_path: Path, class_map: Callable, run: Callable) -> None:
    codes = (np.arange(400).reshape(20, 20) % 2 + 1).astype(np.uint8)
    samples = [(transform_geom("EPSG:32631", "EPSG:4326", point(row + 0.5, 7.5)), NAMES[int(codes[row, 7])]) for row in range(20)]
    found = run(map=class_map(codes, NAMES), truth=layer(tmp_path / "t.gpkg", samples, crs="EPSG:4326"))
    assert (found["OVERALL_ACCURACY"], found["SAMPLES"]) == (1, 20)


def test_no_data_nan_and_ignored_classes_are_left_out_and_counted(class_map: Callable, run: Callable) -> None:
    codes = np.array([[1, 1, 2, 2], [1, np.nan, np.inf, -9]], np.float32)
    reference = np.array([[1, 2, 0, 2], [1, 1, 2, 2]], np.uint8)
    judged = class_map(codes, nodata=-9)
    found = run(map=judged, reference=class_map(reference, file="r.tif"), nodata=1, ignore="0, unknown")
    assert (found["SAMPLES"], found["OVERALL_ACCURACY"]) == (2, 0.5)
    said = found["reporter"].texts
    assert "2 reference pixels lie where the map has no data" in said and "1 reference pixels of classes to ignore (0)" in said
    assert rows(found["OUTPUT"])["all classes"]["map_pixels"] == "5"
    with pytest.raises(BadTruth, match=r"Not one sample.*4 reference pixels of classes to ignore"):
        run(map=judged, reference=class_map(np.array([[1, 1, 1, 0], [2, 0, 0, 0]], np.uint8), file="r.tif"), nodata=0, ignore="1,2,class 3")


def test_a_reference_raster_with_names_meets_the_map_by_name(class_map: Callable, run: Callable) -> None:
    judged = class_map(np.array([[1, 2, 3, 3]], np.uint8), NAMES)
    swapped = class_map(np.array([[20, 10, 30, 30]], np.uint8), {10: "forest", 20: "water", 30: "swamp"}, file="r.tif")
    found = run(map=judged, reference=swapped)
    assert found["OVERALL_ACCURACY"] == 0.5
    assert (
        "does not know these classes of the reference, so that their samples count as errors: swamp (2 samples)" in found["reporter"].texts
    )
    others = class_map(np.array([[1, 2, 3, 3]], np.uint8), {1: "eau", 2: "forêt", 3: "ville"}, file="r2.tif")
    assert run(map=judged, reference=others)["OVERALL_ACCURACY"] == 1  # not one name in common: codes


def test_classes_that_one_side_lacks(tmp_path: Path, class_map: Callable, run: Callable) -> None:
    codes = np.array([[1] * 6, [2] * 6, [3] * 6], np.uint8)
    samples = [
        (point(row + 0.5, col + 0.5), name)
        for row, names in enumerate((["water"] * 5 + ["glacier"], ["forest"] * 6))
        for col, name in enumerate(names)
    ]
    found = run(map=class_map(codes, NAMES), truth=layer(tmp_path / "t.gpkg", samples))
    table, said = rows(found["OUTPUT"]), found["reporter"].texts
    assert "No sample lies on these classes of the map: town." in said and "other 66.7% of the map" in said
    assert "glacier (1 samples)" in said
    assert (table["glacier"]["code"], table["glacier"]["map_pixels"], table["glacier"]["as water"]) == ("", "0", "1")
    assert (table["town"]["adjusted_users_accuracy"], table["town"]["adjusted_producers_accuracy"]) == ("", "")
    assert found["OVERALL_ACCURACY"] == pytest.approx(11 / 12)
    assert float(table["glacier"]["adjusted_area_share"]) == pytest.approx(1 / 12)


def test_one_class_one_pixel_and_one_sample(tmp_path: Path, class_map: Callable, run: Callable) -> None:
    found = run(map=class_map(np.array([[7]], np.uint8)), truth=layer(tmp_path / "t.gpkg", [(point(0.5, 0.5), 7)], "int"))
    assert (found["OVERALL_ACCURACY"], found["KAPPA"], found["SAMPLES"], found["AREA_ADJUSTED_ACCURACY"]) == (1, 0, 1, 1)
    assert "AREA_ADJUSTED_HALF_WIDTH" not in found and "MCNEMAR_P" not in found
    assert "only one class" in found["reporter"].texts and "A single sample" in found["reporter"].texts
    json.dumps({name: value for name, value in found.items() if name != "reporter"}, allow_nan=False)


def test_huge_and_negative_codes_keep_their_names(tmp_path: Path, class_map: Callable, run: Callable) -> None:
    names = {-7: "moor", 70_000: "heath", 2_000_000_000: 'fen & "bog"'}
    codes = np.array([list(names)], np.int32)
    samples = [(point(0.5, col + 0.5), name) for col, name in enumerate(names.values())]
    found = run(map=class_map(codes, names), truth=layer(tmp_path / "t.gpkg", samples))
    assert found["OVERALL_ACCURACY"] == 1 and set(names.values()) < set(rows(found["OUTPUT"]))


def test_codes_of_one_name_are_one_class(tmp_path: Path, class_map: Callable, run: Callable) -> None:
    codes = np.array([[1, 4, 2, 2]], np.uint8)
    samples = [(point(0.5, col + 0.5), name) for col, name in enumerate(("water", "water", "forest", "forest"))]
    found = run(map=class_map(codes, {**NAMES, 4: "Water"}), truth=layer(tmp_path / "t.gpkg", samples))
    assert found["OVERALL_ACCURACY"] == 1 and rows(found["OUTPUT"])["water"]["map_pixels"] == "2"


def test_a_band_of_several(tmp_path: Path, class_map: Callable, run: Callable) -> None:
    codes = np.stack([np.full((2, 3), 9), [[1, 2, 0], [1, 2, 0]]], axis=2).astype(np.uint8)  # 0 is no-data in the second band
    samples = [(point(0.5, col + 0.5), col + 1) for col in range(3)]
    found = run(map=class_map(codes, nodata=0), band=2, truth=layer(tmp_path / "t.gpkg", samples, "int"))
    assert (found["SAMPLES"], found["OVERALL_ACCURACY"]) == (2, 1)
    with pytest.raises(BadParameter, match="a number from 1 to 2, received 3"):
        run(map=class_map(codes), band=3, truth=str(tmp_path / "t.gpkg"))


def test_without_a_crs_shares_are_of_pixels(class_map: Callable, run: Callable) -> None:
    codes = np.array([[1, 1, 1, 2, 2]] * 2, np.uint8)
    found = run(map=class_map(codes, crs=None), reference=class_map(codes, file="r.tif", crs=None))
    table = rows(found["OUTPUT"])
    assert float(table["class 1"]["adjusted_area_share"]) == pytest.approx(0.6) and table["class 1"]["map_area_ha"] == ""
    assert "areas are shares of its pixels" in found["reporter"].texts


def test_classes_weigh_by_their_area_on_the_ground(class_map: Callable, run: Callable) -> None:
    """In degrees, a row at 60° has half the area of one at the equator, though as many pixels."""
    codes = np.zeros((65, 4), np.uint8)
    codes[:1], codes[-1:] = 1, 2
    found = run(
        map=class_map(codes, nodata=0, crs="EPSG:4326", transform=Affine(1, 0, 0, 0, -1, 60.5)),
        reference=class_map(codes, file="r.tif", nodata=0, crs="EPSG:4326", transform=Affine(1, 0, 0, 0, -1, 60.5)),
    )
    table = rows(found["OUTPUT"])
    assert float(table["class 1"]["adjusted_area_share"]) == pytest.approx(1 / 3, abs=0.003)


@pytest.mark.parametrize("kind", ["raster", "names", "codes"])
def test_three_maps_on_the_same_samples(tmp_path: Path, class_map: Callable, run: Callable, kind: str) -> None:
    """One of them with other codes of the same names without data in a row, one without names. The reference speaks the first's codes."""
    rng = np.random.default_rng(3)
    truth = rng.integers(1, 4, (12, 12)).astype(np.uint8)
    told = [np.where(rng.random(truth.shape) < share, truth, truth % 3 + 1).astype(np.uint8) for share in (0.9, 0.6, 0.85)]
    told[1][0] = 0
    recoded = np.where(told[1] > 0, 10 - told[1], 0).astype(np.uint8)
    others = (class_map(recoded, {9: "water", 8: "forest", 7: "town"}, "second.tif", nodata=0), class_map(told[2], file="third.tif"))
    labels = {code: name if kind == "names" else code for code, name in NAMES.items()}
    places = [(point(r + 0.5, c + 0.5), labels[int(truth[r, c])]) for r in range(12) for c in range(12)]
    truths = layer(tmp_path / "t.gpkg", places, "str" if kind == "names" else "int")
    given_as = {"reference": class_map(truth, NAMES, "r.tif")} if kind == "raster" else {"truth": truths}
    found = run(map=class_map(told[0], NAMES, "first.tif"), compared=others, **given_as)
    right = [(codes == truth)[1:].ravel() for codes in told]
    first, second = int((right[0] & ~right[1]).sum()), int((right[1] & ~right[0]).sum())
    assert first + second >= 25
    assert found["MCNEMAR_P"] == pytest.approx(2 * chi2.sf((abs(first - second) - 1) ** 2 / (first + second), 1))  # Holm: the smallest, × 2
    assert found["SAMPLES"] == 132 and found["OVERALL_ACCURACY"] == pytest.approx(right[0].mean())
    assert "12 reference pixels lie where a map to compare with has no data" in found["reporter"].texts
    assert f"first is better than second, and not by chance alone: alone it is right on {first} samples" in found["reporter"].texts
    page = Path(found["OUTPUT_HTML"]).read_text()
    assert all(f"<td>{name}</td><td" in page for name in ("first", "second", "third"))
    for name, hits, codes in zip(("first", "second", "third"), right, told, strict=True):
        table = rows(found["OUTPUT"], name)
        assert float(table["all classes"]["users_accuracy"]) == pytest.approx(hits.mean()) and f"{hits.mean():.3f}" in page
        f1 = f1_score(truth[1:].ravel(), codes[1:].ravel(), labels=[1, 2, 3], average=None)
        assert [float(table[c]["f1"]) for c in NAMES.values()] == pytest.approx(f1.tolist())
        assert int(table["town"]["as water"]) == ((truth == 3) & (codes == 1))[1:].sum()
    assert all(f"{value:.3f}" in page for value in f1)


def test_a_compared_map_with_other_classes_is_wrong_there(class_map: Callable, run: Callable) -> None:
    truth = np.array([[1, 1, 2, 2]], np.uint8)
    found = run(
        map=class_map(truth),
        compared=(class_map(np.array([[1, 99, 2, 50]], np.uint8), file="o.tif"),),
        reference=class_map(truth, file="r.tif"),
    )
    assert found["MCNEMAR_P"] == 0.5 and "may well be chance" in found["reporter"].texts
    assert rows(found["OUTPUT"], "o")["class 1"]["as class 99"] == "1"
    assert rows(found["OUTPUT"], "map")["class 1"]["as class 99"] == "0"


def test_a_map_is_as_good_as_itself_and_has_a_name_of_its_own(class_map: Callable, run: Callable) -> None:
    judged = class_map(np.array([[1, 2]], np.uint8), NAMES)
    found = run(map=judged, compared=(judged, judged), reference=judged)
    assert found["MCNEMAR_P"] == 1 and "map and map (3) are right equally often" in found["reporter"].texts
    assert len(rows(found["OUTPUT"], "map (2)")) == 3
    named = run(map=judged, compared=(judged,), reference=judged, names=" $CNN$ , <forest>")
    assert len(rows(named["OUTPUT"], "$CNN$")) == 3 and "<td>&lt;forest&gt;</td>" in Path(named["OUTPUT_HTML"]).read_text()
    with pytest.raises(BadParameter, match="2 with commas between, one for each map, received a, b, c"):
        run(map=judged, compared=(judged,), reference=judged, names="a, b, c")
    with pytest.raises(BadParameter, match="at most 8, received 9"):
        AssessAccuracy(map=judged, compared=(judged,) * 9)


def test_a_map_without_errors_is_not_sold_as_certain(tmp_path: Path, class_map: Callable, run: Callable) -> None:
    right, wrong = class_map(np.array([[1, 1, 2, 2]], np.uint8), NAMES), class_map(np.array([[1, 2, 2, 1]], np.uint8), NAMES, "other.tif")
    truth = layer(tmp_path / "t.gpkg", [(box(0, 0, 1, 2), "water"), (box(0, 2, 1, 2), "forest")])
    found = run(map=right, compared=(wrong,), truth=truth)
    said = "Every sample is right in map: ± 0 there says that no error was found, not that there is none"
    assert found["AREA_ADJUSTED_HALF_WIDTH"] == 0
    assert said in found["reporter"].texts and said in Path(found["OUTPUT_HTML"]).read_text()
    assert "Every sample is right" not in run(map=wrong, truth=truth)["reporter"].texts
    assert "Every sample is right" not in run(map=right, reference=right)["reporter"].texts  # all of the map: nothing is estimated


REFUSED: dict[str, tuple[dict[str, Any], type[Exception], str]] = {
    "no reference": ({}, BadParameter, "either a vector layer .* received none"),
    "two references": ({"truth": "t.gpkg", "reference": "map.tif"}, BadParameter, "received both"),
    "reference on another grid": ({"reference": "small.tif"}, GridMismatch, "2 × 2 pixels instead of 4 × 4"),
    "another map on another grid": ({"truth": "t.gpkg", "compared": "small.tif"}, GridMismatch, "2 × 2 pixels instead of 4 × 4"),
    "another map without data": (
        {"truth": "t.gpkg", "compared": "empty.tif"}, BadTruth, "where all maps have data, received 1 reference pixels .* compare with"
    ),
    "no overlap": ({"truth": "far.gpkg"}, BadTruth, "1 features outside the image were left out.*CRS"),
    "no class in common": ({"truth": "foreign.gpkg"}, BadTruth, r"no class in common: expected some of water \(1\), .*received Wasser"),
    "no such field": ({"truth": "t.gpkg", "field": "klass"}, BadTruth, "no field 'klass'"),
    "measurements": ({"map": "heights.tif", "truth": "t.gpkg"}, BadTruth, r"heights\.tif is no class map: .*received 0\.5"),
    "map without data": ({"map": "empty.tif", "truth": "t.gpkg"}, BadTruth, "1 reference pixels lie where the map has no data"),
    "a map of objects": ({"map": "objects.tif", "reference": "objects.tif"}, BadTruth, "at most 1000 different values"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_compared_is_refused(tmp_path: Path, class_map: Callable, run: Callable, case: str) -> None:
    class_map(np.array([[1, 2, 3, 3]] * 4, np.uint8), NAMES)
    class_map(np.array([[1, 2]] * 2, np.uint8), file="small.tif")
    class_map(np.full((4, 4), 0.5, np.float32), file="heights.tif")
    class_map(np.zeros((4, 4), np.uint8), file="empty.tif", nodata=0)
    class_map(np.arange(40 * 40).reshape(40, 40).astype(np.uint16), file="objects.tif")
    for name, place, value in (("t", (0.5, 0.5), "water"), ("far", (900, 900), "water"), ("foreign", (0.5, 0.5), "Wasser")):
        layer(tmp_path / f"{name}.gpkg", [(point(*place), value)])
    fields, kind, message = REFUSED[case]
    paths = {"map": "map.tif", **fields}
    with pytest.raises(kind, match=message):
        given_as = {name: value if name == "field" else str(tmp_path / value) for name, value in paths.items()}
        run(**{name: (value,) if name == "compared" else value for name, value in given_as.items()})
    assert not (tmp_path / "figures.csv").exists() and not (tmp_path / "report.html").exists()


def test_an_output_over_an_input_is_refused(tmp_path: Path, class_map: Callable, make_reporter: type) -> None:
    judged = class_map(np.ones((2, 2), np.uint8))
    with pytest.raises(CannotWrite, match="also an input"):
        run_job(AssessAccuracy(map=judged, reference=judged, output=judged), make_reporter())


@pytest.mark.parametrize("after", [1, 3])
def test_a_cancel_is_heard_and_leaves_nothing(tmp_path: Path, class_map: Callable, make_reporter: type, after: int) -> None:
    judged = class_map(np.ones((2000, 1500), np.uint8))
    job = AssessAccuracy(map=judged, reference=class_map(np.ones((2000, 1500), np.uint8), file="r.tif"), output=str(tmp_path / "f.csv"))
    with pytest.raises(Cancelled):
        assess.run(job, make_reporter(cancel_after=after))
    assert not (tmp_path / "f.csv").exists()
