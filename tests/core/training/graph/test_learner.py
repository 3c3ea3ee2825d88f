"""SavedModels that bring a training operation: OTBTF's example graph of TensorFlow 1, and signatures of TensorFlow 2 that train."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core import jobs
from core.errors import BadModel, BadParameter, BadTruth, CannotWrite
from core.inference import serve
from core.model.backend import keras, tf
from core.model.inspection import inspect
from core.model.loading.savedmodel import read_proto
from core.partial import replacing_folder
from core.training.graph.calls import GraphWish
from core.training.graph.learner import GraphLearner
from core.training.graph.targets import graph_targets

v1 = tf.compat.v1
SIDE, BANDS, CLASSES = 16, 4, 3
WISH = GraphWish("optimizer", placeholders="lr=0.01, is_training=true", validation_placeholders="is_training=false")
Build = Callable[..., str]


def example(labels: Sequence[int | None] | None = (None, 1, 1, 1), plain: bool = False, batch: int | None = None) -> tuple[Any, Any]:
    """OTBTF's example: a CNN for patches of 16 × 16 × 4, with Adam. `plain`: its learning rate has no default."""
    x = v1.placeholder(tf.float32, [batch, SIDE, SIDE, BANDS], "x")
    y = v1.placeholder(tf.int32, labels if labels is None else [batch, *labels[1:]], "y")
    lr = v1.placeholder(tf.float32, [], "lr") if plain else v1.placeholder_with_default(tf.constant(2e-3), [], "lr")
    training = v1.placeholder_with_default(False, [], "is_training")
    net = x
    for number, (field, filters) in enumerate([(5, 8), (3, 8), (2, 16)]):
        kernel = v1.get_variable(f"conv{number}", [field, field, net.shape[-1], filters], initializer=v1.glorot_uniform_initializer(number))
        net = tf.nn.relu(tf.nn.conv2d(net, kernel, 1, "VALID"))
        net = tf.nn.max_pool2d(net, 2, 2, "VALID") if number < 2 else net
    features = tf.reshape(net, [-1, 16], "features")
    seen = tf.cond(training, lambda: features * 1.5, lambda: features)
    logits = tf.matmul(seen, v1.get_variable("dense", [16, CLASSES], initializer=v1.glorot_uniform_initializer(9)))
    prediction = tf.argmax(logits, 1, name="prediction")
    tf.nn.softmax(logits, name="probabilities")
    cost = v1.losses.sparse_softmax_cross_entropy(labels=tf.reshape(y, [-1, 1]), logits=tf.reshape(logits, [-1, 1, CLASSES]))
    v1.train.AdamOptimizer(lr).minimize(cost, name="optimizer")
    return {"x:0": x, "y:0": y}, {"features:0": features, "prediction:0": prediction}


@pytest.fixture
def export(tmp_path: Path) -> Build:
    """A folder with a graph of TensorFlow 1, saved as OTBTF's examples are."""

    def make(build: Callable[..., tuple[Any, Any]] = example, name: str = "untrained", **options: Any) -> str:
        with tf.Graph().as_default(), v1.Session() as session:
            inputs, outputs = build(**options)
            session.run(v1.global_variables_initializer())
            v1.saved_model.simple_save(session, str(tmp_path / name), inputs, outputs)
        return str(tmp_path / name)

    return make


@pytest.fixture
def patches() -> tuple[np.ndarray, np.ndarray]:
    """65 patches whose class is in the level of one band: no multiple of any batch."""
    rng = np.random.default_rng(0)
    codes = np.arange(65) % CLASSES
    pixels = rng.normal(0, 0.3, (65, SIDE, SIDE, BANDS)).astype(np.float32)
    pixels[np.arange(65), :, :, codes] += 1
    return pixels, codes


def epoch(learner: GraphLearner, pixels: np.ndarray, codes: np.ndarray, batch: int = 16) -> float | None:
    for start in range(0, len(codes), batch):
        learner.train([pixels[start : start + batch]], [codes[start : start + batch]])
    total = learner.totals()
    return None if total is None else total / len(codes)


def save(learner: GraphLearner, folder: str) -> str:
    with replacing_folder(folder, marker="saved_model.pb") as temporary:
        learner.write(temporary)
    return folder


