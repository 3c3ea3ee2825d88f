from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from core.errors import BadModel
from core.model.load import load


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


def test_inputs_outputs_and_values(model_folder: Path) -> None:
    model = load(str(model_folder))
    assert [(spec.name, spec.shape) for spec in model.inputs] == [("a", (None,)), ("b", (None, 3, 3, 1))]
    assert {spec.name: spec.dtype for spec in model.outputs} == {"sum": np.float32, "twice": np.float32}
    result = model.run({"a": np.array([1]), "b": np.ones((1, 3, 3, 1), "uint16")}, ["twice"])
    assert list(result) == ["twice"] and (result["twice"] == 2).all()


def test_loaded_once_until_it_changes(copy: Path) -> None:
    first = load(str(copy))
    assert load(str(copy)) is first
    (copy / "saved_model.pb").touch()
    assert load(str(copy)) is not first


def test_wrong_shape_is_an_error_that_shows_it(model_folder: Path) -> None:
    with pytest.raises(BadModel, match="Input b of the model: expected any × 3 × 3 × 1, received 1 × 4 × 4 × 1"):
        load(str(model_folder)).run({"a": np.ones(1), "b": np.ones((1, 4, 4, 1))}, ["twice"])


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda folder: shutil.rmtree(folder), "No model in"),
        (lambda folder: (folder / "saved_model.pb").unlink(), "expected saved_model.pb"),
        (lambda folder: (folder / "saved_model.pb").write_bytes(b""), "damaged|cannot be served"),
        (lambda folder: (folder / "saved_model.pb").write_bytes(b"not a graph"), "damaged"),
        (lambda folder: cut(folder / "saved_model.pb"), "damaged"),
        (lambda folder: shutil.rmtree(folder / "variables"), "damaged"),
        (lambda folder: (folder / "variables" / "variables.index").write_bytes(b"junk"), "damaged"),
        (lambda folder: (folder / "variables" / "variables.data-00000-of-00001").write_bytes(b""), "damaged"),
    ],
)
def test_damage_is_an_error_not_a_crash(copy: Path, damage: Callable[[Path], object], words: str) -> None:
    damage(copy)
    with pytest.raises(BadModel, match=words):
        load(str(copy))
