"""Geometry off the graph: answers known from the literature, and the names of what cannot be known."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from core.model.backend import keras, tf
from core.model.gallery import find
from core.model.gallery.architecture import Wish
from core.model.geometry.graph_geometry import OutputGeometry, read_geometry
from core.model.loading.frozen import FrozenGraph
from core.model.loading.load import LoadedModel, load

layers = keras.layers
v1 = tf.compat.v1
Save = Callable[..., LoadedModel]


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Save:
    """Writes a network, or a function of images (with the shape of each, and the layer it holds), as a SavedModel and loads it again."""

    def save(network: Any, *shapes: list[int | None], holds: Any = None) -> LoadedModel:
        inputs = [(source.name, source.shape) for source in network.inputs] if not shapes else [(f"x{i}", s) for i, s in enumerate(shapes)]
        specs = [tf.TensorSpec(shape, tf.float32, name=name) for name, shape in inputs]

        def call(*sources: Any) -> dict[str, Any]:
            if shapes:
                result = network(*sources)
            else:
                result = network(sources[0] if len(sources) == 1 else list(sources), training=False)
            return result if isinstance(result, dict) else {"y": result}

        module, folder = tf.Module(), str(tmp_path_factory.mktemp("model"))
        module.network = holds or network
        tf.saved_model.save(module, folder, signatures=tf.function(call, input_signature=specs))
        return load(folder)

    return save


def geometry(model: LoadedModel, output: str = "y") -> OutputGeometry:
    return read_geometry(FrozenGraph(model))[output]


def sequence(*parts: Any, size: int | None = None, bands: int = 2) -> Any:
    source = x = keras.Input((size, size, bands), name="x")
    for part in parts:
        x = part(x)
    return keras.Model(source, x)


def cnn16_layers() -> list[Any]:
    convolutions = [layers.Conv2D(4, 5), layers.Conv2D(4, 3), layers.Conv2D(4, 2)]
    return [convolutions[0], layers.MaxPooling2D(2), convolutions[1], layers.MaxPooling2D(2), convolutions[2]]


def test_the_tutorials_cnn(saved: Save) -> None:
    found = geometry(saved(find("cnn16").build(Wish((4,), 3))))
    assert not found.unknown and not found.fully_convolutional
    seen = found.inputs["source1"]
    assert (seen.receptive_field, seen.stride, found.expression_field, seen.scale_factor) == ((16, 16), (4, 4), (1, 1), 1)


def test_its_fully_convolutional_form(saved: Save) -> None:
    found = geometry(saved(sequence(*cnn16_layers(), layers.Conv2D(3, 1, activation="softmax"))))
    seen = found.inputs["x"]
    assert not found.unknown and found.fully_convolutional and found.halo == (0, 0)
    assert (seen.receptive_field, seen.stride, found.expression_field, seen.scale_factor) == ((16, 16), (4, 4), (1, 1), 4)
    assert (seen.view, seen.offset) == ((16, 16), (8, 8))


def test_a_patch_model_with_open_sizes_whose_pixels_come_in_a_list(saved: Save) -> None:
    """OTBTF's tutorials: any size is taken, and the last reshape makes a list of what should be one vector a patch."""
    network = sequence(*cnn16_layers())
    found = geometry(saved(lambda x: tf.reshape(network(x), [-1, 4]), [None, None, None, 2], holds=network))
    seen = found.inputs["x0"]
    assert not found.unknown and not found.fully_convolutional
    assert (seen.receptive_field, found.expression_field, seen.scale_factor, seen.stride) == ((16, 16), (1, 1), 1, (4, 4))


def test_maggiori(saved: Save) -> None:
    """Maggiori et al. 2017, *Convolutional neural networks for large-scale remote-sensing image classification*: 80 × 80 → 16 × 16."""
    up = layers.Conv2DTranspose(1, 8, strides=4)
    parts = [
        layers.Conv2D(3, 12, strides=4),
        layers.MaxPooling2D(3, strides=1),
        layers.Conv2D(3, 5),
        layers.Conv2D(3, 3),
        layers.Conv2D(3, 3),
    ]
    parts += [layers.Conv2D(3, 3), up, layers.Cropping2D(6)]
    network = sequence(*parts)
    found, seen = geometry(saved(network)), geometry(saved(network)).inputs["x"]
    assert not found.unknown and found.fully_convolutional and seen.scale_factor == 1 and seen.stride == (4, 4)
    assert found.expression_field == (4, 4) and 16 % found.expression_field[0] == 0
    assert seen.receptive_field[0] - found.expression_field[0] == 80 - 16
    assert network(np.zeros((1, 80, 80, 2), "float32")).shape[1:3] == (16, 16)