def test_the_example_of_otbtf_trains_saves_restores_and_goes_on(export: Build, patches: Any, tmp_path: Path) -> None:
    pixels, codes = patches
    untrained = export()
    with GraphLearner(untrained, WISH) as learner:
        assert [output.name for output in learner.outputs] == ["prediction:0"] and learner.outputs[0].kind == "codes"
        before = float((learner.predict([pixels])[0] == codes).mean())
        losses = [epoch(learner, *patches) for _ in range(6)]
        assert losses[-1] is not None and losses[0] is not None and losses[-1] < losses[0] / 3
        predicted = learner.predict([pixels])[0]
        assert (predicted == codes).mean() > max(before, 0.95)
        kept = learner.state()
        assert {"dense", "dense/Adam", "beta1_power"} <= set(kept)
        folder = save(learner, str(tmp_path / "trained"))
        further = epoch(learner, *patches)
        after = learner.state()
        learner.restore(kept)
        assert_same(learner.state(), kept)
        assert epoch(learner, *patches) == further  # the slots of Adam are restored, too
    with GraphLearner(folder, WISH) as again:
        assert_same(again.state(), kept)
        np.testing.assert_array_equal(again.predict([pixels])[0], predicted)
        assert epoch(again, *patches) == further
        assert_same(again.state(), after)
    assert Path(folder, "saved_model.pb").read_bytes() == Path(untrained, "saved_model.pb").read_bytes()


def test_what_was_trained_serves_and_is_inspected(
    export: Build, patches: Any, tmp_path: Path, make_raster: Callable[..., str], reporter: Any
) -> None:
    """Its labels are among the signature's inputs, as OTBTF exports them: they take no image."""
    pixels = patches[0]
    with GraphLearner(export(), WISH) as learner:
        for _ in range(3):
            epoch(learner, *patches)
        folder = save(learner, str(tmp_path / "trained"))
        scene = np.concatenate([np.concatenate([pixels[8 * row + col] for col in range(8)], axis=1) for row in range(8)])
        raster = make_raster(tmp_path / "scene.tif", scene)
        job = jobs.ServeModel(
            (jobs.ServedSource((raster,)),),
            folder,
            "patch_based",
            products=(jobs.Product(str(tmp_path / "map.tif"), ("prediction",)),),
            edges="valid",
        )
        serve.run(job, reporter)
        expected = learner.predict([pixels[:64]])[0].reshape(8, 8)
    served = read(tmp_path / "map.tif")
    np.testing.assert_array_equal(served[8::16, 8::16], expected)  # the pixel right below the centre of each patch
    found = inspect.facts(folder)
    assert found["safe"] and [part["name"] for part in found["inputs"] if part["source"]] == ["x:0"]


def read(path: Path) -> np.ndarray:
    import rasterio

    with rasterio.open(path) as image:
        return np.asarray(image.read(1))


@pytest.mark.parametrize("labels", [(None,), (None, 1), (None, 1, 1), (None, 1, 1, 1), None])
def test_labels_of_any_rank_and_batches_of_any_size(export: Build, patches: Any, labels: Any) -> None:
    with GraphLearner(export(labels=labels), WISH) as learner:
        before = learner.state()
        for count in (1, 5, 16):
            for shape in ((count,), (count, 1, 1), (count, 1, 1, 1)):
                learner.train([patches[0][:count]], [patches[1][:count].reshape(shape)])
            assert learner.predict([patches[0][:count]])[0].shape == (count,)
        assert (learner.state()["dense"] != before["dense"]).any()


def test_labels_of_pixels_fit_by_axes_of_size_one(export: Build) -> None:
    def segmenter() -> tuple[Any, Any]:
        x = v1.placeholder(tf.float32, [None, None, None, 1], "x")
        y = v1.placeholder(tf.uint8, [None, None, None, 1], "y")
        logits = tf.concat([x * v1.get_variable("w", initializer=[0.1]), x * 0], -1)
        v1.losses.sparse_softmax_cross_entropy(labels=tf.cast(y[..., 0], tf.int32), logits=logits)
        v1.train.GradientDescentOptimizer(0.1).minimize(v1.losses.get_total_loss(), name="train")
        return {"x": x}, {"classes": tf.argmax(logits, -1), "p": tf.nn.softmax(logits)}

    with GraphLearner(export(segmenter), GraphWish("train", outputs=("p", "classes"))) as learner:
        assert [output.kind for output in learner.outputs] == ["probabilities", "codes"]
        learner.train([np.ones((2, 3, 5, 1), "float32")], [np.ones((2, 3, 5), "int64")])
        assert [part.shape for part in learner.predict([np.ones((2, 3, 5, 1), "float32")])] == [(2, 3, 5, 2), (2, 3, 5)]
        learner.train([np.ones((2, 1, 1, 1), "float32")], [np.ones(2, "int64")])
        with pytest.raises(BadTruth, match="Labels for input y of the model: expected values of type uint8, received 300"):
            learner.train([np.ones((1, 1, 1, 1), "float32")], [np.array([300])])


