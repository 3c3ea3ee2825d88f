"""A model as SR4RS exports it, from TensorFlow 1: recognised, and served right in value and place, without a seam."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio

from core.jobs import InspectModel, ServedSource, Superresolve
from core.model.backend import tf
from core.model.loading.load import load
from core.worker import run_job

v1 = tf.compat.v1
BANDS, WIDTH, MARGINS = 4, 16, (32, 64, 128)
ROWS, COLS = 97, 131
REACH = 20  # coarse pixels that zero padding spoils at an edge of the image, and more
MakeRaster = Callable[..., str]


def generator(image: Any, side: int) -> Any:
    """SR4RS's, with fewer blocks and filters: pixel values times 1e-4, convolution 9 × 9, residual blocks with pixel norm, two transposed
    convolutions ×2 with a blur, 9 × 9; all padded with zeros. `side` of the transposed kernels: 3, which lie half a fine pixel off the
    coarse one, or 4, as where the blur is part of the kernel."""
    rng = np.random.default_rng(5)

    def weights(size: int, into: int, out: int) -> Any:
        values = rng.normal(size=(size, size, into, out)) / size / np.sqrt(into)
        return v1.get_variable(f"weights{len(v1.global_variables())}", initializer=tf.constant(values, tf.float32))

    def norm(net: Any) -> Any:
        return net * tf.math.rsqrt(tf.reduce_mean(tf.square(net), axis=-1, keepdims=True) + 1e-8)

    net = start = tf.nn.leaky_relu(tf.nn.conv2d(image * 1e-4, weights(9, BANDS, WIDTH), 1, "SAME"))
    for _ in range(3):
        inner = norm(tf.nn.leaky_relu(tf.nn.conv2d(net, weights(3, WIDTH, WIDTH), 1, "SAME")))
        net += norm(tf.nn.conv2d(inner, weights(3, WIDTH, WIDTH), 1, "SAME"))
    net += start
    blur = tf.constant(np.outer([1, 2, 1], [1, 2, 1])[:, :, None, None] / 16 * np.ones((1, 1, WIDTH, 1)), tf.float32)
    for _ in range(2):
        shape = tf.shape(net)
        finer = [shape[0], 2 * shape[1], 2 * shape[2], WIDTH]
        net = tf.nn.conv2d_transpose(net, weights(side, WIDTH, WIDTH), finer, 2, "SAME")
        net = norm(tf.nn.leaky_relu(tf.nn.depthwise_conv2d(net, blur, [1, 1, 1, 1], "SAME")))
    return tf.nn.conv2d(net, weights(9, WIDTH, BANDS), 1, "SAME") * 1e4


def export(folder: Path, side: int) -> str:
    """As its train.py does, by OTBTF: keys are the names of tensors, one output for each margin that is cut off, and a saver is left."""
    with tf.Graph().as_default(), v1.Session() as session:
        source = v1.placeholder(tf.float32, [None, None, None, BANDS], "lr_input")
        image = generator(source, side)
        outputs = [tf.identity(image[:, m:-m, m:-m, :], f"output_{m}") for m in MARGINS]
        v1.train.Saver()
        session.run(v1.global_variables_initializer())
        v1.saved_model.simple_save(session, str(folder), {source.name: source}, {output.name: output for output in outputs})
    return str(folder)


@pytest.fixture(scope="module", params=[3, 4])
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    return export(tmp_path_factory.mktemp("sr4rs") / "model", request.param)


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory, make_raster: MakeRaster) -> str:
    pixels = np.random.default_rng(1).integers(200, 6000, (ROWS, COLS, BANDS)).astype("uint16")
    return make_raster(tmp_path_factory.mktemp("image") / "lr.tif", pixels)


def test_it_is_recognised(model: str, tmp_path: Path, reporter: Any) -> None:
    run_job(InspectModel(model, str(tmp_path / "page.html"), str(tmp_path / "facts.json")), reporter)
    facts = json.loads((tmp_path / "facts.json").read_text())
    assert [part["name"] for part in facts["inputs"]] == ["lr_input:0"]
    assert {part["name"]: part["margin"] for part in facts["outputs"]} == {f"output_{m}:0": m for m in MARGINS}
    assert (facts["scale_factor"], facts["fully_convolutional"]) == ("1/4", True)
    assert "cropped by 64 pixels on every side" in (tmp_path / "page.html").read_text()
    assert "Scale factor: 1/4" in reporter.texts


def test_every_output_is_the_whole_image_in_its_place(model: str, image: str, tmp_path: Path, reporter: Any) -> None:
    """Whatever the margin and the size of the blocks: what the generator makes of the whole image, on the image's ground."""
    with rasterio.open(image) as source:
        pixels, bounds, crs = np.moveaxis(source.read(), 0, 2), source.bounds, source.crs
    loaded, margin = load(model), MARGINS[0]
    expected = loaded.run({"lr_input:0": pixels[None].astype("float32")}, [f"output_{margin}:0"])[f"output_{margin}:0"][0]
    near = np.abs(expected).max() * 1e-5
    edge, first = 4 * REACH, None
    for block, outputs in ((0, ()), (64, ()), (256, ()), (100, ("output_64",)), (0, ("output_128:0",))):
        path = str(tmp_path / "hr.tif")
        run_job(Superresolve((ServedSource((image,)),), model, block_size=block, outputs=outputs, dtype="float32", output=path), reporter)
        with rasterio.open(path) as written:
            made = np.moveaxis(written.read(), 0, 2)
            np.testing.assert_allclose(written.bounds, bounds, atol=1e-9, rtol=0)
            assert (written.shape, written.crs) == ((4 * ROWS, 4 * COLS), crs)
        np.testing.assert_allclose(
            made[edge:-edge, edge:-edge], expected[edge - margin : margin - edge, edge - margin : margin - edge], atol=near
        )
        first = made if first is None else first
        np.testing.assert_allclose(made, first, atol=near)
    assert "outputs output_32:0" in reporter.texts
