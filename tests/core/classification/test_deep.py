"""Deep features: at samples, what serving gives there; in maps, the same classes in every way that the model is evaluated."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio

from core.classification import classify, train
from core.classification.opening import open_features
from core.classification.recipe import Recipe
from core.classification.truth import read_table
from core.errors import BadModel
from core.inference import serve
from core.jobs import ClassifyImage, CreateModel, Learning, Product, ServedSource, ServeModel, TrainClassifier
from core.model import create
from core.reporting import Reporter

FULL = ((16,), (1,), 1, False)  # receptive fields, strides, expression field, patches only
CASES = {
    "fully convolutional": (FULL, "1", (), [10.0]),
    "strided, with an expression field": (((12,), (4,), 4, False), "1", (4, 4), [10.0]),
    "coarser output": (((12,), (4,), 1, False), "4", (1, 1), [10.0]),
    "patches": (((7,), (1,), 1, True), "1", (), [10.0]),
    "two sources of patches": (((8, 4), (1, 1), 1, True), "1", (), [10.0, 20.0]),
}


def read(path: str) -> np.ndarray:
    with rasterio.open(path) as image:
        return np.moveaxis(image.read(), 0, 2)


@pytest.mark.parametrize("case", CASES)
def test_deep_features_at_samples_are_what_serving_gives(case, tmp_path, reporter, make_raster, write_points, linear_model):
    (fields, strides, ef, patch), scale, field, spacings = CASES[case]
    rng = np.random.default_rng(3)
    images = [
        make_raster(tmp_path / f"{i}.tif", rng.normal(size=(round(580 / s), round(440 / s))).astype("float32"), spacing=s)
        for i, s in enumerate(spacings)
    ]
    geometry: dict[str, Any] = {"expression_field": field or None, "scale_factor": scale} if field else {}
    job = ServeModel(
        tuple(ServedSource((image,), None, (side, side)) for image, side in zip(images, fields, strict=True)),
        linear_model(fields, strides, ef, patch), products=(Product(str(tmp_path / "served.tif")),), **geometry,
    )  # fmt: skip
    serve.run(job, reporter)
    served = read(str(tmp_path / "served.tif"))
    places = list(zip(rng.integers(0, 56, 60).tolist(), rng.integers(0, 42, 60).tolist(), strict=True))
    points = write_points(tmp_path / "p.gpkg", [(0, 0), (57, 43), *places], list(range(62)))

    with contextlib.ExitStack() as exits:
        opened = open_features(job, lambda sources: Recipe(tuple(s.count for s in sources), bands=False), exits, reporter)
        table = read_table(points, "", "class", opened, reporter)
    step = int(scale)
    for features, label in zip(table.features, table.label, strict=True):
        row, col = [(0, 0), (57, 43), *places][table.labels[label]]
        assert features == pytest.approx(served[row // step, col // step], rel=1e-5, abs=1e-5)
    assert len(table) == 62


def test_so_are_those_of_a_padded_network(tmp_path, reporter, make_raster, write_points):
    rng = np.random.default_rng(4)
    image, model = make_raster(tmp_path / "i.tif", rng.normal(size=(70, 90, 3)).astype("float32")), str(tmp_path / "unet")
    create.run(CreateModel("unet", (3,), 4, output=model), reporter)
    job = ServeModel((ServedSource((image,)),), model, products=(Product(str(tmp_path / "served.tif"), ("probabilities",)),))
    serve.run(job, reporter)
    served, places = read(str(tmp_path / "served.tif")), [(0, 0), (69, 89), (33, 40), (34, 40), (64, 7)]
    points = write_points(tmp_path / "p.gpkg", places, [*range(5)])
    with contextlib.ExitStack() as exits:
        opened = open_features(job, lambda sources: Recipe((3,), bands=False), exits, reporter)
        table = read_table(points, "", "class", opened, reporter)
    expected = [served[places[table.labels[label]]] for label in table.label]
    assert np.ptp(expected, axis=0).min() > 1e-3 and table.features == pytest.approx(np.array(expected), abs=1e-5)


def cnn(folder: Path) -> str:
    create.run(CreateModel("cnn16", (3,), 3, output=str(folder)), Reporter(lambda event: None))
    return str(folder)


@pytest.fixture
def jobs(scene: Any) -> Callable[..., tuple[TrainClassifier, ClassifyImage]]:
    def make(**changes: Any) -> tuple[TrainClassifier, ClassifyImage]:
        sources = (ServedSource((scene.image,)),)
        model = scene.path("model")
        if not Path(model).exists():
            cnn(Path(model))
        learning = Learning(trees=12)
        training = TrainClassifier(
            **{"sources": sources, "model": model, "samples": scene.points, "field": "class", "learning": learning,
               "output": scene.path("c.skops"), **changes}
        )  # fmt: skip
        return training, ClassifyImage(sources, scene.path("c.skops"), output=scene.path("map.tif"))

    return make


@pytest.mark.parametrize("use_bands", [True, False])
def test_a_map_from_deep_features(scene, reporter, jobs, use_bands):
    training, mapping = jobs(use_bands=use_bands, neighbourhood=3 if use_bands else 0)
    outputs = train.run(training, reporter)
    assert outputs["FEATURES"] > 3
    classify.run(mapping, reporter)
    told = read(scene.path("map.tif"))[:, :, 0]
    assert (told == np.array([3, 1, 2])[scene.truth]).mean() > (0.9 if use_bands else 0.7)
    first = told.copy()
    classify.run(ClassifyImage(**{**vars(mapping), "block_size": 16}), reporter)
    assert (read(scene.path("map.tif"))[:, :, 0] == first).mean() > 0.999


def test_another_model_is_refused_and_a_moved_one_is_found(scene, reporter, jobs):
    training, mapping = jobs()
    train.run(training, reporter)
    shutil.move(scene.path("model"), scene.path("moved"))
    with pytest.raises(BadModel, match="There is no model"):
        classify.run(mapping, reporter)
    classify.run(ClassifyImage(**{**vars(mapping), "model": scene.path("moved")}), reporter)
    variables = next(Path(scene.path("moved")).rglob("variables.data*"))
    data = bytearray(variables.read_bytes())
    data[len(data) // 2] ^= 1
    variables.write_bytes(data)
    with pytest.raises(BadModel, match="not the one that the classifier was trained with"):
        classify.run(ClassifyImage(**{**vars(mapping), "model": scene.path("moved")}), reporter)


def test_named_outputs(scene, reporter, jobs):
    outputs = train.run(jobs(features=("probabilities",), use_bands=False)[0], reporter)
    assert outputs["FEATURES"] == 3


def test_figures_of_samples_that_the_model_may_know_are_called_too_good(scene, reporter, jobs):
    told = "its features know them already"
    train.run(jobs(output_html=scene.path("r.html"))[0], reporter)
    assert told in reporter.texts and told in Path(scene.path("r.html")).read_text()
    reporter.events.clear()
    train.run(jobs(validation=scene.points, output_html=scene.path("r.html"))[0], reporter)
    assert told not in reporter.texts and told not in Path(scene.path("r.html")).read_text()