def test_values_of_the_training_end_with_it(export: Build, patches: Any) -> None:
    """`features` are multiplied by 1.5 while it trains: not here."""
    wish = GraphWish("optimizer:0", outputs=("features", "probabilities:0"), placeholders="lr=0, is_training=true")
    with GraphLearner(export(), wish) as learner:
        before = learner.predict([patches[0]])
        assert [output.kind for output in learner.outputs] == ["values", "probabilities"]
        learner.train([patches[0]], [patches[1]])
        for part, expected in zip(learner.predict([patches[0]]), before, strict=True):
            np.testing.assert_array_equal(part, expected)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"targets": "train"}, "Target nodes: expected among optimizer, received train"),
        ({"targets": " , "}, "Target nodes: expected among optimizer, received none"),
        ({"targets": "optimizer, prediction"}, "prediction trains nothing: expected among optimizer"),
        ({"placeholders": ""}, r"The training takes values beside images: expected lr \(float32, one value\), received none.*lr=…"),
        ({"placeholders": "lr=0.1, momentum=1"}, r"User placeholders: expected among .*lr \(float32, one value\).*received momentum"),
        ({"placeholders": "lr=fast"}, "lr: expected a value of type float32, received fast"),
        ({"sources": ("images",)}, r"Source inputs: expected among .*x:0 \(float32, 4 dimensions\), received images"),
        ({"labels": ("truth",)}, r"Label inputs: expected among .*y:0 \(int32, 4 dimensions\).*received truth"),
        ({"outputs": ("map",)}, "Output of the model: expected one of features:0, prediction:0, received map"),
        ({"outputs": ("prediction:3",)}, "expected a tensor of its graph, received prediction:3"),
        ({"loss": "prediction/misses"}, "Loss: expected a tensor that the training computes, received prediction/misses"),
    ],
)
def test_what_is_not_there_is_said(export: Build, changes: dict[str, Any], words: str) -> None:
    wish = GraphWish(**{"targets": "optimizer", "placeholders": "lr=1e-3", **changes})
    with pytest.raises((BadModel, BadParameter), match=words):
        GraphLearner(export(plain=True), wish)


def two_labels() -> tuple[Any, Any]:
    x, classes, heights = (v1.placeholder(tf.float32, [None, 1, 1, 1], name) for name in ("x", "classes", "heights"))
    weight = v1.get_variable("w", initializer=0.0)
    loss = tf.reduce_mean((x * weight - classes) ** 2 + (x * weight - heights) ** 2, name="loss")
    step = v1.train.GradientDescentOptimizer(0.25).minimize(loss)
    with tf.control_dependencies([step]):
        tf.no_op("train")
    return {"x": x}, {"y": tf.identity(x * weight)}


def test_several_labels_are_named(export: Build) -> None:
    folder, ones = export(two_labels), np.ones((2, 1, 1, 1), "float32")
    with pytest.raises(BadModel, match=r"takes the labels is open: .*received classes \(float32, 4 dimensions\), heights .*Name it"):
        GraphLearner(folder, GraphWish("train"))
    with GraphLearner(folder, GraphWish("train", labels=("heights", "classes"))) as learner:
        learner.train([ones], [np.array([1, 1]), np.array([3, 3])])
        assert learner.state()["w"] == 2.0 and learner.totals() == (9 + 1) * 2 and learner.totals() == 0.0
        with pytest.raises(BadParameter, match="The training diverged"):
            learner.train([ones * np.inf], [np.array([1, 1]), np.array([3, 3])])


def test_a_model_without_a_loss_tells_none(export: Build) -> None:
    def silent() -> tuple[Any, Any]:
        x, y = v1.placeholder(tf.float32, [None, 1, 1, 1], "x"), v1.placeholder(tf.float32, [None], "y")
        weight = v1.get_variable("w", initializer=0.0, use_resource=True)
        with tf.control_dependencies([v1.assign_add(weight, tf.reduce_sum(y * x[:, 0, 0, 0]))]):
            tf.no_op("train")
        return {"x": x}, {"y": x * 1.0}

    with GraphLearner(export(silent), GraphWish("train")) as learner:
        learner.train([np.ones((2, 1, 1, 1), "float32")], [np.array([1, 2])])
        assert learner.totals() is None and learner.state() == {"w": 3.0}


