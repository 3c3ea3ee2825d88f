"""Train model with a model that brings its own training operation, from patch images on disk to a map."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core import jobs
from core.errors import BadModel, BadParameter
from core.inference import serve
from core.model.backend import tf
from core.training import train

v1 = tf.compat.v1
Make = Callable[..., Any]
GRAPH = jobs.GraphTraining("optimizer", placeholders="lr=0.01, is_training=true", validation_placeholders="is_training=false")


def example(answer: str = "codes") -> tuple[Any, Any]:
    """In the manner of OTBTF's example graphs: placeholders x, y, lr, is_training; outputs prediction and features."""
    x = v1.placeholder(tf.float32, [None, 16, 16, 2], "x")
    y = v1.placeholder(tf.int32, [None, 1, 1, 1], "y")
    lr = v1.placeholder_with_default(tf.constant(2e-4), [], "lr")
    training = v1.placeholder_with_default(False, [], "is_training")
    kernel = v1.get_variable("kernel", [16, 16, 2, 8], initializer=v1.glorot_uniform_initializer(1))
    features = tf.nn.relu(tf.reshape(tf.nn.conv2d(x / 1000 - 2, kernel, 1, "VALID"), [-1, 8]), "features")
    seen = tf.cond(training, lambda: features * 1.1, lambda: features)
    dense = v1.get_variable("dense", [8, 5], initializer=v1.glorot_uniform_initializer(2))
    logits = tf.matmul(seen, dense) + v1.get_variable("bias", initializer=tf.zeros(5))
    cost = v1.losses.sparse_softmax_cross_entropy(labels=tf.reshape(y, [-1]), logits=logits)
    v1.train.AdamOptimizer(lr).minimize(cost, name="optimizer")
    outputs = {
        "codes": tf.argmax(logits, 1, name="prediction"), "probabilities": tf.nn.softmax(logits, name="prediction"),
        "scores": tf.identity(logits, "prediction"),
    }  # fmt: skip
    return {"x": x}, {"prediction": outputs[answer], "features": features}


@pytest.fixture
def export(tmp_path: Path) -> Callable[..., str]:
    def make(answer: str = "codes") -> str:
        with tf.Graph().as_default(), v1.Session() as session:
            inputs, outputs = example(answer)
            session.run(v1.global_variables_initializer())
            v1.saved_model.simple_save(session, str(tmp_path / "foreign"), inputs, outputs)
        return str(tmp_path / "foreign")

    return make


def job(model: str, patches: jobs.PatchSet, tmp_path: Path, **changes: Any) -> jobs.TrainModel:
    given = {"graph": GRAPH, "fitting": jobs.Fitting(epochs=8, batch_size=12), "output": str(tmp_path / "trained"), **changes}
    return jobs.TrainModel(model, patches, patches, **given)


@pytest.mark.parametrize("answer", ["codes", "probabilities", "scores"])
def test_it_trains_is_measured_reported_and_served(
    export: Make, make_patches: Make, make_raster: Make, tmp_path: Path, reporter: Any, answer: str
) -> None:
    patches = make_patches("t", codes=(1, 2, 4))
    page, table = tmp_path / "r.html", tmp_path / "e.csv"
    asked = GRAPH if answer == "codes" else jobs.GraphTraining(
        "optimizer", predictions="prediction", placeholders=GRAPH.placeholders, validation_placeholders=GRAPH.validation_placeholders
    )  # fmt: skip
    wanted = job(export(answer), patches, tmp_path, graph=asked, task="classification", output_html=str(page), output_csv=str(table))
    outputs = train.run(wanted, reporter)
    assert outputs["OVERALL_ACCURACY"] > 0.95 and "compared with its output prediction" in reporter.texts
    assert "forest" in page.read_text(encoding="utf-8") and len(table.read_text().splitlines()) == 9
    columns = np.repeat([1000, 2000, 3000], 20)
    image = make_raster(tmp_path / "i.tif", np.broadcast_to(columns[None, :, None], (20, 60, 2)).astype("uint16"))
    product = jobs.Product(str(tmp_path / "map.tif"), ("prediction",))
    serve.run(jobs.ServeModel((jobs.ServedSource((image,)),), outputs["OUTPUT"], products=(product,)), reporter)
    told = _read(tmp_path / "map.tif")
    codes = told[0] if answer == "codes" else told.argmax(axis=0)
    np.testing.assert_array_equal(codes[10, [8, 30, 52]], [1, 2, 4])


def test_a_graph_goes_on_where_it_was_stopped(export: Make, make_patches: Make, tmp_path: Path, reporter: Any, monkeypatch: Any) -> None:
    from core.training.report import log

    patches, model = make_patches("t", codes=(1, 2, 4)), export()
    whole = train.run(job(model, patches, tmp_path, output=str(tmp_path / "whole")), reporter)["OUTPUT"]

    class Killed(Exception):
        pass

    def stop(self: Any, history: Any) -> None:
        if len(history.epochs) == 4:
            raise Killed

    monkeypatch.setattr(log.EpochLog, "epoch", stop)
    with pytest.raises(Killed):
        train.run(job(model, patches, tmp_path, resume=True), reporter)
    monkeypatch.undo()
    again = train.run(job(model, patches, tmp_path, resume=True), reporter)["OUTPUT"]
    assert "Going on from epoch 4 of 8" in reporter.texts
    one, other = (tf.train.load_checkpoint(f"{folder}/variables/variables") for folder in (whole, again))
    for name in one.get_variable_to_shape_map():
        np.testing.assert_array_equal(one.get_tensor(name), other.get_tensor(name))


def test_what_the_graph_has_of_its_own_is_not_overruled_silently(export: Make, make_patches: Make, tmp_path: Path, reporter: Any) -> None:
    fitting = jobs.Fitting(epochs=1, optimizer="sgd", balance_classes=True)
    train.run(job(export(), make_patches("t", codes=(1, 2, 4)), tmp_path, fitting=fitting, freeze="conv1"), reporter)
    assert "Not used, as the model has its own: OPTIMIZER, BALANCE_CLASSES, FREEZE" in reporter.texts


@pytest.mark.parametrize(
    ("changes", "kind", "said"),
    [
        ({"graph": jobs.GraphTraining("nothing")}, BadParameter, "received nothing"),
        ({"graph": jobs.GraphTraining()}, BadModel, "TARGET_NODES, such as optimizer"),
        ({"distribution": "mirrored"}, BadParameter, "expected one device"),
    ],
)
def test_what_cannot_be_trained(
    export: Make, make_patches: Make, tmp_path: Path, reporter: Any, changes: Any, kind: Any, said: str
) -> None:
    with pytest.raises(kind, match=said):
        train.run(job(export(), make_patches("t", codes=(1, 2, 4)), tmp_path, **changes), reporter)
    assert not (tmp_path / "trained").exists()


def _read(path: Path) -> np.ndarray:
    import rasterio

    with rasterio.open(path) as image:
        return np.asarray(image.read())
