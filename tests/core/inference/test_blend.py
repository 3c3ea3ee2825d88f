"""Blending of expression fields that overlap: the formula's map, at any block size, of any model."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.classes import make_classes
from core.errors import BadParameter
from core.inference import serve
from core.inference.blend import weights
from core.jobs import Product, ServedSource, ServeModel
from core.model import contract as contracts
from core.model.backend import keras, tf
from core.model.contract import Contract, InputSpec, OutputSpec, class_output
from core.reporting import Reporter

MakeRaster = Callable[..., str]
Model = Callable[..., str]
few = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
CLASSES = make_classes([(30, "forest"), (7, "water"), (12, "town")])


def served(model: str, images: list[str], out: Path, **options: Any) -> np.ndarray:
    fields, reporter = options.pop("fields", [None] * len(images)), options.pop("reporter", Reporter(lambda event: None))
    outputs = options.pop("outputs", ())
    sources = tuple(ServedSource((image,), None, (field, field) if field else None) for image, field in zip(images, fields, strict=True))
    serve.run(ServeModel(sources=sources, model=model, products=(Product(str(out), outputs),), **options), reporter)
    with rasterio.open(out) as image:
        return np.moveaxis(image.read(), 0, 2).squeeze(axis=2) if image.count == 1 else np.moveaxis(image.read(), 0, 2)


@given(field=st.integers(1, 90), data=st.data())
def test_weights_add_up_to_one_fall_towards_the_border_and_are_symmetric(field: int, data: st.DataObject) -> None:
    step = data.draw(st.integers(1, field))
    found = weights(field, step)
    assert (found > 0).all()
    np.testing.assert_array_equal(found, found[::-1])
    total = np.zeros(field + 4 * field)
    for start in range(0, 4 * field, step):
        total[start : start + field] += found
    np.testing.assert_allclose(total[field : 4 * field - step], 1.0, rtol=1e-12)
    if step >= (field + 1) // 2:  # at most two share an output: one fades in as the other fades out
        assert (np.diff(found[: field // 2]) >= -1e-12).all()


def test_weights_by_hand() -> None:
    np.testing.assert_allclose(weights(4, 4), [1, 1, 1, 1])
    np.testing.assert_allclose(weights(6, 4), [0.25, 0.75, 1, 1, 0.75, 0.25])
    np.testing.assert_allclose(weights(4, 2), [0.25, 0.75, 0.75, 0.25])


@few
@given(
    field=st.integers(1, 9), ef=st.integers(2, 6), overlap=st.integers(1, 5), scale=st.sampled_from(["1/4", "1/2", "1", "2", "3/2"]),
    size=st.tuples(st.integers(1, 30), st.integers(1, 30)), blocks=st.tuples(st.integers(1, 40), st.integers(1, 40)),
)  # fmt: skip
def test_any_block_size_gives_the_formulas_map(
    tmp_path: Path, make_raster: MakeRaster, linear_model: Model, kernel_of: Callable[[int], np.ndarray],
    field: int, ef: int, overlap: int, scale: str, size: tuple[int, int], blocks: tuple[int, int],
) -> None:  # fmt: skip
    """Odd steps put centres on halves and quarters of pixels."""
    overlap = min(overlap, ef - 1)
    pixels = np.random.default_rng(size[0] * 31 + size[1]).normal(size=size).astype("float32")
    image, model = make_raster(tmp_path / "image.tif", pixels), linear_model((field,), (1,), ef)
    common = {"fields": [field], "expression_field": (ef, ef), "scale_factor": scale, "overlap": overlap}
    one, other = (served(model, [image], tmp_path / f"{i}.tif", block_size=block, **common) for i, block in enumerate(blocks))
    expected = blended(pixels, kernel_of(field), ef, ef - overlap, Fraction(scale))
    np.testing.assert_allclose(one, expected, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(other, one, rtol=1e-6, atol=1e-6)


def blended(pixels: np.ndarray, kernel: np.ndarray, ef: int, step: int, scale: Fraction) -> np.ndarray:
    """The weighted mean over every expression field, one by one, of a model with one value an expression field."""
    field, reach = len(kernel), 200
    for axis in (0, 1):
        around = [(reach, reach) if axis == way else (0, 0) for way in (0, 1)]
        pixels = np.pad(pixels, around, mode="reflect" if pixels.shape[axis] > 1 else "edge")
    shape = tuple(-int(-(length - 2 * reach) // scale) for length in pixels.shape)
    weight = np.minimum(np.arange(ef) + 0.5, ef - np.arange(ef) - 0.5)
    total, sums = np.zeros([length + 2 * ef for length in shape]), np.zeros([length + 2 * ef for length in shape])
    for row in _places(shape[0], ef, step):
        for col in _places(shape[1], ef, step):
            top, left = (_start(first, ef, scale, field) + reach for first in (row, col))
            place = slice(row + ef, row + 2 * ef), slice(col + ef, col + 2 * ef)
            sums[place] += np.outer(weight, weight) * (pixels[top : top + field, left : left + field] * kernel).sum()
            total[place] += np.outer(weight, weight)
    inside = slice(ef, ef + shape[0]), slice(ef, ef + shape[1])
    return sums[inside] / total[inside]


def _start(first: int, ef: int, scale: Fraction, field: int) -> int:
    return -int(-((first + Fraction(ef, 2)) * scale - Fraction(field, 2) - Fraction(1, 2)) // 1)


def _places(length: int, ef: int, step: int) -> list[int]:
    return [first for first in range(-(ef // step) * step, length, step) if first + ef > 0]


def test_two_sources_at_two_resolutions(tmp_path: Path, make_raster: MakeRaster, linear_model: Model) -> None:
    rng = np.random.default_rng(3)
    coarse = make_raster(tmp_path / "ms.tif", rng.normal(size=(13, 11)).astype("float32"), spacing=20)
    fine = make_raster(tmp_path / "pan.tif", rng.normal(size=(52, 44)).astype("float32"), spacing=5)
    common = {"fields": [12, 3], "expression_field": (3, 3), "overlap": 1}
    model = linear_model((12, 3), (1, 1), 3, patch=True)
    for scale, shape in (("4", (13, 11)), ("1", (52, 44))):  # at 1, the windows of the coarse source move by halves of its pixels
        one, other = (
            served(model, [fine, coarse], tmp_path / f"{size}.tif", scale_factor=scale, block_size=size, **common) for size in (5, 64)
        )
        assert one.shape == shape
        np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-6)


def test_an_extent_gives_the_same_pixels(tmp_path: Path, make_raster: MakeRaster, linear_model: Model) -> None:
    image = make_raster(tmp_path / "image.tif", np.random.default_rng(0).normal(size=(60, 70)).astype("float32"))
    options: dict[str, Any] = {"fields": [5], "expression_field": (5, 5), "overlap": 2, "scale_factor": "1"}
    whole = served(linear_model((5,), (1,), 5, patch=True), [image], tmp_path / "whole.tif", **options)
    extent = (500105.0, 4999600.0, 500400.0, 4999875.0)
    part = served(linear_model((5,), (1,), 5, patch=True), [image], tmp_path / "part.tif", extent=extent, block_size=9, **options)
    np.testing.assert_allclose(part, whole[12:40, 10:40], rtol=1e-6, atol=1e-7)


def test_valid_edges_need_every_expression_field_inside(tmp_path: Path, make_raster: MakeRaster, linear_model: Model) -> None:
    image = make_raster(tmp_path / "image.tif", np.ones((22, 20), "float32"))
    options: dict[str, Any] = {"fields": [6], "expression_field": (6, 6), "overlap": 2, "edges": "valid", "scale_factor": "1"}
    for size in (4, 7, 512):
        out = served(linear_model((6,), (1,), 6, patch=True), [image], tmp_path / "out.tif", block_size=size, **options)
        expected = np.zeros((22, 20), bool)
        expected[2:20, 2:16] = True  # from 0 on every 4: the last that fits starts at 16 down and at 12 across, where it meets the next one
        assert (~np.isnan(out) == expected).all()


@pytest.fixture(scope="module")
def classifier(tmp_path_factory: pytest.TempPathFactory) -> Callable[[bool], str]:
    """A padded network of any size that tells classes, with or without their probabilities."""
    made: dict[bool, str] = {}

    def make(probabilities: bool) -> str:
        if probabilities not in made:
            made[probabilities] = str(tmp_path_factory.mktemp("classifier"))
            _save_classifier(made[probabilities], probabilities)
        return made[probabilities]

    return make


def _save_classifier(folder: str, probabilities: bool) -> None:
    keras.utils.set_random_seed(2)
    layers = keras.layers
    source = keras.Input((None, None, 2), name="image")
    x = layers.Conv2D(6, 5, padding="same", activation="relu", bias_initializer="ones")(source)
    x = layers.Conv2D(6, 5, padding="same", activation="relu")(x)
    module = tf.Module()
    module.network = keras.Model(source, layers.Conv2D(3, 5, padding="same", activation="softmax")(x))
    module.codes = tf.constant([c.code for c in CLASSES], tf.int32)

    def call(image: Any) -> dict[str, Any]:
        chances = module.network(image)
        prediction = tf.gather(module.codes, tf.argmax(chances, axis=-1))
        return {"prediction": prediction, "probabilities": chances} if probabilities else {"prediction": prediction}

    specs = [tf.TensorSpec([None, None, None, 2], tf.float32, name="image")]
    tf.saved_model.save(module, folder, signatures=tf.function(call, input_signature=specs))
    if probabilities:
        of_classes = OutputSpec("probabilities", "probabilities", tuple(c.name for c in CLASSES), "float32", CLASSES)
        inputs = (InputSpec("image", (), 2, "float32", (16, 16)),)
        contracts.write(
            folder, Contract("c", inputs, (class_output("prediction", CLASSES), of_classes), (16, 16), fully_convolutional=True)
        )


def test_the_class_is_that_of_the_blended_probabilities(
    tmp_path: Path, make_raster: MakeRaster, classifier: Callable[[bool], str], reporter: Any
) -> None:
    image = make_raster(tmp_path / "image.tif", np.random.default_rng(0).normal(size=(50, 41, 2)).astype("float32"))
    maps = [
        served(classifier(True), [image], tmp_path / f"{name}.tif", outputs=(name,), overlap=8, block_size=20, reporter=reporter)
        for name in ("prediction", "probabilities")
    ]
    np.testing.assert_array_equal(maps[0], np.array([c.code for c in CLASSES])[maps[1].argmax(axis=2)])
    np.testing.assert_allclose(maps[1].sum(axis=2), 1.0, rtol=1e-6)
    assert "16 × 16, 8 × 8 output pixels apart" in reporter.texts and "computed 4 times" in reporter.texts


def test_classes_alone_are_voted_on(tmp_path: Path, make_raster: MakeRaster, classifier: Callable[[bool], str]) -> None:
    image = make_raster(tmp_path / "image.tif", np.random.default_rng(0).normal(size=(50, 41, 2)).astype("float32"))
    common = {"fields": [16], "expression_field": (16, 16), "outputs": ("prediction",)}
    one, other = (
        served(classifier(False), [image], tmp_path / f"{i}.tif", overlap=8, block_size=size, **common) for i, size in enumerate((9, 64))
    )
    np.testing.assert_array_equal(one, other)
    # An output is held by two expression fields each way: the mean of their probabilities seldom decides otherwise than their votes
    means = served(classifier(True), [image], tmp_path / "means.tif", overlap=8, outputs=("prediction",))
    assert (one == means).mean() > 0.9


def test_seams_of_a_padded_model_fade(tmp_path: Path, make_raster: MakeRaster, classifier: Callable[[bool], str]) -> None:
    """Jumps across the borders of the expression fields, against what the model gives where nothing is padded."""
    image = make_raster(tmp_path / "image.tif", np.random.default_rng(0).normal(size=(96, 96, 2)).astype("float32"))
    common = {"outputs": ("probabilities",), "mode": "patch_based"}
    alone, together = (
        served(classifier(True), [image], tmp_path / f"{overlap}.tif", overlap=overlap, **common).astype("float64") for overlap in (0, 8)
    )
    right = served(
        classifier(True), [image], tmp_path / "right.tif", fields=[48], expression_field=(48, 48), overlap=24, outputs=("probabilities",)
    )
    jumps = [np.abs(np.diff(found - right, axis=0))[15::16].mean() for found in (alone, together)]
    assert jumps[1] < jumps[0] / 2


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"overlap": 4}, r"smaller than the expression field 4 × 4.*received 4.*of any size"),
        ({"overlap": 2, "mode": "fully_convolutional"}, "fully convolutional mode.*MODE=automatic"),
    ],
)
def test_what_cannot_be_blended(tmp_path: Path, make_raster: MakeRaster, linear_model: Model, options: dict[str, Any], words: str) -> None:
    image = make_raster(tmp_path / "image.tif", np.ones((12, 12), "float32"))
    with pytest.raises(BadParameter, match=words):
        served(linear_model((4,), (1,), 4), [image], tmp_path / "out.tif", fields=[4], expression_field=(4, 4), **options)
    assert not (tmp_path / "out.tif").exists()
