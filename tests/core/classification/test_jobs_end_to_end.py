"""From samples to a map, by the jobs."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio

from core.classification import classify, train
from core.errors import BadModel, BadParameter, BadTruth, Cancelled
from core.jobs import CLASSIFIERS, ClassifyImage, Learning, ServedSource, TrainClassifier
from core.raster.style import read_category_names

FAST = {"trees": 12, "iterations": 300}


def training(scene: Any, **changes: Any) -> TrainClassifier:
    usual: dict[str, Any] = {
        "sources": (ServedSource((scene.image,)),), "samples": scene.points, "field": "class", "learning": Learning(**FAST),
        "output": scene.path("c.skops"),
    }  # fmt: skip
    return TrainClassifier(**{**usual, **changes})


def mapping(scene: Any, **changes: Any) -> ClassifyImage:
    usual = {"sources": (ServedSource((scene.image,)),), "classifier": scene.path("c.skops"), "output": scene.path("map.tif")}
    return ClassifyImage(**{**usual, **changes})


def read(path: str) -> np.ndarray:
    with rasterio.open(path) as image:
        return np.moveaxis(image.read(), 0, 2)


@pytest.mark.parametrize("kind", CLASSIFIERS)
def test_every_classifier_tells_the_classes_by_name(scene, reporter, kind):
    outputs = train.run(training(scene, learning=Learning(kind, **FAST), output_html=scene.path("r.html")), reporter)
    assert outputs["OVERALL_ACCURACY"] > 0.97 and outputs["KAPPA"] > 0.95 and outputs["FEATURES"] == 3
    done = classify.run(mapping(scene), reporter)
    with rasterio.open(done["OUTPUT"]) as image:
        codes, nodata = image.read(1), image.nodata
        assert image.shape == (60, 50) and image.transform.c == 500000.0
    names = read_category_names(done["OUTPUT"])
    assert names == {1: "forest", 2: "town", 3: "water"} and nodata == 0
    order = np.array([3, 1, 2])  # codes of water, forest, town: names get numbers in the order of the alphabet
    assert (codes == order[scene.truth]).mean() > 0.97
    assert "forest" in Path(scene.path("map.qml")).read_text() and "forest" in Path(scene.path("r.html")).read_text()


def test_all_rasters_agree(scene, reporter):
    train.run(training(scene), reporter)
    paths = {f"output_{name}": scene.path(f"{name}.tif") for name in ("confidence", "probabilities", "uncertainty")}
    classify.run(mapping(scene, **paths), reporter)
    told, sure, each, unsure = (read(path) for path in (scene.path("map.tif"), *paths.values()))
    assert np.allclose(each.sum(axis=2), 1, atol=1e-6)
    assert (each.argmax(axis=2) + 1 == told[:, :, 0]).all()
    assert np.allclose(each.max(axis=2), sure[:, :, 0])
    ordered = np.sort(each, axis=2)
    assert np.allclose(ordered[:, :, -1] - ordered[:, :, -2], unsure[:, :, 1], atol=1e-6)
    assert ((unsure[:, :, 0] >= 0) & (unsure[:, :, 0] <= 1 + 1e-6)).all() and (unsure[sure[:, :, 0] == 1][:, 0] == 0).all()
    with rasterio.open(paths["output_probabilities"]) as image:
        assert image.descriptions == ("forest", "town", "water")


def test_the_block_size_does_not_matter(scene, reporter):
    train.run(training(scene, neighbourhood=5, indices="B08:B02, 2:1"), reporter)
    maps = []
    for size in (7, 64):
        path = scene.path(f"p{size}.tif")
        classify.run(mapping(scene, block_size=size, output_probabilities=path), reporter)
        maps.append(read(path))
    assert (maps[0] == maps[1]).all()


def test_pixels_without_data_have_the_no_data_label(scene, reporter, make_raster):
    train.run(training(scene), reporter)
    pixels = read(scene.image).astype("float32")
    pixels[0, 0] = -1
    pixels[1, 1, 2] = np.nan
    image = make_raster(scene.folder / "gaps.tif", pixels, nodata=-1, names=("B02", "B03", "B08"))
    job = mapping(scene, sources=(ServedSource((image,)),), nodata=255, output_confidence=scene.path("sure.tif"))
    classify.run(job, reporter)
    told = read(scene.path("map.tif"))[:, :, 0]
    assert told[0, 0] == told[1, 1] == 255 and (told == 255).sum() == 2
    assert np.isnan(read(scene.path("sure.tif"))[0, 0, 0])
    with pytest.raises(BadParameter, match="No-data label"):
        classify.run(replace(job, nodata=2), reporter)


def test_an_extent_and_a_mask(scene, reporter, make_raster):
    train.run(training(scene), reporter)
    classify.run(mapping(scene), reporter)
    whole = read(scene.path("map.tif"))
    mask = np.zeros((60, 50), "uint8")
    mask[20:30] = 1
    extent = (500100.0, 4999600.0, 500300.0, 4999900.0)
    job = mapping(scene, output=scene.path("part.tif"), extent=extent, mask=make_raster(scene.folder / "mask.tif", mask))
    done = classify.run(job, reporter)
    assert (done["WIDTH"], done["HEIGHT"]) == (20, 30)
    part = read(scene.path("part.tif"))
    assert (part[10:20] == whole[20:30, 10:30]).all() and not part[:10].any() and not part[20:].any()


def test_one_pixel(scene, reporter, make_raster):
    train.run(training(scene, neighbourhood=3), reporter)
    image = make_raster(scene.folder / "one.tif", read(scene.image)[:1, :1], names=("B02", "B03", "B08"))
    classify.run(mapping(scene, sources=(ServedSource((image,)),)), reporter)
    assert read(scene.path("map.tif")).shape == (1, 1, 1)


def test_other_bands_are_refused(scene, reporter, make_raster):
    train.run(training(scene), reporter)
    pixels = read(scene.image)
    turned = make_raster(scene.folder / "turned.tif", pixels, names=("B08", "B03", "B02"))
    with pytest.raises(BadModel, match=r"another order: expected 3 \(B02, B03, B08\), received 3 \(B08, B03, B02\)"):
        classify.run(mapping(scene, sources=(ServedSource((turned,)),)), reporter)
    fewer = make_raster(scene.folder / "fewer.tif", pixels[:, :, :2], names=("B02", "B03"))
    with pytest.raises(BadModel, match=r"expected 3 .*received 2"):
        classify.run(mapping(scene, sources=(ServedSource((fewer,)),)), reporter)
    with pytest.raises(BadModel, match="Sources of the classifier: expected 1, received 2"):
        classify.run(mapping(scene, sources=(ServedSource((scene.image,)),) * 2), reporter)
    assert not Path(scene.path("map.tif")).exists()


def test_a_finer_source_keeps_its_detail_beside_a_coarse_one(scene, reporter, make_raster, write_points):
    """Source 1 is 10 m, source 2 20 m: each 10 m pixel is classified by its own value."""
    rng = np.random.default_rng(1)
    truth = rng.integers(0, 2, (40, 40))
    fine = make_raster(scene.folder / "fine.tif", (100 * truth).astype("uint8"))
    coarse = make_raster(scene.folder / "coarse.tif", rng.integers(0, 255, (20, 20)).astype("uint8"), spacing=20.0)
    places = [(row, col) for row in range(0, 40, 3) for col in range(0, 40, 3)]
    points = write_points(scene.folder / "fine.gpkg", places, [int(truth[place]) + 70000 for place in places])
    sources = (ServedSource((fine,)), ServedSource((coarse,)))
    train.run(training(scene, sources=sources, samples=points, learning=Learning("dt")), reporter)
    classify.run(mapping(scene, sources=sources), reporter)
    assert (read(scene.path("map.tif"))[:, :, 0] == truth + 70000).all()


def test_validation_points_judge(scene, reporter, write_points):
    places = [(5, 5), (5, 15), (5, 25), (6, 5)]
    points = write_points(scene.folder / "v.gpkg", places, ["water", "forest", "town", "glacier"])
    outputs = train.run(training(scene, validation=points, output_html=scene.path("r.html")), reporter)
    assert outputs["OVERALL_ACCURACY"] == 0.75 and "count as wrong: glacier" in reporter.texts
    assert "4 validation samples" in Path(scene.path("r.html")).read_text()


def test_samples_that_cannot_be_used_are_counted_with_reasons(scene, reporter, make_raster, write_points):
    pixels = read(scene.image).astype("float32")
    pixels[5, 5], pixels[5, 6] = np.nan, -9999
    image = make_raster(scene.folder / "gaps.tif", pixels, nodata=-9999)
    places = [(5, 5), (5, 6), (-3, 0), *[(row, col) for row in range(10) for col in (3, 13, 23)]]
    points = write_points(scene.folder / "p.gpkg", places, ["water"] * 3 + [*"abc"] * 10)
    outputs = train.run(training(scene, sources=(ServedSource((image,)),), samples=points), reporter)
    assert outputs["SAMPLES"] == 30 and outputs["CLASSES"] == 3
    assert "3 of 33 samples left out: 2 × no data; 1 × outside the image" in reporter.texts


@pytest.mark.parametrize("kind", CLASSIFIERS)
def test_few_samples(scene, reporter, write_points, kind):
    """Fewer than folds: what can be judged is; a machine that has to try what it fitted says what it needs."""
    places = [(5, 5), (5, 15), (6, 15)]
    points = write_points(scene.folder / "p.gpkg", places, ["water", "forest", "forest"])
    job = training(scene, samples=points, learning=Learning(kind, **FAST))
    if kind == "svm":
        with pytest.raises(BadTruth, match="at least 2 samples of every class"):
            train.run(job, reporter)
        return
    assert train.run(job, reporter)["SAMPLES"] == 3


@pytest.mark.parametrize(
    ("classes", "message"), [(["water"] * 3, "expected at least 2 classes, received only water"), ([None] * 3, "no sample at all")]
)
def test_one_class_is_refused(scene, reporter, write_points, classes, message):
    points = write_points(scene.folder / "p.gpkg", [(5, 5), (5, 6), (7, 7)], classes)
    with pytest.raises(BadTruth, match=message):
        train.run(training(scene, samples=points), reporter)


@pytest.mark.parametrize("kind", ["svm", "knn", "dt"])
def test_a_grid_search_by_squares(scene, reporter, kind):
    outputs = train.run(training(scene, learning=Learning(kind), grid_search=True, spatial_block=100.0), reporter)
    assert "Best: " in reporter.texts and "by squares of 100 map units" in reporter.texts
    assert outputs["OVERALL_ACCURACY"] > 0.9
    classify.run(mapping(scene), reporter)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"output": "/tmp/c.pkl"}, r"ends in \.skops"),
        ({"field": ""}, "the field that holds their class"),
        ({"features": ("features",)}, "expected a model that gives them"),
        ({"use_bands": False}, "Features: expected bands, a neighbourhood, indices or a model"),
        ({"learning": Learning("mlp", hidden="10, x")}, "Hidden layers"),
    ],
)
def test_what_makes_no_sense_is_refused(scene, reporter, changes, message):
    with pytest.raises(BadParameter, match=message):
        train.run(training(scene, **changes), reporter)


def test_squares_that_hold_all_are_refused(scene, reporter):
    with pytest.raises(BadParameter, match="Spatial block: expected squares so small"):
        train.run(training(scene, spatial_block=1e9), reporter)


def test_a_cancel_leaves_nothing(scene, make_reporter):
    train.run(training(scene), make_reporter())
    cancelled = make_reporter(cancel_after=3)
    with pytest.raises(Cancelled):
        classify.run(mapping(scene, block_size=8), cancelled)
    assert sorted(path.name for path in scene.folder.iterdir() if "map" in path.name) == []


def test_what_is_computed_again_is_the_same(scene, reporter):
    maps = []
    for _ in range(2):
        train.run(training(scene, learning=Learning("rf", balance_classes=True, **FAST)), reporter)
        classify.run(mapping(scene, output_probabilities=scene.path("p.tif")), reporter)
        maps.append(read(scene.path("p.tif")))
    assert (maps[0] == maps[1]).all()


def test_outputs_are_what_json_carries(scene, reporter):
    assert json.dumps(train.run(training(scene), reporter)) and json.dumps(classify.run(mapping(scene), reporter))
