"""The report of real trainings: patches, maps, measurements, several heads."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.image import imread

from core import jobs
from core.classes import make_classes
from core.errors import Cancelled
from core.model.backend import keras
from core.sampling import sidecar
from core.training import train
from core.training.report.layers import layers_of
from core.training.report.settings import files, settings

NAMES = ("forest", "<b>town</b> & $x$", "water")
COUNT, SIDE = 24, 8


@pytest.fixture
def make_samples(tmp_path: Path, make_raster: Callable[..., str]) -> Callable[..., jobs.PatchSet]:
    """Patches in whose bands the class is, with the truths that are asked for: "classes", "map", "values" or "value map"."""

    def make(stem: str, *truths: str, seed: int = 0) -> jobs.PatchSet:
        rng = np.random.default_rng(seed)
        labels = rng.integers(0, 3, (COUNT, SIDE, SIDE))
        pixels = np.stack([labels * 100.0, labels == 1], -1) + rng.normal(0, 5, (COUNT, SIDE, SIDE, 2))
        codes = np.array([4, 7, 9])[labels]
        codes[:, 0] = 0
        height = (labels.mean(axis=(1, 2), keepdims=True) * [1.0, 50.0]).reshape(COUNT, 1, 1, 2)
        height[2, ..., 1] = np.nan
        known = {
            "classes": (codes[:, 4:5, 4:5, None], "labels", ("label",)),
            "map": (codes[..., None], "labels", ("label",)),
            "values": (height, "targets", ("height", "age")),
            "value map": (labels[..., None] * 2.5, "targets", ("height",)),
        }
        image = make_raster(tmp_path / f"{stem}.tif", pixels.reshape(-1, SIDE, 2).astype("float32"))
        sidecar.write(image, sidecar.PatchSidecar("patches", COUNT, SIDE, SIDE, ("VV", "VH"), crs="EPSG:32631", spacing=(10.0, 10.0)))
        paths = []
        for number, truth in enumerate(truths):
            values, kind, bands = known[truth]
            classes = make_classes(zip((0, 4, 7, 9), ("nothing", *NAMES), strict=True)) if kind == "labels" else ()
            values = values.astype("uint8" if classes else "float32")
            path = make_raster(tmp_path / f"{stem}_{number}.tif", values.reshape(-1, *values.shape[2:]))
            sidecar.write(path, sidecar.PatchSidecar(kind, COUNT, *values.shape[1:3], bands, classes=classes))
            paths.append(path)
        return jobs.PatchSet((image,), tuple(paths))

    return make


@pytest.fixture
def make_network(tmp_path: Path) -> Callable[..., str]:
    """An untrained network with these heads, as a .keras file."""

    def make(*truths: str) -> str:
        layers, outputs = keras.layers, []
        by_pixel = truths[0].endswith("map")
        source = keras.Input((None, None, 2) if by_pixel else (SIDE, SIDE, 2), name="source1")
        x = layers.Conv2D(8, 3, padding="valid" if by_pixel else "same", activation="relu", name="conv1")(
            layers.Normalization(name="normalization1")(source)
        )
        for truth in truths:
            if truth == "map":
                outputs.append(layers.Softmax(name="kind")(layers.Conv2D(3, 1)(x)))
            elif truth == "value map":
                outputs.append(layers.Conv2D(1, 1, name="size")(x))
            else:
                pooled, count = layers.Flatten()(x), 3 if truth == "classes" else 2
                dense = layers.Dense(count, name=f"dense{count}")(pooled)
                outputs.append(
                    layers.Softmax(name="kind")(dense) if truth == "classes" else layers.Normalization(invert=True, name="size")(dense)
                )
        path = str(tmp_path / f"{'_'.join(truths)}.keras")
        keras.Model(source, outputs if len(outputs) > 1 else outputs[0], name="tiny").save(path)
        return path

    return make


@pytest.fixture
def report_of(tmp_path: Path, make_samples: Any, make_network: Any, reporter: Any) -> Callable[..., str]:
    """The page of a training with these heads."""

    def make(*truths: str, validate: bool = True, **changes: Any) -> str:
        page = tmp_path / "report.html"
        job = jobs.TrainModel(
            make_network(*truths), make_samples("t", *truths), make_samples("v", *truths, seed=1) if validate else jobs.PatchSet(),
            jobs.Fitting(epochs=3, batch_size=10, learning_rate=0.01), ignore=0, output=str(tmp_path / "trained"),
            output_html=str(page), **changes,
        )  # fmt: skip
        train.run(job, reporter)
        return page.read_text(encoding="utf-8")

    return make


def pictures(page: str) -> list[np.ndarray]:
    return [imread(io.BytesIO(base64.b64decode(text))) for text in re.findall(r'base64,([^"]+)"', page)]


def headings(page: str) -> list[str]:
    return re.findall("<h2>(.*?)</h2>", page)


def test_patches_with_classes(report_of: Callable[..., str]) -> None:
    page = report_of("classes")
    assert headings(page) == [
        "Epochs", "Classes, on the validation data", "Confusion matrix", "Answered rightly", "Answered wrongly", "Model", "Settings",
        "Data", "Machine", "To train it again",
    ]  # fmt: skip
    assert len(pictures(page)) in (3, 4)  # it may well get none wrong
    assert "<b>town" not in page and "&lt;b&gt;town&lt;/b&gt; &amp; $x$" in page
    assert "24 training samples, 3 classes, measured on 24 validation samples. 3 epochs in" in page
    for word in (
        "Overall accuracy",
        "Kappa",
        "IoU",
        "Samples",
        "of 3</td>",
        "receptive field 8 × 8 pixels, spacing 10",
        "2 bands (VV, VH)",
    ):
        assert word in page, word
    assert "&quot;job&quot;: &quot;trainmodel&quot;" in page and "tensorflow" in page and "http" not in page


def test_without_validation_it_says_so(report_of: Callable[..., str]) -> None:
    page = report_of("classes", validate=False)
    assert "No validation data were given" in page and "Classes, on the training data" in page and "measured on the same" in page


def test_maps(report_of: Callable[..., str]) -> None:
    page = report_of("map")
    assert headings(page)[3:6] == ["Best answers", "Worst answers", "Answers between, evenly spread"]
    assert len(pictures(page)) == 5 and ">Pixels<" in page
    assert "nothing" not in re.sub("<pre>.*</pre>", "", page, flags=re.S)  # what is ignored is no class
    assert page.count("Light grey: no truth") == 1


def test_measurements(report_of: Callable[..., str]) -> None:
    page = report_of("values")
    assert headings(page)[:5] == [
        "Epochs", "Measurements, on the validation data", "Best answers", "Worst answers", "Answers between, evenly spread"
    ]  # fmt: skip
    assert len(pictures(page)) == 5 and "RMSE" in page and "Confusion" not in page
    supports = re.findall(r'<td>(height|age)</td>.*?<td class="number">([0-9]+)</td></tr>', page)
    assert supports == [("height", "24"), ("age", "23")]  # one is unknown


def test_maps_of_measurements(report_of: Callable[..., str]) -> None:
    page = report_of("value map")
    assert len(pictures(page)) == 5 and re.search(r"height, from [-0-9.e]+ \(dark\) to [-0-9.e]+ \(bright\)", page)


def test_two_heads_each_have_their_part(report_of: Callable[..., str]) -> None:
    page = report_of("classes", "values")
    assert "Classes of kind, on the validation data" in headings(page) and "Measurements of size, on the validation data" in headings(page)
    assert "<h3>kind</h3>" in page and "<h3>size</h3>" in page and "3 classes, 2 measurements" in page


def test_what_was_frozen_is_told(report_of: Callable[..., str]) -> None:
    page = report_of("classes", freeze="conv1")
    learnt = 3 * (8 * SIDE * SIDE + 1)
    assert f"{learnt:,} of them learnt in this training. Frozen: conv1." in page
    assert re.search(r"<td>conv1</td><td>Conv2D</td><td>8 × 8 × 8</td><td class=\"number\">152</td><td class=\"number\">0</td>", page)


def test_layers_that_are_used_twice_have_a_shape() -> None:
    left, right = keras.Input((4,)), keras.Input((4,))
    shared = keras.layers.Dense(2, name="shared")
    rows = layers_of(keras.Model([left, right], keras.layers.Add(name="sum")([shared(left), shared(right)])))
    assert [(row.kind, row.shape, row.parameters, row.learns) for row in rows if row.name in ("shared", "sum")] == [
        ("Dense", "2", 10, 10), ("Add", "2", 0, 0)
    ]  # fmt: skip


def test_settings_begin_with_those_that_were_changed() -> None:
    job = jobs.TrainModel(
        "/m", jobs.PatchSet(("/p",), ("/l",)), fitting=jobs.Fitting(epochs=3, balance_classes=True),
        graph=jobs.GraphTraining(predictions="prediction"), seed=4, output="/o",
    )  # fmt: skip
    changed, usual = settings(job)
    assert changed == [("Epochs", "3"), ("Balance classes", "yes"), ("Predictions", "prediction"), ("Seed", "4")]
    names = [name for name, _ in usual]
    assert "Learning rate" in names and "Poses" in names and "Trust" in names and "Model" not in names and "Output" not in names
    assert files(job) == [("Model to begin with", "/m"), ("Training patches", "/p"), ("Training labels", "/l")]


def test_a_cancel_while_it_is_drawn(report_of: Callable[..., str], reporter: Any, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr("core.training.report.page.curves", lambda *_: reporter.cancelled.set() or b"")
    with pytest.raises(Cancelled):
        report_of("classes")
    assert not [path for path in tmp_path.iterdir() if "report" in path.name]
