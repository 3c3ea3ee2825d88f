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
from core.model.gallery import find
from core.model.gallery.architecture import Wish
from core.model.promise import contract_of
from core.reporting import Reporter

MakeRaster = Callable[..., str]

# Receptive field, expression field, margin; weights: for each band, for each class, others.
MAPS: dict[str, tuple[tuple[int, int, int], tuple[int, int, int]]] = {
    "fcn16": ((16, 1, 0), (400, 33, 35_680)),
    "maggiori": ((68, 4, 0), (9_216, 33, 425_312)),
    "unet": ((104, 8, 48), (288, 33, 1_926_112)),
    "resunet": ((88, 8, 40), (288, 33, 2_023_520)),
    "deeplab": ((116, 4, 56), (288, 33, 954_656)),
    "fusenet": ((104, 8, 48), (288, 33, 1_363_296)),
}
BANDS, CLASSES = 3, 4


@pytest.fixture(scope="module")
def made() -> Callable[[str], tuple[Any, Contract]]:
    """The network with that id, with numbers in its batch normalisation that a training could have left there; and its contract."""
    known: dict[str, tuple[Any, Contract]] = {}

    def make(name: str) -> tuple[Any, Contract]:
        if name not in known:
            keras.utils.set_random_seed(1)
            network = find(name).build(Wish((BANDS,) * len(find(name).sources), CLASSES))
            rng = np.random.default_rng(0)
            for layer in network.layers:
                if isinstance(layer, keras.layers.BatchNormalization):
                    layer.set_weights([rng.uniform(0.5, 1.5, weight.shape) for weight in layer.weights])
            known[name] = network, contract_of(network, "name")
        return known[name]

    return make


@pytest.mark.parametrize("name", MAPS)
def test_geometry_and_size_are_as_its_docstring_says(made: Callable[[str], Any], name: str) -> None:
    (field, block, margin), (of_a_band, of_a_class, others) = MAPS[name]
    network, contract = made(name)
    assert {spec.receptive_field for spec in contract.inputs} == {(field, field)}
    assert (contract.expression_field, contract.margin, contract.scale_factor) == ((block, block), (margin, margin), Fraction(1))
    assert contract.fully_convolutional
    weights = sum(int(np.prod(weight.shape)) for weight in network.trainable_weights)
    assert weights == of_a_band * BANDS * len(network.inputs) + of_a_class * CLASSES + others


def whole(network: Any, contract: Contract, images: list[np.ndarray]) -> np.ndarray:
    """Probabilities and deep features of every pixel in one call, for images mirrored as far as the network sees."""
    ((field, _), *_), (block, _), (margin, _) = (
        [spec.receptive_field for spec in contract.inputs],
        contract.expression_field,
        contract.margin,
    )
    before = -ceil(Fraction(block - field - 1, 2))
    sides = [field - block - before + block * ceil(size / block) + before - size for size in images[0].shape[:2]]
    padded = [np.pad(image, ((before, sides[0]), (before, sides[1]), (0, 0)), "reflect")[None] for image in images]
    outputs = keras.Model(network.inputs, [network.output, network.get_layer("features").output])(padded, training=False)
    inside = slice(margin, -margin or None)
    rows, cols = images[0].shape[:2]
    return np.concatenate([tensor[0, inside, inside][:rows, :cols] for tensor in outputs], axis=-1)


@pytest.mark.parametrize("name", MAPS)
def test_served_in_blocks_it_is_what_one_call_gives(tmp_path: Path, make_raster: MakeRaster, made: Callable[[str], Any], name: str) -> None:
    network, contract = made(name)
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