def test_shapes_and_labels_that_do_not_fit(export: Build, patches: Any) -> None:
    pixels, codes = patches
    with GraphLearner(export(), WISH) as learner:
        with pytest.raises(BadModel, match="Patches for input x:0 of the model: expected any × 16 × 16 × 4, received 65 × 16 × 16 × 3"):
            learner.train([pixels[..., :3]], [codes])
        with pytest.raises(BadModel, match="Labels for input y:0 of the model: expected any × 1 × 1 × 1, received 65 × 16 × 16 × 1"):
            learner.train([pixels], [np.zeros((65, 16, 16), int)])
        with pytest.raises(BadModel, match=r"refuses what it is fed.*outside the valid range.*are they classes that the model knows"):
            learner.train([pixels], [codes + 7])
        with pytest.raises(BadParameter, match=r"Sources: expected 1 \(x:0\), received 2"):
            learner.predict([pixels, pixels])
        with pytest.raises(BadModel, match="state is that of another model"):
            learner.restore({"dense": np.zeros(3)})


def test_a_model_of_one_batch_size_is_held_to_it_and_predicts_any(export: Build, patches: Any) -> None:
    pixels, codes = patches
    with GraphLearner(export(batch=10), WISH) as learner, GraphLearner(export(name="open"), WISH) as other:
        with pytest.raises(
            BadParameter, match=r"batches of 10, received 65 samples in batches of 16\. Set the batch size to 10 and leave 5"
        ):
            learner.check_batches(65, 16)
        learner.check_batches(60, 10)
        other.check_batches(65, 16)
        with pytest.raises(BadParameter, match="batches of one size only"):
            learner.train([pixels[:9]], [codes[:9]])
        learner.train([pixels[:10]], [codes[:10]])
        other.restore(learner.state())
        np.testing.assert_array_equal(learner.predict([pixels])[0], other.predict([pixels])[0])


def test_training_a_hostile_model_is_refused(export: Build, tmp_path: Path) -> None:
    """What harms stands where only the training comes: no signature mentions it."""

    def hostile(harm: Callable[[str], Any]) -> tuple[Any, Any]:
        inputs, outputs = example()
        with tf.control_dependencies([v1.get_default_graph().get_operation_by_name("optimizer"), harm(str(tmp_path / "harm"))]):
            tf.no_op("train")
        return inputs, outputs

    harms: dict[str, Callable[[str], Any]] = {
        "WriteFile": lambda path: tf.io.write_file(path, "x"),
        "SaveV2": lambda path: tf.raw_ops.SaveV2(prefix=path, tensor_names=["a"], shape_and_slices=[""], tensors=[1.0]),
        "RestoreV2": lambda path: tf.raw_ops.RestoreV2(prefix=path, tensor_names=["a"], shape_and_slices=[""], dtypes=[tf.float32])[0].op,
    }
    for kind, harm in harms.items():
        folder = export(lambda harm=harm: hostile(harm), name=kind)
        with pytest.raises(BadModel, match=f"could do harm.*{kind}.*TRUST_MODEL"):
            GraphLearner(folder, GraphWish("train"))
        GraphLearner(folder, GraphWish("train", trust=True)).close()
    assert not os.path.exists(tmp_path / "harm")


def test_a_saver_that_was_tampered_with_is_refused(export: Build) -> None:
    folder = export()
    model = read_proto(folder)
    for node in model.meta_graphs[0].graph_def.node:
        if list(node.attr["value"].tensor.string_val) == [b"_temp/part"]:
            node.attr["value"].tensor.string_val[0] = b"/../../harm"
    Path(folder, "saved_model.pb").write_bytes(model.SerializeToString())
    with pytest.raises(BadModel, match=r"could do harm.*SaveV2 \(writes elsewhere than it is told to; in the graph\)"):
        GraphLearner(folder, WISH)


def test_a_model_that_was_never_saved_is_initialised(export: Build) -> None:
    folder = export()
    os.remove(Path(folder, "variables", "variables.index"))
    with GraphLearner(folder, WISH) as learner:
        assert learner.state()["dense"].any()


def test_nothing_half_is_left(export: Build, tmp_path: Path) -> None:
    with GraphLearner(export(), WISH) as learner:
        target = tmp_path / "output"
        with pytest.raises(CannotWrite), replacing_folder(str(target), marker="saved_model.pb") as temporary:
            Path(temporary, "variables").write_text("in the way")
            learner.write(temporary)
        assert os.listdir(tmp_path) == ["untrained"]


