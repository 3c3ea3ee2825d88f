"""Models of TensorFlow 1 and of other programs: what of them is served, by which names, and with which values for what is no image."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from core.errors import BadModel, BadParameter
from core.model.backend import tf
from core.model.loading.frozen import FrozenGraph
from core.model.loading.load import LoadedModel, Wanted, load
from core.model.loading.savedmodel import read_proto
from core.model.loading.signature import natural

v1 = tf.compat.v1
Save = Callable[..., str]
IMAGES = [None, None, None, 1]
ONE = np.ones((1, 2, 2, 1), "float32")


def build(keys: str = "plain", resource: bool = False) -> tuple[dict[str, Any], dict[str, Any]]:
    """prediction = 3·x·lr, doubled if is_training; `hidden` = x·lr is in the graph only, `unused` has to be fed for nothing."""
    x = v1.placeholder(tf.float32, IMAGES, "x")
    lr = v1.placeholder(tf.float32, [], "lr")
    training = v1.placeholder_with_default(False, [], "is_training")
    v1.placeholder_with_default(tf.constant(1.0), [], "not_in_signature")
    unused = v1.placeholder(tf.int32, [None], "unused")
    weight = v1.get_variable("weight", [1, 1, 1, 1], initializer=v1.constant_initializer(3.0), use_resource=resource)
    hidden = tf.multiply(x, lr, "hidden")
    value = tf.nn.conv2d(hidden, weight, 1, "SAME") * v1.get_default_graph().get_tensor_by_name("not_in_signature:0")
    prediction = tf.where(training, value * 2, value, "prediction")
    if keys == "tensors":  # as OTBTF and SR4RS export
        return {t.name: t for t in (x, lr)}, {"prediction:0": prediction}
    return {"input": x, "lr": lr, "is_training": training, "unused": unused}, {"out": prediction}


def value(model: LoadedModel, output: str) -> float:
    name = model.output_named(output)
    result = model.run({model.inputs[0].name: ONE}, [name])[name]
    return float(result[0, 0, 0, 0])


@pytest.mark.parametrize("resource", [False, True])
def test_a_model_of_tensorflow_1(save_v1: Save, resource: bool) -> None:
    folder = save_v1(lambda: build(resource=resource), tags=("serve", "gpu"), signature="anything", saver=True)
    model = load(folder, Wanted(placeholders="lr=0.5"))
    assert [(spec.name, spec.shape) for spec in model.inputs] == [("input", (None, None, None, 1))]
    assert value(model, "out") == value(model, "prediction") == value(model, "prediction:0") == 1.5
    assert value(load(folder, Wanted(placeholders="lr=0.5, is_training=true")), "out") == 3.0
    assert value(load(folder, Wanted(placeholders="lr:0=0.5, not_in_signature=10")), "out") == 15.0


def test_the_graph_that_is_served_can_be_read(save_v1: Save) -> None:
    """No call that hides it, no switch for what is settled: geometry and dense evaluation see convolutions."""
    graph = FrozenGraph(load(save_v1(build), Wanted(placeholders="lr=1")))
    kinds = [operation.type for operation in graph.operations]
    assert "Conv2D" in kinds and "StatefulPartitionedCall" not in kinds and "PartitionedCall" not in kinds
    assert list(graph.inputs) == ["input"] and kinds.count("Placeholder") == 1


def test_names_that_are_tensors(save_v1: Save) -> None:
    model = load(save_v1(lambda: build("tensors")), Wanted(placeholders="lr=2"))
    assert [spec.name for spec in model.inputs] == ["x:0"] and [spec.name for spec in model.outputs] == ["prediction:0"]
    assert value(model, "prediction") == value(model, "prediction:0") == 6.0


def test_any_tensor_of_the_graph_can_be_an_output(save_v1: Save) -> None:
    folder = save_v1(build)
    for name in ("hidden", "hidden:0"):
        assert value(load(folder, Wanted(placeholders="lr=2", outputs=(name, "out"))), name) == 2.0
    assert [spec.name for spec in load(folder, Wanted(placeholders="lr=2", outputs=("nothing", "prediction"))).outputs] == ["out"]


@pytest.mark.parametrize(
    ("placeholders", "words"),
    [
        ("", r"beside images: expected lr \(float32, one value\), received none"),
        ("lr=fast", "lr: expected a value of type float32, received fast"),
        ("lr=1, momentum=2", r"is_training \(bool, one value\).*unused.*not_in_signature.*received momentum"),
    ],
)
def test_values_that_do_not_fit(save_v1: Save, placeholders: str, words: str) -> None:
    with pytest.raises(BadParameter, match=words):
        load(save_v1(build), Wanted(placeholders=placeholders))


def test_one_graph_of_several(save_v1: Save) -> None:
    folder = save_v1(build, tags=("train",))
    assert value(load(folder, Wanted(placeholders="lr=1")), "out") == 3.0  # the only one, whatever its tags
    model = read_proto(folder)
    model.meta_graphs.add().CopyFrom(model.meta_graphs[0])
    model.meta_graphs[1].meta_info_def.tags[:] = ["eval", "gpu"]
    with open(f"{folder}/saved_model.pb", "wb") as file:
        file.write(model.SerializeToString())
    with pytest.raises(BadModel, match=r"holds 2 graphs: expected one with the tag serve, received \{train\} or \{eval, gpu\}"):
        load(folder, Wanted(placeholders="lr=1"))
    model.meta_graphs[1].meta_info_def.tags[:] = ["serve", "gpu"]
    with open(f"{folder}/saved_model.pb", "wb") as file:
        file.write(model.SerializeToString())
    assert value(load(folder, Wanted(placeholders="lr=1")), "out") == 3.0


@pytest.fixture
def several(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., str]:
    class Module(tf.Module):  # type: ignore[misc]
        @tf.function(input_signature=[tf.TensorSpec(IMAGES, tf.float32, name="x10"), tf.TensorSpec(IMAGES, tf.float32, name="x2"), tf.TensorSpec([2], tf.int32, name="sizes"), tf.TensorSpec([], tf.string, name="name")])  # type: ignore[misc]  # fmt: skip # noqa: E501
        def two(self, x10: Any, x2: Any, sizes: Any, name: Any) -> dict[str, Any]:
            factor = tf.cast(tf.reduce_sum(sizes) * tf.strings.length(name), tf.float32)
            return {"sum": (x10 + 2 * x2) * factor, "name": name}

        @tf.function(input_signature=[tf.TensorSpec(None, tf.float32, name="x")])  # type: ignore[misc]
        def one(self, x: Any) -> dict[str, Any]:
            return {"same": tf.identity(x)}

        @tf.function(input_signature=[tf.TensorSpec([], tf.float32, name="x")])  # type: ignore[misc]
        def none(self, x: Any) -> dict[str, Any]:
            return {"same": tf.identity(x)}

    def make(**signatures: str) -> str:
        module, folder = Module(), str(tmp_path_factory.mktemp("several") / "model")
        tf.saved_model.save(module, folder, signatures={name: getattr(module, method) for name, method in signatures.items()})
        return folder

    return make


def test_the_signature_is_chosen(several: Callable[..., str]) -> None:
    assert load(several(a="one")).outputs[0].name == "same"
    assert load(several(serving_default="one", a="none")).outputs[0].name == "same"
    folder = several(a="one", b="two")
    assert load(folder, Wanted(signature="a")).outputs[0].name == "same"
    with pytest.raises(BadModel, match=r"expected the signature serving_default, received a, b\. Choose one \(SIGNATURE\)"):
        load(folder)
    with pytest.raises(BadParameter, match="Signature of the model: expected one of a, b, received c"):
        load(folder, Wanted(signature="c"))


def test_sources_are_the_inputs_of_images_in_the_order_of_their_numbers(several: Callable[..., str]) -> None:
    folder = several(b="two")
    model = load(folder, Wanted(placeholders="sizes=1 2, name=ab"))
    assert [spec.name for spec in model.inputs] == ["x2", "x10"]
    assert model.run({"x2": ONE, "x10": ONE * 5}, ["sum"])["sum"][0, 0, 0, 0] == (5 + 2) * 3 * 2
    ordered = load(folder, Wanted(sources=("x10", "x2"), placeholders="sizes=1 2, name=ab"))
    assert [spec.name for spec in ordered.inputs] == ["x10", "x2"]


def test_an_input_of_any_shape_takes_images(several: Callable[..., str]) -> None:
    assert [spec.shape for spec in load(several(a="one")).inputs] == [None]
    with pytest.raises(
        BadModel, match=r"takes no images: expected an input of numbers with 4 dimensions, received x \(float32, one value\)"
    ):
        load(several(a="none"))


def test_numbers_count_as_people_count() -> None:
    assert sorted(["x10", "x9", "x", "a2b10", "a2b9"], key=natural) == ["a2b9", "a2b10", "x", "x9", "x10"]


def test_dynamic_world_is_served_without_trust(dynamic_world: str) -> None:
    assert [spec.name for spec in load(dynamic_world).inputs] == ["input_3"]


def test_tables_of_tensorflow_1_are_initialised(save_v1: Save) -> None:
    """A table is no constant: such a graph is called, not frozen."""

    def with_table() -> tuple[dict[str, Any], dict[str, Any]]:
        x = v1.placeholder(tf.float32, IMAGES, "x")
        table = tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer([1], [7.0]), 0.0)
        return {"x": x}, {"y": x * table.lookup(tf.constant(1))}

    assert value(load(save_v1(with_table, init=v1.tables_initializer)), "y") == 7.0


def test_trust_is_needed_for_whatever_tensor_is_asked_for(save_v1: Save) -> None:
    def hidden_reader() -> tuple[dict[str, Any], dict[str, Any]]:
        x = v1.placeholder(tf.float32, IMAGES, "x")
        tf.identity(tf.strings.length(tf.io.read_file("/etc/hostname")), "length")
        return {"x": x}, {"y": tf.identity(x)}

    with pytest.raises(BadModel, match=r"ReadFile \(reads files; in the graph\)"):
        load(save_v1(hidden_reader), Wanted(outputs=("length",)))
