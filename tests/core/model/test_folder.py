"""Model folders: what is written serves in plain TensorFlow, trains on in Keras, and is complete or not there."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core import jobs
from core.classes import make_classes
from core.errors import BadModel, BadParameter, Cancelled, CannotWrite
from core.model import create, folder
from core.model.backend import keras, tf
from core.model.contract import Contract, InputSpec, OutputSpec, read
from core.model.heads import heads_of, outputs_of


def two_sources() -> Any:
    ms, pan = keras.Input((4, 4, 3), name="source1"), keras.Input((8, 8, 1), name="source2")
    joined = keras.layers.Concatenate(name="features")([keras.layers.GlobalMaxPooling2D()(source) for source in (ms, pan)])
    return keras.Model([ms, pan], keras.layers.Dense(2, activation="softmax")(joined))


def two_source_contract() -> Contract:
    inputs = (InputSpec("source1", (), 3, "float32", (4, 4)), InputSpec("source2", (), 1, "float32", (8, 8)))
    return Contract("two", inputs, outputs_for([(11, "a"), (4, "b")]))


def outputs_for(codes_and_names: list[tuple[int, str]]) -> tuple[OutputSpec, ...]:
    network = two_sources()
    return outputs_of(network, heads_of(network), [make_classes(codes_and_names)])


def test_createmodel_serves_class_codes_without_keras(tmp_path: Path, reporter: Any) -> None:
    path = str(tmp_path / "model")
    outputs = create.run(jobs.CreateModel("cnn16", (3,), 5, output=path), reporter)
    assert outputs["OUTPUT"] == path and f"{outputs['PARAMETERS']:,} parameters" in reporter.texts
    patches = np.random.default_rng(0).normal(size=(7, 16, 16, 3)).astype(np.float32)
    served = tf.saved_model.load(path).signatures["serving_default"](source1=tf.constant(patches))
    network, contract, own = folder.read_trainable(path)
    assert own
    np.testing.assert_allclose(served["probabilities"], network(patches), atol=1e-6)
    codes = np.array([c.code for c in contract.classes])
    np.testing.assert_array_equal(served["prediction"], codes[np.argmax(served["probabilities"], axis=1)])
    assert served["features"].shape == (7, 32)
    assert [c.name for c in contract.classes] == ["1", "2", "3", "4", "5"] and not contract.trained and contract.name == "model"


def test_two_sources_keep_their_names_and_codes_their_order(tmp_path: Path) -> None:
    path = str(tmp_path / "two")
    network = two_sources()
    folder.write_folder(path, network, two_source_contract())
    arrays = {"source1": np.ones((2, 4, 4, 3), np.float32), "source2": np.zeros((2, 8, 8, 1), np.float32)}
    served = tf.saved_model.load(path).signatures["serving_default"](**{name: tf.constant(array) for name, array in arrays.items()})
    probabilities = network([arrays["source1"], arrays["source2"]]).numpy()
    np.testing.assert_array_equal(served["prediction"], np.array([11, 4])[probabilities.argmax(axis=1)])
    assert read(path) == two_source_contract()


def test_huge_class_codes_are_served_as_they_are(tmp_path: Path) -> None:
    path, codes = str(tmp_path / "huge"), [-7, 3_000_000_000]
    contract = replace(two_source_contract(), outputs=outputs_for([(code, str(code)) for code in codes]))
    folder.write_folder(path, two_sources(), contract)
    inputs = {"source1": tf.ones((2, 4, 4, 3)), "source2": tf.zeros((2, 8, 8, 1))}
    served = tf.saved_model.load(path).signatures["serving_default"](**inputs)
    np.testing.assert_array_equal(served["prediction"], np.array(codes)[np.argmax(served["probabilities"], axis=1)])
    assert read(path) == contract


def test_the_seed_decides_the_weights(tmp_path: Path, reporter: Any) -> None:
    weights = {}
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        create.run(jobs.CreateModel("cnn16", (2,), 3, seed=seed, output=str(tmp_path / name)), reporter)
        weights[name] = np.concatenate([w.ravel() for w in folder.read_trainable(str(tmp_path / name))[0].get_weights()])
    np.testing.assert_array_equal(weights["a"], weights["b"])
    assert (weights["a"] != weights["c"]).any()


@pytest.mark.parametrize(
    ("architecture", "bands", "said"), [("cnn17", (3,), "cnn16"), ("", (3,), "cnn16"), ("cnn16", (), "none"), ("cnn16", (3, 4), "3, 4"),
                                        ("cnn16", (0,), "at least 1")],
)  # fmt: skip
def test_what_cannot_be_created(tmp_path: Path, reporter: Any, architecture: str, bands: tuple[int, ...], said: str) -> None:
    with pytest.raises(BadParameter, match=said):
        create.run(jobs.CreateModel(architecture, bands, 3, output=str(tmp_path / "m")), reporter)
    assert not os.listdir(tmp_path)


def test_an_earlier_model_is_replaced_other_files_are_not(tmp_path: Path, reporter: Any) -> None:
    path = tmp_path / "m"
    for bands in (2, 3):
        create.run(jobs.CreateModel("cnn16", (bands,), 3, output=str(path)), reporter)
    contract = read(str(path))
    assert contract is not None and contract.inputs[0].band_count == 3
    other = tmp_path / "thesis"
    other.mkdir()
    (other / "chapter1.txt").write_text("precious")
    with pytest.raises(CannotWrite, match="no earlier output"):
        create.run(jobs.CreateModel("cnn16", (3,), 3, output=str(other)), reporter)
    assert (other / "chapter1.txt").read_text() == "precious"


def test_a_cancel_while_writing_leaves_nothing(tmp_path: Path) -> None:
    def cancel() -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        folder.write_folder(str(tmp_path / "m"), two_sources(), two_source_contract(), cancel)
    assert not os.listdir(tmp_path)


def test_what_cannot_be_trained(tmp_path: Path) -> None:
    with pytest.raises(BadModel, match=r"expected a folder with saved_model\.pb"):
        folder.read_trainable(str(tmp_path / "nothing"))
    path = tmp_path / "m"
    folder.write_folder(str(path), two_sources(), two_source_contract())
    (path / "model.keras").write_bytes(b"no zip file")
    with pytest.raises(BadModel, match=r"model\.keras is damaged"):
        folder.read_trainable(str(path))
    (path / "model.keras").unlink()
    with pytest.raises(BadModel, match=r"cannot be trained: expected a model\.keras"):
        folder.read_trainable(str(path))


def test_without_a_contract_the_network_tells_it(tmp_path: Path) -> None:
    path = tmp_path / "m"
    folder.write_folder(str(path), two_sources(), two_source_contract())
    (path / "assets.extra" / "mlm.json").unlink()
    _, contract, own = folder.read_trainable(str(path))
    assert not own and [c.name for c in contract.classes] == ["1", "2"]
    assert [spec.receptive_field for spec in contract.inputs] == [(4, 4), (8, 8)]


def test_a_session_of_tensorflow_1_runs_it(tmp_path: Path, reporter: Any) -> None:
    """So do OTBTF and TensorFlow Serving: they look for variables by name, where Keras does not put them of itself."""
    path, v1 = str(tmp_path / "model"), tf.compat.v1
    create.run(jobs.CreateModel("cnn16bn", (3,), 5, output=path), reporter)
    patches = np.random.default_rng(0).normal(size=(2, 16, 16, 3)).astype(np.float32)
    expected = folder.read_trainable(path)[0](patches, training=False).numpy()
    with v1.Session(graph=tf.Graph()) as session:
        signature = v1.saved_model.loader.load(session, ["serve"], path).signature_def["serving_default"]
        found = session.run(signature.outputs["probabilities"].name, {signature.inputs["source1"].name: patches})
    np.testing.assert_allclose(found, expected, atol=1e-5)
