"""Foreign models with padding, served without a number from the user: tiles join exactly, wherever they end."""

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

from core.inference import serve
from core.jobs import Product, ServedSource, ServeModel
from core.model.backend import keras, tf
from core.model.loading.load import load
from core.reporting import Reporter

layers = keras.layers
MakeRaster = Callable[..., str]
few = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def unet(x: Any) -> Any:
    """Down by 4 and up again, with skips; SAME padding throughout."""
    first = layers.Conv2D(3, 3, padding="same", activation="relu")(x)
    second = layers.Conv2D(4, 3, strides=2, padding="same", activation="relu")(first)
    third = layers.Conv2D(4, 3, strides=2, padding="same", activation="relu")(second)
    up = layers.Conv2DTranspose(4, 3, strides=2, padding="same")(third)
    up = layers.Conv2DTranspose(3, 4, strides=2, padding="same")(layers.Concatenate()([up, second]))
    return layers.Conv2D(1, 3, padding="same")(layers.Concatenate()([up, first]))


def upscaler(x: Any) -> Any:
    """Twice as fine."""
    x = layers.Conv2D(4, 5, padding="same", activation="relu")(x)
    return layers.Conv2D(1, 3, padding="same")(layers.Conv2DTranspose(2, 3, strides=2, padding="same")(x))


def halver(x: Any) -> Any:
    """Half as fine."""
    return layers.Conv2D(1, 3, padding="same")(layers.MaxPooling2D(2)(layers.Conv2D(4, 3, padding="same")(x)))


NETWORKS = {"unet": (unet, Fraction(1), 16), "upscaler": (upscaler, Fraction(1, 2), 4), "halver": (halver, Fraction(2), 6)}


@pytest.fixture(scope="module")
def model_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, int | None], str]:
    """A folder with one of the networks, for windows of any size or of one."""
    made: dict[tuple[str, int | None], str] = {}

    def make(name: str, size: int | None = None) -> str:
        if (name, size) not in made:
            keras.utils.set_random_seed(1)
            source = keras.Input((size, size, 1), name="image")
            network = keras.Model(source, NETWORKS[name][0](source))
            made[name, size] = str(tmp_path_factory.mktemp(name))
            network.export(made[name, size], verbose=False)
        return made[name, size]

    return make


def served(model: str, image: str, out: Path, **options: Any) -> np.ndarray:
    job = ServeModel(sources=(ServedSource((image,)),), model=model, products=(Product(str(out)),), **options)
    serve.run(job, options.pop("reporter", Reporter(lambda event: None)))
    with rasterio.open(out) as written:
        return written.read(1)


@few
@given(
    name=st.sampled_from(sorted(NETWORKS)), height=st.integers(1, 70), width=st.integers(1, 70),
    blocks=st.tuples(st.integers(1, 90), st.integers(1, 90)),
)  # fmt: skip
def test_any_block_size_gives_the_same_image(
    tmp_path: Path, make_raster: MakeRaster, model_of: Callable[..., str], name: str, height: int, width: int, blocks: tuple[int, int]
) -> None:
    image = make_raster(tmp_path / "image.tif", np.random.default_rng(height).normal(size=(height, width)).astype("float32"))
    one, other = (served(model_of(name), image, tmp_path / f"{i}.tif", block_size=size) for i, size in enumerate(blocks))
    scale = NETWORKS[name][1]
    assert one.shape == (-int(-height // scale), -int(-width // scale))
    np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", sorted(NETWORKS))
def test_away_from_the_edge_the_map_is_what_the_model_gives_for_the_whole_image(
    tmp_path: Path, make_raster: MakeRaster, model_of: Callable[..., str], name: str, reporter: Any
) -> None:
    """Also of patches of one size: what their padding spoils is thrown away."""
    _, scale, margin = NETWORKS[name]
    pixels = np.random.default_rng(0).normal(size=(96, 88)).astype("float32")
    image = make_raster(tmp_path / "image.tif", pixels)
    model = load(model_of(name))
    whole = model.run({model.inputs[0].name: pixels[None, :, :, None]}, [model.outputs[0].name])[model.outputs[0].name][0, :, :, 0]
    inside = slice(int(margin / scale), -int(margin / scale))
    for size, out in ((None, "blocks.tif"), (64, "patches.tif")):
        found = served(model_of(name, size), image, tmp_path / out, block_size=20)
        assert found.shape == whole.shape
        np.testing.assert_allclose(found[inside, inside], whole[inside, inside], rtol=1e-4, atol=1e-4)


def test_the_log_tells_of_the_halo(tmp_path: Path, make_raster: MakeRaster, model_of: Callable[..., str], reporter: Any) -> None:
    image = make_raster(tmp_path / "image.tif", np.ones((20, 20), "float32"))
    job = ServeModel(sources=(ServedSource((image,)),), model=model_of("unet"), products=(Product(str(tmp_path / "o.tif")),))
    serve.run(job, reporter)
    assert "fully convolutional" in reporter.texts
    assert "The model pads" in reporter.texts and "Expression field 4 × 4, scale factor 1" in reporter.texts


def test_outputs_with_other_margins_are_served_one_by_one(tmp_path: Path, make_raster: MakeRaster) -> None:
    """As OTBTF exports them: each name its own crop, and each served gives the same map."""
    keras.utils.set_random_seed(1)
    source = keras.Input((None, None, 1), name="image")
    network = keras.Model(source, unet(source))

    def call(image: Any) -> dict[str, Any]:
        y = network(image)
        return {"y": y, "y_crop4": y[:, 4:-4, 4:-4, :], "y_crop16": y[:, 16:-16, 16:-16, :]}

    module, folder = tf.Module(), str(tmp_path / "model")
    module.network = network
    images = tf.TensorSpec([None, None, None, 1], tf.float32, name="image")
    tf.saved_model.save(module, folder, signatures=tf.function(call, input_signature=[images]))
    image = make_raster(tmp_path / "image.tif", np.random.default_rng(0).normal(size=(50, 41)).astype("float32"))
    sources = (ServedSource((image,)),)
    maps = []
    for name in ("y", "y_crop4", "y_crop16"):
        product = Product(str(tmp_path / f"{name}.tif"), (name,))
        serve.run(ServeModel(sources=sources, model=folder, products=(product,), block_size=16), Reporter(lambda event: None))
        with rasterio.open(product.path) as written:
            maps.append(written.read(1))
    np.testing.assert_allclose(maps[1], maps[0], rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(maps[2], maps[0], rtol=1e-5, atol=1e-5)
