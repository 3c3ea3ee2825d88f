"""Networks as Serve model applies them: of any size, whole, without a seam, and where the ground is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio

from core.inference import serve
from core.jobs import Product, ServedSource, ServeModel
from core.model.backend import keras
from core.model.folder import write_folder
from core.model.promise import contract_of
from core.superresolution.networks import build, parts
from core.superresolution.scaling import Scale, give_scale

CENTRE, SPREAD = 5000.0, 3000.0


@pytest.fixture
def served(tmp_path: Path, make_raster: Callable[..., str], reporter: Any) -> Callable[..., np.ndarray]:
    """What a network makes of (rows, cols, bands), as an image; it covers the same ground."""

    def serve_it(network: Any, pixels: np.ndarray, block_size: int = 0) -> np.ndarray:
        finest = keras.Model(network.input, network.outputs[0], name=network.name)
        write_folder(str(tmp_path / "model"), finest, contract_of(finest, "model", trained=True))
        source, output = make_raster(tmp_path / "low.tif", pixels), str(tmp_path / f"high{block_size}.tif")
        serve.run(
            ServeModel((ServedSource((source,)),), str(tmp_path / "model"), products=(Product(output),), block_size=block_size), reporter
        )
        with rasterio.open(source) as low, rasterio.open(output) as high:
            assert high.bounds == low.bounds
            return np.moveaxis(high.read(), 0, 2)

    return serve_it


def network_of(name: str, factor: int, guide: int = 0) -> Any:
    """With random weights everywhere, also where the light network begins with 0."""
    rng = np.random.default_rng(0)
    network = build(name, 2, factor, filters=4, blocks=2, guide=guide)
    give_scale(network, *(Scale(np.full(bands, CENTRE), np.full(bands, SPREAD)) for bands in (2, guide) if bands))
    if name == "light":
        network.get_layer("detail").set_weights([rng.normal(0, 0.1, w.shape) for w in network.get_layer("detail").get_weights()])
    return network


@pytest.mark.parametrize("name, factor", [("light", 3), ("sr4rs", 4)])
def test_blocks_of_any_size_make_the_same_image(served: Callable[..., np.ndarray], name: str, factor: int) -> None:
    pixels = np.random.default_rng(1).uniform(0, 10000, (97, 131, 2)).astype(np.uint16)
    network = network_of(name, factor)
    whole = served(network, pixels)
    assert whole.shape == (97 * factor, 131 * factor, 2)
    for size in (64, 256):
        np.testing.assert_allclose(served(network, pixels, size), whole, atol=1e-5 * np.abs(whole).max())


@pytest.mark.parametrize("factor", [2, 3])
def test_fusion_is_served_as_the_network_computes_it(factor: int, tmp_path: Path, make_raster: Callable[..., str], reporter: Any) -> None:
    """A coarse and a fine image: in blocks, without a seam, and equal to one call; the edges but for what is beyond the image."""
    rng = np.random.default_rng(5)
    network = network_of("light", factor, guide=1)
    write_folder(str(tmp_path / "model"), network, contract_of(network, "model", trained=True))
    low, guide = (rng.uniform(0, 10000, (61 * side, 43 * side, bands)).astype(np.uint16) for side, bands in ((1, 2), (factor, 1)))
    files = make_raster(tmp_path / "low.tif", low, spacing=float(factor)), make_raster(tmp_path / "guide.tif", guide, spacing=1.0)
    made = []
    for size in (0, 32):
        output = str(tmp_path / f"{size}.tif")
        sources = tuple(ServedSource((file,)) for file in files)
        serve.run(ServeModel(sources, str(tmp_path / "model"), products=(Product(output),), block_size=size), reporter)
        with rasterio.open(output) as high:
            made.append(np.moveaxis(high.read(), 0, 2))
    np.testing.assert_allclose(made[1], made[0], atol=1e-5 * np.abs(made[0]).max())
    whole = parts.feed(network, [part[np.newaxis].astype(np.float32) for part in (low, guide)])[0].numpy()[0]
    inside = slice(12 * factor, -12 * factor)
    np.testing.assert_allclose(made[0][inside, inside], whole[inside, inside], atol=1e-5 * np.abs(whole).max())


@pytest.mark.parametrize("factor", [2, 3, 4, 8])
def test_a_ramp_comes_out_as_the_ramp(served: Callable[..., np.ndarray], factor: int) -> None:
    rows, cols = np.mgrid[:20, :23]
    network = build("light", 2, factor, filters=4, blocks=1)
    give_scale(network, Scale(np.full(2, CENTRE), np.full(2, SPREAD)))
    made = served(network, np.stack([100 * rows, 50 * cols], axis=2).astype(np.uint16))
    rows, cols = ((places + 0.5) / factor - 0.5 for places in np.mgrid[: 20 * factor, : 23 * factor])
    inside = slice(2 * factor, -2 * factor)
    np.testing.assert_allclose(made[inside, inside], np.stack([100 * rows, 50 * cols], axis=2)[inside, inside], atol=2e-3)


def test_one_pixel_becomes_many(served: Callable[..., np.ndarray]) -> None:
    made = served(build("light", 2, 4, filters=4, blocks=1), np.full((1, 1, 2), 7, np.uint16))
    np.testing.assert_allclose(made, np.full((4, 4, 2), 7), rtol=1e-6)