def test_otbtfs_fully_convolutional_example(saved: Save) -> None:
    """Four convolutions of stride 2 and four transposed ones with skips, cropped by 16 pixels, as OTBTF's own example."""
    source = x = keras.Input((None, None, 4), name="x")
    skips = []
    for filters in (2, 3, 4, 5):
        skips.append(x)
        x = layers.Conv2D(filters, 3, strides=2, padding="same", activation="relu")(x)
    for i in range(4):
        x = layers.Conv2DTranspose(2, 3, strides=2, padding="same", activation="relu")(x)
        if i < 3:
            x = layers.Concatenate()([x, skips[3 - i]])
    network = keras.Model(source, layers.Softmax()(x))

    def call(x: Any) -> dict[str, Any]:
        y = network(x)
        return {"y": y, "y_crop16": y[:, 16:-16, 16:-16, :], "y_crop64": layers.Cropping2D(64)(y)}

    found = read_geometry(FrozenGraph(saved(call, [None, None, None, 4], holds=network)))
    for name, margin in (("y", 0), ("y_crop16", 16), ("y_crop64", 64)):
        assert not found[name].unknown, found[name].unknown
        seen = found[name].inputs["x0"]
        assert not found[name].unknown and seen.stride == (16, 16) and seen.scale_factor == 1
        assert found[name].expression_field == (16, 16) and seen.view == found["y"].inputs["x0"].view
        assert seen.receptive_field[0] == 16 + 2 * (margin + found[name].halo[0])
    assert found["y"].halo == (16, 16) and found["y_crop16"].halo == (0, 0) and found["y_crop64"].halo == (0, 0)


def test_sr4rs(saved: Save) -> None:
    """A residual generator, ×4: its borders are wrong for about 168 pixels, and its margin of 64 is too small."""
    source = keras.Input((None, None, 4), name="x")
    x = first = layers.Conv2D(2, 9, padding="same")(source)
    for _ in range(16):
        x = layers.Add()([x, layers.Conv2D(2, 3, padding="same")(layers.Conv2D(2, 3, padding="same", activation="relu")(x))])
    x = layers.Add()([first, layers.Conv2D(2, 3, padding="same")(x)])
    for _ in range(2):
        x = layers.Conv2DTranspose(2, 3, strides=2, padding="same")(x)
    found = geometry(saved(keras.Model(source, layers.Conv2D(4, 9, padding="same")(x))))
    seen = found.inputs["x"]
    assert not found.unknown and found.fully_convolutional and seen.scale_factor == Fraction(1, 4)
    assert found.expression_field == (4, 4) and 152 <= found.halo[0] <= 172
    assert seen.receptive_field[0] == 1 + 2 * found.halo[0] // 4


def test_two_sources_of_other_spacings(saved: Save) -> None:
    pan, xs = keras.Input((None, None, 1), name="pan"), keras.Input((None, None, 4), name="xs")
    x = layers.Conv2D(4, 5)(pan)
    x = layers.MaxPooling2D(2)(layers.Conv2D(4, 3)(layers.MaxPooling2D(2)(x)))
    y = layers.Conv2D(4, 3)(xs)
    found = geometry(saved(keras.Model([pan, xs], layers.Conv2D(3, 2)(layers.Concatenate()([x, y])))))
    assert not found.unknown and found.fully_convolutional and found.expression_field == (1, 1)
    assert {name: (seen.receptive_field, seen.scale_factor) for name, seen in found.inputs.items()} == {
        "pan": ((16, 16), 4), "xs": ((4, 4), 1),
    }  # fmt: skip


def test_patches_of_two_sizes(saved: Save) -> None:
    pan, xs = keras.Input((32, 32, 1), name="pan"), keras.Input((8, 8, 4), name="xs")
    joined = layers.Concatenate()([layers.Flatten()(layers.Conv2D(2, 5)(pan)), layers.GlobalAveragePooling2D()(xs)])
    found = geometry(saved(keras.Model([pan, xs], layers.Dense(3)(joined))))
    assert not found.unknown and not found.fully_convolutional and found.expression_field == (1, 1)
    assert {name: (seen.receptive_field, seen.scale_factor) for name, seen in found.inputs.items()} == {
        "pan": ((32, 32), 1), "xs": ((8, 8), 1),
    }  # fmt: skip


def test_volumes_and_time(saved: Save) -> None:
    """A series stacked along bands, unfolded in the graph: 3-D convolutions over time leave rows and columns to the 3 × 3 of theirs."""
    volume = layers.Conv3D(4, (3, 3, 3))

    def call(x: Any) -> Any:
        sizes = tf.shape(x)
        series = tf.transpose(tf.reshape(x, [sizes[0], sizes[1], sizes[2], 5, 2]), [0, 3, 1, 2, 4])
        return tf.reduce_mean(volume(series), axis=1)

    volume.build((None, 5, None, None, 2))
    found = geometry(saved(call, [None, None, None, 10], holds=volume))
    assert not found.unknown and found.expression_field == (1, 1) and found.inputs["x0"].receptive_field == (3, 3)


