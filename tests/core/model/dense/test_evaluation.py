"""Dense evaluation against true patches: random networks, any step, one or two sources."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.model.backend import keras, tf
from core.model.dense.evaluation import PatchGrid, densify
from core.model.dense.patch_map import NotDense
from core.model.loading.frozen import FrozenGraph
from core.model.loading.load import LoadedModel, load

layers = keras.layers
Starts = dict[str, tuple[list[int], list[int]]]
Save = Callable[[Any], LoadedModel]
DOWN, ACROSS = 5, 4  # patches


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Any], LoadedModel]:
    """Writes a network as a SavedModel and loads it again."""

    def save(network: Any) -> LoadedModel:
        specs = [tf.TensorSpec(source.shape, tf.float32, name=source.name) for source in network.inputs]

        def call(*sources: Any) -> dict[str, Any]:
            return {"y": network(sources[0] if len(sources) == 1 else list(sources), training=False)}

        module, folder = tf.Module(), str(tmp_path_factory.mktemp("model"))
        module.network = network
        tf.saved_model.save(module, folder, signatures=tf.function(call, input_signature=specs))
        return load(folder)

    return save


def compare(
    model: LoadedModel, grids: dict[str, PatchGrid], starts: dict[str, tuple[list[int], list[int]]]
) -> tuple[np.ndarray, np.ndarray]:
    """The outputs of all patches, densely and one by one."""
    rng, windows, patches = np.random.default_rng(1), {}, {}
    for name, grid in grids.items():
        (rows, cols), (height, width) = starts[name], grid.size
        bands = next(spec.shape[-1] for spec in model.inputs if spec.name == name and spec.shape)
        window = rng.normal(size=(rows[-1] + height, cols[-1] + width, bands)).astype("float32")
        windows[name] = window[np.newaxis]
        patches[name] = np.stack([window[row : row + height, col : col + width] for row in rows for col in cols])
    dense = densify(FrozenGraph(model), grids, ["y"])(windows, starts)["y"].numpy()
    return dense, model.run(patches, ["y"])["y"]


def evenly(step: int) -> tuple[list[int], list[int]]:
    return [i * step for i in range(DOWN)], [i * step for i in range(ACROSS)]


BLOCKS: dict[str, Callable[[Any], Any]] = {
    "conv": lambda x: layers.Conv2D(3, 3, activation="relu")(x),
    "conv of a line": lambda x: layers.Conv2D(3, (1, 2), activation="tanh")(x),
    "strided conv": lambda x: layers.Conv2D(4, 2, strides=2, activation="elu")(x),
    "dilated conv": lambda x: layers.Conv2D(3, 2, dilation_rate=2)(x),
    "depthwise conv": lambda x: layers.DepthwiseConv2D(2, activation="softplus")(x),
    "max pool": lambda x: layers.MaxPooling2D(2)(x),
    "overlapping max pool": lambda x: layers.MaxPooling2D(3, strides=2)(x),
    "average pool": lambda x: layers.AveragePooling2D(2)(x),
    "normalised": lambda x: layers.BatchNormalization()(x),
    "scaled": lambda x: layers.Rescaling(0.5, 1.0)(x),
    "two branches": lambda x: layers.Concatenate()([layers.Conv2D(2, 3)(x), layers.Conv2D(2, 3, activation="sigmoid")(x)]),
    "cropped": lambda x: layers.Cropping2D(((1, 0), (0, 1)))(x),
    "beside its middle": lambda x: layers.Concatenate()([layers.Cropping2D(1)(x), layers.Conv2D(2, 3)(x)]),
    "residual": lambda x: layers.Add()([x, layers.Conv2D(x.shape[-1], 1)(x)]),
    "softmax of the channels": lambda x: layers.Softmax()(x),
}
HEADS: dict[str, Callable[[Any], Any]] = {
    "flatten and dense": lambda x: layers.Dense(3)(layers.Dense(5, activation="relu")(layers.Flatten()(x))),
    "global mean": lambda x: layers.Dense(3)(layers.GlobalAveragePooling2D()(x)),
    "flatten and more": lambda x: layers.Dense(3)(layers.Activation("tanh")(layers.Flatten()(x))),
    "convolution of the whole": lambda x: layers.Flatten()(layers.Conv2D(4, x.shape[1:3])(x)),
}


def build(blocks: list[str], head: str, size: tuple[int, int]) -> Any:
    keras.utils.set_random_seed(3)
    source = keras.Input((*size, 2), name="a")
    x = source
    for block in blocks:
        if min(x.shape[1:3]) < 4:
            break
        x = BLOCKS[block](x)
    return keras.Model(source, HEADS[head](x))


@settings(max_examples=20, deadline=None)
@given(
    blocks=st.lists(st.sampled_from(sorted(BLOCKS)), max_size=5), head=st.sampled_from(sorted(HEADS)),
    size=st.tuples(st.integers(5, 16), st.integers(5, 16)), step=st.sampled_from([1, 1, 2, 3, 4]),
)  # fmt: skip
def test_random_networks(saved: Save, blocks: list[str], head: str, size: tuple[int, int], step: int) -> None:
    model = saved(build(blocks, head, size))
    dense, patches = compare(model, {"a": PatchGrid(size, (step, step))}, {"a": evenly(step)})
    np.testing.assert_allclose(dense, patches, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("head", sorted(HEADS))
def test_uneven_starts(saved: Save, head: str) -> None:
    """As where a source's pixels are no whole fraction of the output's: 20/3 pixels from patch to patch."""
    model = saved(build(["conv", "max pool", "conv"], head, (12, 12)))
    starts = [0, 7, 13, 20], [0, 6, 13]
    dense, patches = compare(model, {"a": PatchGrid((12, 12), None)}, {"a": starts})
    np.testing.assert_allclose(dense, patches, rtol=1e-4, atol=1e-5)


def two_branches() -> Any:
    keras.utils.set_random_seed(3)
    fine, coarse = keras.Input((32, 32, 1), name="pan"), keras.Input((8, 8, 4), name="xs")
    x = layers.MaxPooling2D(2)(layers.Conv2D(4, 5, activation="relu")(fine))
    x = layers.Flatten()(layers.Conv2D(4, 3, activation="relu")(layers.MaxPooling2D(2)(x)))
    y = layers.Flatten()(layers.Conv2D(4, 5, activation="relu")(coarse))
    return keras.Model(
        [fine, coarse], layers.Dense(3, activation="softmax")(layers.Concatenate()([layers.Dense(6)(x), layers.Dense(6)(y)]))
    )


def test_pan_and_multispectral(saved: Save) -> None:
    model = saved(two_branches())
    grids = {"pan": PatchGrid((32, 32), (4, 4)), "xs": PatchGrid((8, 8), (1, 1))}
    dense, patches = compare(model, grids, {"pan": evenly(4), "xs": evenly(1)})
    np.testing.assert_allclose(dense, patches, rtol=1e-4, atol=1e-5)


def test_time_series_of_one_pixel_beside_a_patch(saved: Save) -> None:
    """M3's shape: a recurrent branch with a receptive field of one pixel runs unchanged, the convolutions densely."""
    keras.utils.set_random_seed(3)
    series, patch = keras.Input((1, 1, 12), name="ts"), keras.Input((9, 9, 3), name="vhrs")
    x = layers.GRU(5)(layers.Reshape((4, 3))(series))
    y = layers.GlobalAveragePooling2D()(layers.MaxPooling2D(2)(layers.Conv2D(4, 3, activation="relu")(patch)))
    model = saved(keras.Model([series, patch], layers.Dense(2)(layers.Concatenate()([x, y]))))
    grids = {"ts": PatchGrid((1, 1), (1, 1)), "vhrs": PatchGrid((9, 9), None)}
    dense, patches = compare(model, grids, {"ts": evenly(1), "vhrs": ([0, 7, 13, 20, 27], [0, 6, 13, 20])})
    np.testing.assert_allclose(dense, patches, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (lambda x: layers.Flatten()(layers.Conv2D(2, 3, padding="same")(x)), "Conv2D pads"),
        (lambda x: layers.Flatten()(layers.MaxPooling2D(3, padding="same")(x)), "MaxPool pads"),
        (lambda x: layers.Flatten()(layers.ZeroPadding2D(1)(x)), "Pad has no dense form"),
        (lambda x: layers.Flatten()(layers.Permute((2, 1, 3))(x)), "Transpose has no dense form"),
        (lambda x: layers.Activation("relu")(layers.Flatten()(layers.Conv2D(99, 5)(x))), "a flatten of several elements"),
        (lambda x: layers.Reshape((2, -1))(x), "reshaped otherwise"),
        (lambda x: layers.Flatten()(layers.Concatenate(axis=1)([x, x])), "otherwise than band by band"),
        (lambda x: layers.Flatten()(x[:, ::2]), "sliced otherwise than cropped"),
        (lambda x: layers.Flatten()(x[..., :1]), "sliced otherwise than cropped"),
        (lambda x: layers.Flatten()(x[:, :, :, :1]), "sliced otherwise than cropped"),
        (lambda x: layers.Flatten()(x[:, 2]), "sliced otherwise than cropped"),
        (lambda x: layers.Flatten()(x[:, :, :, :, None]), "sliced otherwise than cropped"),
        (lambda x: layers.Flatten()(x[:, 3:3]), "nothing is left"),
    ],
)
def test_what_has_no_dense_form_is_named(saved: Save, body: Callable[[Any], Any], words: str) -> None:
    source = keras.Input((8, 8, 2), name="a")
    with pytest.raises(NotDense, match=words):
        compare(saved(keras.Model(source, body(source))), {"a": PatchGrid((8, 8), (1, 1))}, {"a": evenly(1)})


def test_same_padding_that_pads_nothing_is_dense(saved: Save) -> None:
    source = keras.Input((8, 8, 2), name="a")
    pooled = layers.MaxPooling2D(2, padding="same")(source)
    model = saved(keras.Model(source, layers.Dense(2)(layers.Flatten()(layers.Conv2D(3, 1, padding="same")(pooled)))))
    dense, patches = compare(model, {"a": PatchGrid((8, 8), (1, 1))}, {"a": evenly(1)})
    np.testing.assert_allclose(dense, patches, rtol=1e-4, atol=1e-5)


def test_patches_that_give_an_image_are_left_to_themselves(saved: Save) -> None:
    """Each of its pixels would be cut out of the map by itself: for large ones, building that graph alone would fill the memory."""
    source = keras.Input((600, 600, 1), name="x")
    graph = FrozenGraph(saved(keras.Model(source, layers.Conv2D(1, 3)(source))))
    with pytest.raises(NotDense, match="output y has too many pixels a patch"):
        densify(graph, {"x": PatchGrid((600, 600), (598, 598))}, ["y"])