class Trainable(tf.Module):  # type: ignore[misc]
    """A linear model of TensorFlow 2 with a signature that trains it by gradient descent with momentum."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = tf.Variable(tf.zeros([BANDS, CLASSES]), name="weight")
        self.momentum = tf.Variable(tf.zeros([BANDS, CLASSES]), name="momentum")

    def scores(self, x: Any) -> Any:
        return tf.reduce_mean(x, [1, 2]) @ self.weight

    @tf.function(input_signature=[tf.TensorSpec([None, SIDE, SIDE, BANDS], tf.float32, name="x")])  # type: ignore[misc]
    def serve(self, x: Any) -> dict[str, Any]:
        return {"prediction": tf.argmax(self.scores(x), -1), "scores": self.scores(x)}

    @tf.function(  # type: ignore[misc]
        input_signature=[
            tf.TensorSpec([None, SIDE, SIDE, BANDS], tf.float32, name="x"),
            tf.TensorSpec([None], tf.int32, name="y"),
            tf.TensorSpec([], tf.float32, name="lr"),
        ]
    )
    def train(self, x: Any, y: Any, lr: Any) -> dict[str, Any]:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(y, self.scores(x)))
        self.momentum.assign(0.9 * self.momentum + tape.gradient(loss, self.weight))
        self.weight.assign_sub(lr * self.momentum)
        return {"loss": loss}


class WithKeras(tf.Module):  # type: ignore[misc]
    """The same with a network and an optimizer of Keras 3, whose variables stand in the export twice."""

    def __init__(self) -> None:
        super().__init__()
        self.network = keras.Sequential([keras.Input((SIDE, SIDE, BANDS)), keras.layers.Flatten(), keras.layers.Dense(CLASSES)])
        self.optimizer = keras.optimizers.Adam(1e-2)
        self.optimizer.build(self.network.trainable_variables)

    @tf.function(input_signature=[tf.TensorSpec([None, SIDE, SIDE, BANDS], tf.float32, name="x")])  # type: ignore[misc]
    def serve(self, x: Any) -> dict[str, Any]:
        return {"prediction": tf.argmax(self.network(x), -1)}

    @tf.function(  # type: ignore[misc]
        input_signature=[
            tf.TensorSpec([None, SIDE, SIDE, BANDS], tf.float32, name="x"),
            tf.TensorSpec([None, 1], tf.int32, name="y"),
        ]
    )
    def train(self, x: Any, y: Any) -> dict[str, Any]:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(keras.losses.sparse_categorical_crossentropy(y, self.network(x), from_logits=True))
        variables = self.network.trainable_variables
        self.optimizer.apply(tape.gradient(loss, variables), variables)
        return {"loss": loss}


@pytest.mark.parametrize(("module", "placeholders"), [(Trainable, "lr=0.5"), (WithKeras, "")])
def test_a_signature_of_tensorflow_2_that_trains(patches: Any, tmp_path: Path, module: Any, placeholders: str) -> None:
    pixels, codes = patches
    owner, folder = module(), str(tmp_path / "untrained")
    tf.saved_model.save(owner, folder, signatures={"serving_default": owner.serve, "train": owner.train})
    assert graph_targets(folder) == ("train",)
    with GraphLearner(folder, GraphWish("train", placeholders=placeholders)) as learner:
        np.testing.assert_array_equal(learner.predict([pixels])[0], owner.serve(pixels)["prediction"])
        losses = [epoch(learner, *patches) for _ in range(5)]
        assert losses[-1] is not None and losses[0] is not None and losses[-1] < losses[0]
        predicted, trained = learner.predict([pixels])[0], save(learner, str(tmp_path / "trained"))
        assert (predicted == codes).mean() > 0.95
        further = epoch(learner, *patches)
    with GraphLearner(trained, GraphWish("train", placeholders=placeholders)) as again:
        assert epoch(again, *patches) == pytest.approx(further, rel=1e-5)
    served = tf.saved_model.load(trained).signatures["serving_default"](x=tf.constant(pixels))["prediction"]
    np.testing.assert_array_equal(served, predicted)


def test_models_that_bring_no_training(export: Build, tmp_path: Path) -> None:
    assert graph_targets(export()) == ("optimizer",)
    keras.Sequential([keras.Input((2, 2, 1)), keras.layers.Flatten()]).save(tmp_path / "network.keras")
    assert graph_targets(str(tmp_path / "network.keras")) == ()

    def fixed() -> tuple[Any, Any]:
        x = v1.placeholder(tf.float32, [None, 1, 1, 1], "x")
        return {"x": x}, {"y": x * v1.get_variable("w", initializer=1.0)}

    folder = export(fixed, name="fixed")
    assert graph_targets(folder) == ()
    with pytest.raises(BadParameter, match="seems to have none, received optimizer"):
        GraphLearner(folder, GraphWish("optimizer"))


def assert_same(state: dict[str, np.ndarray], expected: dict[str, np.ndarray]) -> None:
    assert state.keys() == expected.keys()
    for name, values in expected.items():
        np.testing.assert_array_equal(state[name], values, name)
