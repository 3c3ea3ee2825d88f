from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.errors import BadModel, BadParameter
from core.model.loading.load import Wanted, load
from core.model.loading.savedmodel import read_proto


@pytest.fixture(scope="module")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import rasterio  # noqa: F401  before TensorFlow
    import tensorflow as tf

    class Twice(tf.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.factor = tf.Variable(2.0)

        @tf.function(input_signature=[tf.TensorSpec([None, 3, 3, 1], tf.float32, name="b"), tf.TensorSpec([None], tf.float32, name="a")])
        def serve(self, b, a):  # type: ignore[no-untyped-def]
            return {"twice": b * self.factor, "sum": a + 1.0}

    folder = tmp_path_factory.mktemp("model")
    module = Twice()
    tf.saved_model.save(module, str(folder), signatures={"serving_default": module.serve})
    return folder


@pytest.fixture
def copy(model_folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(model_folder, tmp_path / "model"))


A = Wanted(placeholders="a=1")


def test_inputs_outputs_and_values(model_folder: Path) -> None:
    model = load(str(model_folder), A)
    assert [(spec.name, spec.shape) for spec in model.inputs] == [("b", (None, 3, 3, 1))]
    assert {spec.name: spec.dtype for spec in model.outputs} == {"sum": np.float32, "twice": np.float32}
    result = model.run({"b": np.ones((1, 3, 3, 1), "uint16")}, ["sum", "twice"])
    assert (result["sum"] == 2).all() and (result["twice"] == 2).all()


def test_what_takes_no_image_has_to_be_given(model_folder: Path) -> None:
    with pytest.raises(BadParameter, match=r"expected a \(float32, a vector\), received none\. Give them as user placeholders: a=…"):
        load(str(model_folder))
    with pytest.raises(BadParameter, match=r"expected a \(float32, a vector\), received lr"):
        load(str(model_folder), Wanted(placeholders="lr=1"))


def test_loaded_once_until_it_changes(copy: Path) -> None:
    first = load(str(copy), A)
    assert load(str(copy), A) is first
    assert load(str(copy), Wanted(placeholders="a=2")) is not first
    (copy / "saved_model.pb").touch()
    assert load(str(copy), A) is not first


def test_wrong_shape_is_an_error_that_shows_it(model_folder: Path) -> None:
    with pytest.raises(BadModel, match="Input b of the model: expected any × 3 × 3 × 1, received 1 × 4 × 4 × 1"):
        load(str(model_folder), A).run({"b": np.ones((1, 4, 4, 1))}, ["twice"])


def rewrite(folder: Path, change: Callable[[Any], object]) -> None:
    model = read_proto(str(folder))
    change(model.meta_graphs[0])
    (folder / "saved_model.pb").write_bytes(model.SerializeToString())


def huge(graph: Any) -> None:
    for size in graph.signature_def["serving_default"].inputs["b"].tensor_shape.dim[1:]:
        size.size = 100_000


def no_signature(graph: Any) -> None:
    del graph.signature_def["serving_default"]


def alien(graph: Any) -> None:
    graph.graph_def.library.function[0].node_def.add(name="alien", op="FrobnicateV7")


def a_file(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.write_text("a model?")


def empty(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.mkdir()


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


INDEX, DATA = "variables/variables.index", "variables/variables.data-00000-of-00001"


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (shutil.rmtree, "does not exist"),
        (empty, r"expected saved_model\.pb, received nothing"),
        (a_file, "is no folder"),
        (lambda folder: (folder / "saved_model.pb").unlink(), r"expected saved_model\.pb, received .*variables"),
        (lambda folder: (folder / "saved_model.pb").write_bytes(b""), "is damaged: expected a graph, received none"),
        (lambda folder: (folder / "saved_model.pb").write_bytes(b"not a graph"), "is damaged"),
        (lambda folder: cut(folder / "saved_model.pb"), "is damaged"),
        (lambda folder: shutil.rmtree(folder / "variables"), "is damaged"),
        (lambda folder: (folder / INDEX).write_bytes(b"junk"), "is damaged"),
        (lambda folder: cut(folder / INDEX), "is damaged"),
        (lambda folder: (folder / DATA).write_bytes(b""), "is damaged"),
        (lambda folder: (folder / DATA).unlink(), "is damaged"),
        (lambda folder: rewrite(folder, no_signature), "expected the signature serving_default, received none. Export it with one"),
        (lambda folder: rewrite(folder, huge), "patches of at most 4 GB, received 100000 × 100000 × 100000"),
        (lambda folder: rewrite(folder, alien), "does not have: received FrobnicateV7"),
        (lambda folder: rewrite(folder, lambda graph: graph.graph_def.library.Clear()), "is damaged"),
        (lambda folder: rewrite(folder, lambda graph: graph.graph_def.Clear()), "is damaged"),
        (lambda folder: rewrite(folder, lambda graph: graph.object_graph_def.Clear()), "is damaged"),
    ],
)
def test_damage_is_an_error_not_a_crash(copy: Path, damage: Callable[[Path], object], words: str) -> None:
    damage(copy)
    with pytest.raises(BadModel, match=words):
        load(str(copy), A)


def test_the_contract_of_another_model(copy: Path) -> None:
    with pytest.raises(BadModel, match="is that of another model: expected inputs a, b, received source1"):
        load(str(copy), Wanted(sources=("source1",)))
