"""The gallery's networks for every pixel: what their docstrings say of geometry and size is so, and they serve exactly in any blocks."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio

from core.inference import serve
from core.jobs import Product, ServedSource, ServeModel
from core.model.backend import keras
from core.model.contract import Contract
from core.model.folder import write_folder
from core.model.gallery import ARCHITECTURES, find
from core.model.gallery.architecture import Wish
from core.model.promise import contract_of, read_off
from core.reporting import Reporter

MakeRaster = Callable[..., str]

# What a pixel sees, receptive field, expression field, margin; weights: of each band (of all sources), of each class, further ones.
MAPS: dict[str, tuple[tuple[int, int, int, int], tuple[int, int, int]]] = {
    "fcn16": ((16, 16, 1, 0), (400, 33, 35_680)),
    "maggiori": ((64, 68, 4, 0), (9_216, 33, 425_312)),
    "unet": ((100, 104, 8, 48), (288, 33, 1_926_112)),
    "resunet": ((81, 88, 8, 40), (288, 33, 2_023_520)),
    "deeplab": ((109, 116, 4, 56), (288, 33, 954_656)),
    "fusenet": ((100, 104, 8, 48), (288, 33, 1_363_296)),
}
BANDS, CLASSES = 3, 4


@pytest.fixture(scope="module")
def network_of() -> Callable[[str], Any]:
    """The network with that id, with numbers in its batch normalisation that a training could have left there."""
    made: dict[str, Any] = {}

    def make(name: str) -> Any:
        if name not in made:
            keras.utils.set_random_seed(1)
            network = find(name).build(Wish((BANDS,) * len(find(name).sources), CLASSES))
            rng = np.random.default_rng(0)
            for layer in network.layers:
                if isinstance(layer, keras.layers.BatchNormalization):
                    layer.set_weights([rng.uniform(0.5, 1.5, weight.shape) for weight in layer.get_weights()])
            made[name] = network
        return made[name]

    return make


def test_all_networks_of_open_size_are_tested_here() -> None:
    openly = {
        architecture.id
        for architecture in ARCHITECTURES.values()
        if architecture.trainable and not architecture.temporal
        if architecture.build(Wish((1,) * len(architecture.sources), 2)).inputs[0].shape[1] is None
    }
    assert openly == set(MAPS)


@pytest.mark.parametrize("name", MAPS)
def test_geometry_and_size_are_as_its_docstring_says(network_of: Callable[[str], Any], name: str) -> None:
    (view, field, block, margin), (of_a_band, of_a_class, others) = MAPS[name]
    network = network_of(name)
    contract = contract_of(network, "name")
    assert {spec.receptive_field for spec in contract.inputs} == {(field, field)}
    assert (contract.expression_field, contract.margin, contract.scale_factor) == ((block, block), (margin, margin), Fraction(1))
    assert contract.fully_convolutional
    assert {seen.view for seen in read_off(network).inputs.values()} == {(view, view)}
    weights = sum(int(np.prod(weight.shape)) for weight in network.trainable_weights)
    assert weights == of_a_band * BANDS * len(network.inputs) + of_a_class * CLASSES + others


def whole(network: Any, contract: Contract, images: list[np.ndarray]) -> np.ndarray:
    """Probabilities and deep features of every pixel in one call, for images mirrored as far as the network sees."""
    ((field, _), *_), (block, _), (margin, _) = [spec.receptive_field for spec in contract.inputs], contract.expression_field, contract.margin
    before = -ceil(Fraction(block - field - 1, 2))
    sides = [field - block - before + block * ceil(size / block) + before - size for size in images[0].shape[:2]]
    padded = [np.pad(image, ((before, sides[0]), (before, sides[1]), (0, 0)), "reflect")[None] for image in images]
    outputs = keras.Model(network.inputs, [network.output, network.get_layer("features").output])(padded, training=False)
    inside = slice(margin, -margin or None)
    rows, cols = images[0].shape[:2]
    return np.concatenate([tensor[0, inside, inside][:rows, :cols] for tensor in outputs], axis=-1)


@pytest.mark.parametrize("name", MAPS)
def test_served_in_blocks_it_is_what_one_call_gives(
    tmp_path: Path, make_raster: MakeRaster, network_of: Callable[[str], Any], name: str
) -> None:
    network = network_of(name)
    contract = contract_of(network, "name")
    rng = np.random.default_rng(2)
    images = [rng.normal(size=(97, 131, BANDS)).astype(np.float32) for _ in network.inputs]
    sources = tuple(ServedSource((make_raster(tmp_path / f"{i}.tif", image),)) for i, image in enumerate(images))
    write_folder(str(tmp_path / "model"), network, contract)
    expected = whole(network, contract, images)
    for size in (32, 64):
        product = Product(str(tmp_path / f"map{size}.tif"), ("probabilities", "features"))
        job = ServeModel(sources=sources, model=str(tmp_path / "model"), products=(product,), block_size=size)
        serve.run(job, Reporter(lambda event: None))
        with rasterio.open(product.path) as written:
            np.testing.assert_allclose(np.moveaxis(written.read(), 0, -1), expected, rtol=1e-5, atol=1e-5)
    assert expected.std(axis=(0, 1)).max() > 0.01  # a map that says something
