"""Test-time augmentation: the mean over the turns of every patch, in every mode."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from hypothesis import given
from hypothesis import strategies as st

from core.errors import BadParameter
from core.inference import serve
from core.inference.augment import FLIPS, TURNS, Turn
from core.inference.patches import Patches
from core.jobs import Product, ServedSource, ServeModel
from core.model.backend import keras, tf
from core.model.loading.load import load
from core.reporting import Reporter

MakeRaster = Callable[..., str]
Model = Callable[..., str]
MODES = ["fully_convolutional", "patch_based", "automatic"]


def served(model: str, images: list[str], out: Path, **options: Any) -> np.ndarray:
    fields, reporter = options.pop("fields", [None] * len(images)), options.pop("reporter", Reporter(lambda event: None))
    sources = tuple(ServedSource((image,), None, field) for image, field in zip(images, fields, strict=True))
    serve.run(ServeModel(sources=sources, model=model, products=(Product(str(out)),), **options), reporter)
    with rasterio.open(out) as image:
        return image.read(1)


def test_the_turns_are_a_group_of_eight() -> None:
    picture = np.arange(12).reshape(3, 4)
    assert len({turn.apply(picture).tobytes() + bytes(turn.apply(picture).shape) for turn in TURNS["all"]}) == 8
    assert len(FLIPS) == 4 and FLIPS[0] == Turn()
    for turn in TURNS["all"]:
        np.testing.assert_array_equal(turn.undo(turn.apply(picture)), picture)
    by_numpy = {np.rot90(flipped, k).tobytes() for flipped in (picture, picture[::-1]) for k in range(4)}
    assert {np.ascontiguousarray(turn.apply(picture)).tobytes() for turn in TURNS["all"]} == by_numpy


@given(
    turn=st.sampled_from(TURNS["all"]), steps=st.tuples(st.lists(st.integers(0, 5), max_size=4), st.lists(st.integers(0, 5), max_size=4)),
    field=st.integers(1, 4),
)  # fmt: skip
def test_turning_a_window_turns_every_patch(turn: Turn, steps: tuple[list[int], list[int]], field: int) -> None:
    """Also where patches do not lie evenly, as those of a source of an odd ratio."""
    rows, cols = (np.cumsum([0, *of_axis]) for of_axis in steps)
    window = np.random.default_rng(0).normal(size=(rows[-1] + field, cols[-1] + field, 2))
    patches, sizes = Patches((window,), ((rows, cols),)), [(field, field)]
    expected = np.array([[turn.apply(patch) for patch in line] for line in patches.views(sizes)[0]])
    turned = turn.of_patches(patches)
    np.testing.assert_array_equal(turned.views(sizes)[0], turn.apply(expected))
    assert turned.count == (patches.count[::-1] if turn.swapped else patches.count)
    down, across = np.indices(turned.count).reshape(2, -1)
    np.testing.assert_array_equal(turned.picked(sizes, down, across)[0].reshape(turned.views(sizes)[0].shape), turned.views(sizes)[0])


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("which", "field"), [("flips", 4), ("all", 5)])
def test_a_linear_model_is_served_with_the_mean_of_its_turned_kernels(
    tmp_path: Path, make_raster: MakeRaster, linear_model: Model, kernel_of: Callable[[int], np.ndarray], reporter: Any,
    mode: str, which: str, field: int,
) -> None:  # fmt: skip
    pixels = np.random.default_rng(1).normal(size=(23, 31)).astype("float32")
    image = make_raster(tmp_path / "image.tif", pixels)
    model = linear_model((field,), (1,), patch=mode == "automatic")
    kernel = np.mean([turn.undo(kernel_of(field)) for turn in TURNS[which]], axis=0)
    views = np.lib.stride_tricks.sliding_window_view(np.pad(pixels, (field // 2, field), mode="reflect"), (field, field))
    expected = np.einsum("rcij,ij->rc", views[:23, :31], kernel)
    for size in (7, 0):
        found = served(
            model, [image], tmp_path / "out.tif", fields=[(field, field)], mode=mode, augmentation=which, block_size=size, reporter=reporter
        )
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)
    assert f"computed {len(TURNS[which])} times" in reporter.texts
    assert ("Dense evaluation: the same" in reporter.texts) == (mode == "automatic")


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("turn", [Turn(False, False, True), Turn(True, True, False)])
def test_the_map_of_the_turned_images_is_the_turned_map(
    tmp_path: Path, make_raster: MakeRaster, linear_model: Model, mode: str, turn: Turn
) -> None:
    """Two sources, one four times finer, which lie about the same centres."""
    rng = np.random.default_rng(3)
    pixels = [rng.normal(size=(12, 10)).astype("float32"), rng.normal(size=(48, 40)).astype("float32")]
    maps = []
    for name, images in (("as_it_is", pixels), ("turned", [turn.apply(image) for image in pixels])):
        paths = [make_raster(tmp_path / f"{name}{i}.tif", image, spacing=(20, 5)[i]) for i, image in enumerate(images)]
        strides = (1, 1) if mode == "automatic" else (1, 4)
        model = linear_model((3, 12), strides, patch=mode == "automatic")
        fields = [(3, 3), (12, 12)]
        out = tmp_path / f"{name}.tif"
        maps.append(served(model, paths, out, fields=fields, scale_factor="1", mode=mode, augmentation="all", block_size=5))
    np.testing.assert_allclose(maps[1], turn.apply(maps[0]), rtol=1e-5, atol=1e-5)


def test_a_ratio_that_is_not_even(tmp_path: Path, make_raster: MakeRaster, linear_model: Model) -> None:
    """By patches and densely the same, though the patches of the second source do not lie evenly."""
    rng = np.random.default_rng(2)
    images = [
        make_raster(tmp_path / f"{s}.tif", rng.normal(size=(int(180 / s), int(240 / s))).astype("float32"), spacing=s) for s in (10, 1.5)
    ]
    model = linear_model((1, 9), (1, 1), patch=True)
    one, other = (
        served(model, images, tmp_path / f"{mode}.tif", scale_factor="1", mode=mode, augmentation="all", block_size=7)
        for mode in ("patch_based", "automatic")
    )
    np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)


def test_a_padded_network_with_strides_in_blocks(tmp_path: Path, make_raster: MakeRaster) -> None:
    """Away from the image's edge the mean of what it gives for the whole image, turned, at any block size: the halo is turned too."""
    keras.utils.set_random_seed(1)
    layers, source, model = keras.layers, keras.Input((None, None, 1), name="image"), str(tmp_path / "model")
    first = layers.Conv2D(3, 3, padding="same", activation="relu")(source)
    second = layers.Conv2D(4, 3, strides=2, padding="same", activation="relu")(first)
    up = layers.Conv2DTranspose(3, 4, strides=2, padding="same")(layers.Conv2D(4, 3, padding="same", activation="relu")(second))
    keras.Model(source, layers.Conv2D(1, 3, padding="same")(layers.Concatenate()([up, first]))).export(model, verbose=False)
    pixels = np.random.default_rng(0).normal(size=(64, 56)).astype("float32")
    image, loaded = make_raster(tmp_path / "image.tif", pixels), load(model)
    name = loaded.outputs[0].name
    wholes = [
        turn.undo(loaded.run({loaded.inputs[0].name: turn.apply(pixels)[None, :, :, None]}, [name])[name][0, :, :, 0])
        for turn in TURNS["all"]
    ]
    for size in (14, 0):
        found = served(model, [image], tmp_path / "out.tif", augmentation="all", block_size=size)
        np.testing.assert_allclose(found[12:-12, 12:-12], np.mean(wholes, axis=0)[12:-12, 12:-12], rtol=1e-4, atol=1e-5)