def test_pixels_as_a_matrix_and_back(saved: Save) -> None:
    """Softmax as TensorFlow 1 spelt it, and depth to space by reshaping."""
    weights = np.ones((3, 8), "float32")

    def call(x: Any) -> Any:
        sizes = tf.shape(x)
        y = tf.reshape(tf.nn.softmax(tf.reshape(x, [-1, 3]) @ weights), [sizes[0], sizes[1], sizes[2], 8])
        y = tf.transpose(tf.reshape(y, [sizes[0], sizes[1], sizes[2], 2, 2, 2]), [0, 1, 3, 2, 4, 5])
        return tf.reshape(y, [sizes[0], sizes[1] * 2, sizes[2] * 2, 2])

    found = geometry(saved(call, [None, None, None, 3]))
    seen = found.inputs["x0"]
    assert not found.unknown and (found.expression_field, seen.receptive_field, seen.scale_factor) == ((2, 2), (1, 1), Fraction(1, 2))


@pytest.mark.parametrize(
    ("network", "words"),
    [
        (lambda x: tf.cumsum(x, axis=1), "Cumsum is not known"),
        (lambda x: x - tf.reduce_mean(x, axis=[1, 2], keepdims=True), "Mean of the whole window"),
        (lambda x: tf.reduce_sum(x), "Sum of the whole window"),
        (lambda x: x[:, ::-1], "turns the image round"),
        (lambda x: tf.concat([x, x], axis=1), "side by side"),
        (lambda x: tf.image.resize(x, [7, 7]), "resizes 3840 elements to 7 (windows of other sizes may suit)"),
        (lambda x: x[:, :, :1] + tf.image.resize(x, tf.shape(x)[1:3] * 2), "joins 3840 and 7680 elements"),
        (lambda x: tf.image.resize(x, tf.fill([2], tf.cast(tf.reduce_max(x), tf.int32))), "depends on the image's content"),
        (lambda x: tf.nn.max_pool2d(x, [1, 2], [1, 2], "VALID"), "one scale factor: 1 down, 2 across"),
        (lambda x: v1.image.resize_bilinear(x, tf.shape(x)[1:3] * 2, align_corners=True), "aligns corners"),
        (lambda x: tf.constant([1.0, 2.0]), "depends on no image"),
    ],
)
def test_what_cannot_be_derived_is_named(saved: Save, network: Callable[[Any], Any], words: str) -> None:
    found = geometry(saved(network, [None, None, None, 2]))
    assert len(found.unknown) >= 1 and words in "; ".join(found.unknown)


def test_one_unknown_output_leaves_the_others_known(saved: Save) -> None:
    found = read_geometry(
        FrozenGraph(saved(lambda x: {"a": tf.cumsum(x, axis=1), "b": x * 2, "c": tf.reduce_mean(x)}, [None, None, None, 2]))
    )
    assert [bool(found[name].unknown) for name in "abc"] == [True, False, True]


def test_a_model_of_tensorflow_1(save_v1: Callable[..., str]) -> None:
    """Variables, open placeholders and named tensors, as OTBTF's scripts leave them."""

    def build() -> tuple[dict[str, Any], dict[str, Any]]:
        x = v1.placeholder(tf.float32, [None, None, None, 2], "x")
        rate = v1.placeholder_with_default(0.5, [], "rate")
        with v1.variable_scope("net", use_resource=False):
            kernel = v1.get_variable("kernel", [5, 5, 2, 3])
            last = v1.get_variable("last", [3, 3, 3, 1])
        y = v1.nn.max_pool2d(v1.nn.conv2d(x, kernel, 1, "VALID"), 2, 2, "VALID") * rate
        return {"x": x}, {"y": v1.nn.conv2d(y, last, 1, "SAME")}

    found = geometry(load(save_v1(build)))
    seen = found.inputs["x"]
    assert not found.unknown and found.fully_convolutional and found.halo == (1, 1)
    assert (seen.receptive_field, found.expression_field, seen.scale_factor, seen.view) == ((10, 10), (1, 1), 2, (10, 10))


def test_a_model_exported_again_with_other_operations_before_it(save: Callable[..., str]) -> None:
    """Its inlined functions wait for the image, even where they need its size only."""
    weight = tf.Variable(2.0)
    inner = tf.saved_model.load(
        save(lambda x: {"y": tf.image.resize(x * weight, tf.shape(x)[1:3] * 2, antialias=True)}, "inner", weight=weight)
    )
    outer = save(lambda x: {"y": inner.signatures["serving_default"](x=tf.sqrt(x))["y"]}, "outer", inner=inner)
    found = read_geometry(FrozenGraph(load(outer)))["y"]
    assert not found.unknown and found.inputs["x"].scale_factor == Fraction(1, 2)


def test_an_open_size_beside_a_fixed_one_is_asked_for(saved: Save) -> None:
    patch, series = keras.Input((8, 8, 2), name="patch"), keras.Input((None, None, 3), name="series")
    joined = layers.Concatenate()([layers.Flatten()(patch), layers.GlobalAveragePooling2D()(series)])
    found = geometry(saved(keras.Model([patch, series], layers.Dense(2)(joined))))
    assert found.unknown == ("series of any size, beside inputs whose patches have a size of their own",)
