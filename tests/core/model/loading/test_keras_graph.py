"""`.keras` files are inspected and served as SavedModels are: same values, same geometry."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio

from core.errors import BadModel
from core.inference import serve
from core.jobs import Product, ServedSource, ServeModel
from core.model import contract as contracts
from core.model.backend import keras
from core.model.contract import Contract, InputSpec, OutputSpec
from core.model.gallery import find
from core.model.gallery.architecture import Wish
from core.model.geometry.graph_geometry import OutputGeometry, read_geometry
from core.model.inspection import inspect
from core.model.loading.frozen import FrozenGraph
from core.model.loading.keras_graph import keras_file
from core.model.loading.load import load

layers = keras.layers


def geometry(folder: Path) -> dict[str, OutputGeometry]:
    return read_geometry(FrozenGraph(load(str(folder))))


@pytest.fixture
def network() -> Any:
    """Two sources, the second first by name, and two outputs of one layer."""
    xs, pan = keras.Input((None, None, 2), name="xs"), keras.Input((None, None, 1), name="pan")
    shared = layers.Conv2D(2, 3, name="shared")
    return keras.Model([xs, pan], [shared(xs), shared(layers.Concatenate()([pan, pan]))])


def test_inputs_in_the_networks_order_and_outputs_by_their_layers(network: Any, tmp_path: Path) -> None:
    network.save(tmp_path / "two.keras")
    model = load(str(tmp_path))
    assert [spec.name for spec in model.inputs] == ["xs", "pan"] and [spec.name for spec in model.outputs] == ["shared", "shared_2"]
    arrays = {"xs": np.random.rand(1, 7, 6, 2).astype("float32"), "pan": np.random.rand(1, 5, 9, 1).astype("float32")}
    expected = network([arrays["xs"], arrays["pan"]], training=False)
    results = model.run(arrays, ["shared", "shared_2"])
    for values, name in zip(expected, ("shared", "shared_2"), strict=True):
        np.testing.assert_allclose(results[name], values, rtol=1e-5, atol=1e-6)


def test_dictionaries_name_inputs_and_outputs(tmp_path: Path) -> None:
    a, b = keras.Input((8, 8, 1), name="a"), keras.Input((8, 8, 1), name="b")
    keras.Model({"a": a, "b": b}, {"sum": layers.Add()([a, b]), "twice": layers.Add()([a, a])}).save(tmp_path / "model.keras")
    model = load(str(tmp_path / "model.keras"))
    ones = np.ones((1, 8, 8, 1), "float32")
    results = model.run({"a": 2 * ones, "b": 3 * ones}, ["sum", "twice"])
    assert results["sum"].max() == 5 and results["twice"].max() == 4


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "model.keras"
    for bands in (1, 2):
        keras.Sequential([keras.Input((4, 4, bands)), layers.Flatten(), layers.Dense(2)]).save(path)
        assert load(str(path)).inputs[0].shape == (None, 4, 4, bands)
    assert load(str(path)) is load(str(path))


def test_which_file_is_meant(tmp_path: Path) -> None:
    (tmp_path / "a.keras").write_bytes(b"")
    assert keras_file(str(tmp_path)) == keras_file(str(tmp_path / "a.keras")) == str(tmp_path / "a.keras")
    (tmp_path / "b.keras").write_bytes(b"")
    with pytest.raises(BadModel, match=r"several models: expected one \.keras file, received a\.keras, b\.keras"):
        inspect.facts(str(tmp_path))
    (tmp_path / "saved_model.pb").write_bytes(b"")
    assert keras_file(str(tmp_path)) is None and keras_file(str(tmp_path / "saved_model.pb")) is None


def test_a_file_that_cannot_be_used_says_why(tmp_path: Path) -> None:
    path = tmp_path / "model.keras"
    path.write_bytes(b"no zip file")
    with pytest.raises(BadModel, match="is damaged"):
        inspect.facts(str(path))
    keras.Sequential([layers.Conv2D(2, 3)]).save(path)
    with pytest.raises(BadModel, match="has never been built"):
        load(str(path))
    keras.Sequential([keras.Input((8, 8, 1)), layers.Lambda(lambda x: x)]).save(path)
    with pytest.raises(BadModel, match="holds code: it was not loaded"):
        load(str(path))


def convolutional(*parts: Any) -> Any:
    source = x = keras.Input((None, None, 2), name="x")
    for part in parts:
        x = part(x)
    return keras.Model(source, x)


@pytest.mark.parametrize(
    ("build", "field", "expression_field", "scale", "stride"),
    [
        (lambda: find("cnn16").build(Wish((4,), 3)), 16, 1, 1, 4),
        (lambda: convolutional(layers.Conv2D(2, 5), layers.MaxPooling2D(2), layers.Conv2D(2, 3)), 10, 1, 2, 2),
        (
            lambda: convolutional(  # Maggiori et al. 2017: 68 → 4, which is 80 → 16
                layers.Conv2D(3, 12, strides=4), layers.MaxPooling2D(3, strides=1), *(layers.Conv2D(3, size) for size in (5, 3, 3, 3)),
                layers.Conv2DTranspose(1, 8, strides=4), layers.Cropping2D(6),
            ),
            68, 4, 1, 4,
        ),
        (lambda: convolutional(layers.Conv2D(16, 3), layers.UpSampling2D(4)), 3, 4, Fraction(1, 4), 1),
    ],
)  # fmt: skip
def test_known_geometry(build: Callable[[], Any], field: int, expression_field: int, scale: Any, stride: int, tmp_path: Path) -> None:
    build().save(tmp_path / "network.keras")
    (found,) = geometry(tmp_path).values()
    (seen,) = found.inputs.values()
    assert not found.unknown and found.expression_field == (expression_field, expression_field)
    assert (seen.receptive_field, seen.scale_factor, seen.stride) == ((field, field), scale, (stride, stride))


def test_it_is_inspected(tmp_path: Path, reporter: Any) -> None:
    find("cnn16").build(Wish((4,), 3)).save(tmp_path / "network.keras")
    facts = inspect.facts(str(tmp_path))
    assert (facts["format"], facts["tensorflow"], facts["safe"], facts["contract"]) == ("Keras file", None, True, False)
    assert facts["parameters"] == 400 * 4 + 33 * 3 + 4416 + 9 and facts["inputs"][0]["receptive_field"] == [16, 16]
    assert [part["way"] for part in facts["cost"]] == ["patch by patch", "dense"] and not facts["fully_convolutional"]


@pytest.mark.parametrize("by_file", [False, True])
def test_it_is_served_densely_with_the_contract_beside_it(by_file: bool, tmp_path: Path, make_raster: Any, reporter: Any) -> None:
    network, folder = find("cnn16").build(Wish((2,), 3)), tmp_path / "model"
    folder.mkdir()
    network.save(folder / "network.keras")
    source = InputSpec("source1", ("red", "nir"), 2, "float32", (16, 16))
    output = OutputSpec("probabilities", "values", ("p", "q", "r"), "float32")
    contracts.write(str(folder), Contract("mine", (source,), (output,)))
    pixels = np.random.default_rng(0).random((24, 21, 2)).astype("float32")
    image, out = make_raster(tmp_path / "scene.tif", pixels, names=("red", "nir")), str(tmp_path / "out.tif")
    model = str(folder / "network.keras") if by_file else str(folder)
    serve.run(ServeModel(model=model, sources=(ServedSource((image,)),), products=(Product(out),)), reporter)
    with rasterio.open(out) as written:
        served, names = written.read(), written.descriptions
    assert "Dense evaluation: the same" in reporter.texts and names == ("p", "q", "r")
    expected = network(pixels[None, 2:18, 1:17], training=False)[0]  # around the pixel (10, 9)
    np.testing.assert_allclose(served[:, 10, 9], expected, rtol=1e-4, atol=1e-5)


def test_a_network_beside_a_saved_model_is_not_held_to_its_contract(tmp_path: Path) -> None:
    find("cnn16").build(Wish((2,), 3)).save(tmp_path / "model.keras")
    output = OutputSpec("prediction", "values", ("y",), "float32")
    contracts.write(str(tmp_path), Contract("other", (InputSpec("source1", (), 2, "float32", (16, 16)),), (output,)))
    assert contracts.read(str(tmp_path / "model.keras")) is not None
    (tmp_path / "saved_model.pb").write_bytes(b"")
    assert contracts.read(str(tmp_path / "model.keras")) is None
