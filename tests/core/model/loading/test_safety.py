"""Hostile models are built for real, and refused before TensorFlow's loader sees them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.errors import BadModel
from core.model.backend import keras, tf
from core.model.loading import safety
from core.model.loading.load import Wanted, load
from core.model.loading.savedmodel import read_proto

v1 = tf.compat.v1
Save = Callable[..., str]
ONE = np.ones((1, 2, 2, 1), "float32")


def found(folder: str) -> set[tuple[str, str]]:
    return {(part.operation, part.why) for part in safety.findings(read_proto(folder), folder)}


def rewrite(folder: str, change: Callable[[Any], None]) -> str:
    model = read_proto(folder)
    change(model)
    (Path(folder) / "saved_model.pb").write_bytes(model.SerializeToString())
    return folder


@pytest.fixture
def secret(tmp_path: Path) -> str:
    (tmp_path / "secret.txt").write_text("4711")
    return str(tmp_path / "secret.txt")


def test_a_model_that_reads_a_file_is_refused_by_name_unless_trusted(save: Save, secret: str) -> None:
    folder = save(lambda x: {"y": x * tf.strings.to_number(tf.io.read_file(secret))})
    assert found(folder) == {("ReadFile", "reads files")}
    with pytest.raises(BadModel, match=r"could do harm.*ReadFile \(reads files; in the function __inference_.*TRUST_MODEL"):
        load(folder)
    assert load(folder, Wanted(trust=True)).run({"x": ONE}, ["y"])["y"][0, 0, 0, 0] == 4711
    with pytest.raises(BadModel, match="could do harm"):
        load(folder)  # trust is not remembered


def test_a_model_that_runs_python_is_refused_by_name(save: Save) -> None:
    folder = save(lambda x: {"y": tf.py_function(lambda a: a, [x], tf.float32)})
    assert found(folder) == {("EagerPyFunc", "runs Python")}
    with pytest.raises(BadModel, match=r"EagerPyFunc \(runs Python"):
        load(folder)
    assert found(save(lambda x: {"y": tf.numpy_function(lambda a: a, [x], tf.float32)}, "other")) == {("PyFunc", "runs Python")}


def test_nothing_hides_inside_a_function_of_a_function(save: Save, secret: str) -> None:
    @tf.function  # type: ignore[untyped-decorator]
    def deep(x: Any) -> Any:
        return tf.cond(tf.reduce_sum(x) > 0, lambda: tf.io.read_file(secret), lambda: tf.constant(""))

    folder = save(lambda x: {"y": tf.map_fn(lambda image: image + tf.cast(tf.strings.length(deep(image)), tf.float32), x)})
    assert found(folder) == {("ReadFile", "reads files")}


@pytest.mark.parametrize(
    ("build", "operation"),
    [
        (lambda path: tf.io.write_file(path, "x"), "WriteFile"),
        (lambda path: tf.io.matching_files(path), "MatchingFiles"),
        (lambda path: tf.raw_ops.SaveV2(prefix=path, tensor_names=["a"], shape_and_slices=[""], tensors=[1.0]), "SaveV2"),
        (lambda path: tf.raw_ops.RestoreV2(prefix=path, tensor_names=["a"], shape_and_slices=[""], dtypes=[tf.float32])[0], "RestoreV2"),
        (lambda path: tf.raw_ops.MergeV2Checkpoints(checkpoint_prefixes=[path], destination_prefix=path), "MergeV2Checkpoints"),
        (lambda path: tf.print("x", output_stream=f"file://{path}"), "PrintV2"),
        (lambda path: tf.data.TextLineDataset(path).reduce(0, lambda a, _: a + 1), "TextLineDataset"),
        (lambda path: tf.data.TFRecordDataset(path).reduce(0, lambda a, _: a + 1), "TFRecordDataset"),
        (lambda path: tf.raw_ops.ImmutableConst(dtype=tf.float32, shape=[1], memory_region_name=path), "ImmutableConst"),
        (lambda path: tf.raw_ops.DebugIdentityV2(input=1.0, debug_urls=[f"file://{path}"]), "DebugIdentityV2"),
        (lambda path: tf.raw_ops.GetSessionHandleV2(value=1.0), "GetSessionHandleV2"),  # stateful, and nobody vouches for it
    ],
)
def test_operations_that_do_more_than_compute(save: Save, secret: str, build: Callable[[str], Any], operation: str) -> None:
    def serve(x: Any) -> dict[str, Any]:
        made = build(secret)  # None for what has no output: it is run all the same
        with tf.control_dependencies([] if made is None else [made]):
            return {"y": tf.identity(x)}

    folder = save(serve)
    assert {name for name, _ in found(folder)} == {operation}
    with pytest.raises(BadModel, match=operation):
        load(folder)


def test_an_initialiser_counts(save: Save, tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text("a\nb\n")
    index = tf.lookup.TextFileIndex
    words = tf.lookup.TextFileInitializer(str(tmp_path / "words.txt"), tf.string, index.WHOLE_LINE, tf.int64, index.LINE_NUMBER)
    table = tf.lookup.StaticVocabularyTable(words, 1)
    folder = save(lambda x: {"y": x + tf.cast(table.lookup(tf.constant(["a"])), tf.float32)}, table=table)
    assert ("InitializeTableFromTextFileV2", "reads files") in found(folder)


def test_what_tensorflow_itself_puts_into_a_model_is_harmless(save: Save, tmp_path: Path) -> None:
    table = tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer([1], [2.0]), 0.0)
    factor, noise = tf.Variable(2.0), tf.random.Generator.from_seed(1)

    def serve(x: Any) -> dict[str, Any]:
        tf.debugging.assert_all_finite(x, "finite")
        tf.print("block", output_stream=sys.stderr)
        loop = tf.while_loop(lambda i, _: i < 3, lambda i, a: (i + 1, a * factor), (0, x))[1]
        return {"y": loop + table.lookup(tf.constant(1)) + noise.uniform([]) + tf.random.normal([])}

    folder = save(serve, table=table, factor=factor, noise=noise)
    assert found(folder) == set()
    assert load(folder).run({"x": ONE}, ["y"])["y"].shape == (1, 2, 2, 1)


@pytest.mark.parametrize(
    "layers",
    [
        lambda: [keras.layers.Conv2D(4, 3), keras.layers.BatchNormalization(), keras.layers.Dropout(0.5), keras.layers.Activation("gelu")],
        lambda: [keras.layers.Reshape((-1, 1)), keras.layers.GRU(4), keras.layers.Dense(2)],
        lambda: [keras.layers.UpSampling2D(), keras.layers.Conv2DTranspose(2, 2, 2)],
    ],
)
def test_networks_of_keras_are_harmless(tmp_path: Path, layers: Callable[[], list[Any]]) -> None:
    network = keras.Sequential([keras.Input((8, 8, 1)), *layers()])
    network.compile("adam", "mse")
    network.fit(np.ones((2, 8, 8, 1)), network.predict(np.ones((2, 8, 8, 1)), verbose=0), verbose=0)
    network.export(str(tmp_path / "exported"), verbose=False)
    tf.saved_model.save(network, str(tmp_path / "saved"))
    assert found(str(tmp_path / "exported")) == found(str(tmp_path / "saved")) == set()


def _v1_model() -> tuple[dict[str, Any], dict[str, Any]]:
    x = v1.placeholder(tf.float32, [None, None, None, 1], "x")
    weight = v1.get_variable("weight", [], initializer=v1.ones_initializer(), use_resource=False)
    return {"x": x}, {"y": tf.identity(x * weight, "y")}


def test_savers_left_by_a_training_script_are_harmless(save_v1: Save) -> None:
    assert found(save_v1(_v1_model, saver=True)) == set()


def test_an_initialiser_of_tensorflow_1_that_restores_is_not(save_v1: Save, secret: str) -> None:
    folder = save_v1(
        _v1_model, init=lambda: tf.raw_ops.RestoreV2(prefix=secret, tensor_names=["a"], shape_and_slices=[""], dtypes=[tf.float32])[0].op
    )
    assert found(folder) == {("RestoreV2", "reads files")}


def test_a_restore_that_saves_is_not(save_v1: Save) -> None:
    def swap(model: Any) -> None:
        saver = model.meta_graphs[0].saver_def
        saver.restore_op_name = saver.save_tensor_name.split(":")[0]

    assert ("SaveV2", "writes files") in found(rewrite(save_v1(_v1_model), swap))


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "a/../../b", "..\\b", "C:\\b", "gs://bucket/file"])
def test_assets_stay_in_the_folder(save: Save, name: str) -> None:
    folder = rewrite(save(lambda x: {"y": x}), lambda model: model.meta_graphs[0].asset_file_def.add(filename=name))
    with pytest.raises(BadModel, match="file outside the model's folder"):
        load(folder)


def test_a_second_graph_is_not_overlooked(save: Save) -> None:
    folder = save(lambda x: {"y": x})
    (Path(folder) / "saved_model.cpb").write_bytes(b"")
    with pytest.raises(BadModel, match=r"saved_model\.cpb \(is a second graph"):
        load(folder)


def test_every_graph_counts_not_only_the_one_that_is_served(save: Save, save_v1: Save, secret: str) -> None:
    evil = read_proto(save(lambda x: {"y": x * tf.strings.to_number(tf.io.read_file(secret))})).meta_graphs[0]
    folder = rewrite(save_v1(_v1_model), lambda model: model.meta_graphs.add().CopyFrom(evil))
    assert found(folder) == {("ReadFile", "reads files")}


def test_a_tensor_that_no_signature_gives_may_not_read_files_either(save_v1: Callable[..., str], tmp_path: Path) -> None:
    def build() -> tuple[dict[str, Any], dict[str, Any]]:
        x = tf.compat.v1.placeholder(tf.float32, [None, None, None, 1], "x")
        tf.raw_ops.RestoreV2(prefix=str(tmp_path / "secret"), tensor_names=["w"], shape_and_slices=[""], dtypes=[tf.float32], name="peek")
        return {"x": x}, {"y": tf.identity(x, "y")}

    folder = save_v1(build)
    load(folder)
    with pytest.raises(BadModel, match=r"could do harm.*RestoreV2 \(reads files"):
        load(folder, Wanted(outputs=("peek",)))