def test_together_with_overlap(tmp_path: Path, make_raster: MakeRaster, linear_model: Model, reporter: Any) -> None:
    """25 rows: expression fields of 3, 2 apart, end where the image does, and lie on each other in the flipped image."""
    pixels = np.random.default_rng(1).normal(size=(25, 31)).astype("float32")
    image, flipped = make_raster(tmp_path / "image.tif", pixels), make_raster(tmp_path / "flipped.tif", pixels[::-1])
    options = {"scale_factor": "1", "overlap": 1, "augmentation": "all", "reporter": reporter}
    one, other, turned = (
        served(linear_model((3,), (1,), 3, patch=True), [path], tmp_path / "out.tif", block_size=size, **options)
        for path, size in ((image, 8), (image, 64), (flipped, 64))
    )
    np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(turned, one[::-1], rtol=1e-5, atol=1e-5)
    assert "computed 8 times" in reporter.texts and "computed 2.25 times" in reporter.texts


def test_classes_are_voted_on_where_nothing_tells_their_probabilities(tmp_path: Path, make_raster: MakeRaster) -> None:
    class Brighter(tf.Module):  # type: ignore[misc]
        @tf.function(input_signature=[tf.TensorSpec([None, 3, 3, 1], tf.float32, name="x")])
        def serve(self, x):  # type: ignore[no-untyped-def]
            return {"code": tf.cast(x[:, 1, 2, 0] > x[:, 1, 1, 0], tf.int32) * 5 + 2}

    tf.saved_model.save(module := Brighter(), str(tmp_path / "model"), signatures={"serving_default": module.serve})
    pixels = np.random.default_rng(0).normal(size=(9, 8)).astype("float32")
    image = make_raster(tmp_path / "a.tif", pixels)
    for which in ("flips", "all"):
        found = served(str(tmp_path / "model"), [image], tmp_path / "out.tif", augmentation=which, fields=[(3, 3)])
        padded = np.pad(pixels, 1, mode="reflect")
        neighbours = [padded[1:-1, 2:], padded[1:-1, :-2], *([padded[2:, 1:-1], padded[:-2, 1:-1]] if which == "all" else [])]
        votes = np.mean([neighbour > pixels for neighbour in neighbours], axis=0)
        np.testing.assert_array_equal(found, np.where(votes > 0.5, 7, 2))


def test_quarter_turns_need_squares(tmp_path: Path, make_raster: MakeRaster, linear_model: Model) -> None:
    image = make_raster(tmp_path / "image.tif", np.ones((12, 12), "float32"))
    options: dict[str, Any] = {"fields": [(4, 3)], "mode": "fully_convolutional", "expression_field": (2, 1)}
    model = linear_model((3,), (1,))
    with pytest.raises(BadParameter, match=r"receptive fields 3 .* down, .*receptive fields 4 .*AUGMENTATION=flips"):
        served(model, [image], tmp_path / "out.tif", augmentation="all", **options)
    assert served(model, [image], tmp_path / "out.tif", augmentation="flips", **options).shape == (12, 12)
