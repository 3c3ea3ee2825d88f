"""The job superresolve on files: where its pixels are, that blocks do not show, and that it is the input in all but its pixel size."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio

from core.errors import CannotWrite
from core.model.backend import tf
from core.model.loading.load import load

from .conftest import bilinear, save

MakeRaster = Callable[..., str]
Call = Callable[..., Any]
BLOCKS = (64, 256, 0)


def sr4rs_like(bands: int) -> Call:
    """As SR4RS's generator: residual blocks with pixel norm, transposed convolutions of stride 2, a blur, all padded with zeros."""
    rng, width = np.random.default_rng(5), 16  # fewer make norms near 0, which blow rounding up

    def weights(side: int, into: int, out: int) -> Any:
        return tf.constant(rng.normal(size=(side, side, into, out)) / side / np.sqrt(into), tf.float32)

    first, last = weights(9, bands, width), weights(5, width, bands)
    blocks, ups = [(weights(3, width, width), weights(3, width, width)) for _ in range(2)], [weights(4, width, width) for _ in range(2)]
    blur = tf.constant(np.outer([1, 2, 1], [1, 2, 1])[:, :, None, None] / 16 * np.ones((1, 1, width, 1)), tf.float32)

    def norm(net: Any) -> Any:
        return net * tf.math.rsqrt(tf.reduce_mean(tf.square(net), axis=-1, keepdims=True) + 1e-8)

    def call(image: Any) -> Any:
        net = start = tf.nn.leaky_relu(tf.nn.conv2d(image, first, 1, "SAME"))
        for one, other in blocks:
            net += norm(tf.nn.conv2d(norm(tf.nn.leaky_relu(tf.nn.conv2d(net, one, 1, "SAME"))), other, 1, "SAME"))
        net += start
        for kernel in ups:
            shape = tf.shape(net)
            net = tf.nn.conv2d_transpose(net, kernel, [shape[0], 2 * shape[1], 2 * shape[2], width], 2, "SAME")
            net = norm(tf.nn.leaky_relu(tf.nn.depthwise_conv2d(net, blur, [1, 1, 1, 1], "SAME")))
        return tf.nn.conv2d(net, last, 1, "SAME")

    return call


@pytest.fixture(scope="module")
def of_sr4rs(tmp_path_factory: pytest.TempPathFactory) -> str:
    generator = sr4rs_like(2)

    def call(lr_input: Any) -> dict[str, Any]:
        image = generator(lr_input)
        return {f"output_{margin}": image[:, margin:-margin, margin:-margin, :] for margin in (8, 16, 128)}

    return save(tmp_path_factory.mktemp("sr4rs"), {"lr_input": 2}, call)


def test_a_ramp_stays_the_ramp(
    tmp_path: Path, make_raster: MakeRaster, interpolating: Callable[..., str], superresolved: Callable[..., Any]
) -> None:
    """97 × 131 pixels come out as 388 × 524, in their place; the value at a place on the map is what it was."""
    rows, cols = np.mgrid[:97, :131] + 0.5
    path = make_raster(tmp_path / "ramp.tif", (3 * cols + 100 * rows).astype("float32"))
    with rasterio.open(path) as image:
        transform, bounds, crs = image.transform, image.bounds, image.crs
    for size in BLOCKS:
        pixels, written = superresolved(interpolating(), path, block_size=size)
        assert written.shape == (388, 524) and written.crs == crs
        np.testing.assert_allclose(written.bounds, bounds, atol=1e-9, rtol=0)
        np.testing.assert_allclose(written.transform, transform @ transform.scale(0.25), atol=1e-9, rtol=0)
        fine_rows, fine_cols = (np.mgrid[:388, :524] + 0.5) / 4
        inside = slice(4, -4), slice(4, -4)
        np.testing.assert_allclose(pixels[:, :, 0][inside], (3 * fine_cols + 100 * fine_rows)[inside], rtol=1e-5)


def test_a_model_of_sr4rs(tmp_path: Path, make_raster: MakeRaster, of_sr4rs: str, superresolved: Callable[..., Any], reporter: Any) -> None:
    """Its padding reaches further than the margins in its outputs' names: no block shows, and inside it is the whole image's answer."""
    values = np.random.default_rng(1).normal(size=(97, 131, 2)).astype("float32")
    path = make_raster(tmp_path / "image.tif", values)
    served = [superresolved(of_sr4rs, path, block_size=size)[0] for size in BLOCKS]
    assert served[0].shape == (388, 524, 2) and "fully convolutional; outputs output_16" in reporter.texts
    for other in served[1:]:
        np.testing.assert_allclose(other, served[0], atol=1e-5, rtol=1e-5)
    whole = load(of_sr4rs).run({"lr_input": values[None]}, ["output_8"])["output_8"][0]
    reach = 64
    inside = slice(reach, -reach), slice(reach, -reach)
    np.testing.assert_allclose(served[0][inside], np.pad(whole, ((8, 8), (8, 8), (0, 0)))[inside], atol=1e-5, rtol=1e-5)
    named, _ = superresolved(of_sr4rs, path, block_size=100, outputs=("output_8",))
    np.testing.assert_allclose(named, served[0], atol=1e-5, rtol=1e-5)


def test_a_single_pixel(tmp_path: Path, make_raster: MakeRaster, of_sr4rs: str, superresolved: Callable[..., Any]) -> None:
    pixels, written = superresolved(of_sr4rs, make_raster(tmp_path / "one.tif", np.full((1, 1, 2), 7, "float32")))
    assert pixels.shape == (4, 4, 2) and np.isfinite(pixels).all() and written.transform.a == 2.5


def reflectance(make_raster: MakeRaster, path: Path, pixels: np.ndarray, nodata: float | None) -> str:
    """As Sentinel-2 has it: whole numbers with a scale, and an offset a band."""
    make_raster(path, pixels, nodata=nodata, names=("B04", "B08"))
    with rasterio.open(path, "r+") as image:
        image.scales, image.offsets = (0.0001, 0.0002), (-0.1, 0.0)
    return str(path)


def test_whole_numbers_stay_what_they_were(
    tmp_path: Path, make_raster: MakeRaster, interpolating: Callable[..., str], superresolved: Callable[..., Any]
) -> None:
    """Type, no-data, names, scale and offset are kept; values are those of the pixels, not of what scale and offset make of them."""
    values = np.random.default_rng(0).integers(1, 4000, (20, 30, 2)).astype("uint16")
    values[:5, :7] = 0
    path = reflectance(make_raster, tmp_path / "image.tif", values, nodata=0)
    pixels, written = superresolved(interpolating(2), path, block_size=17)
    assert (written.dtypes, written.nodata) == (("uint16", "uint16"), 0)
    assert (written.descriptions, written.scales, written.offsets) == (("B04", "B08"), (0.0001, 0.0002), (-0.1, 0.0))
    empty = np.zeros((80, 120), bool)
    empty[:20, :28] = True
    np.testing.assert_array_equal((pixels == 0).any(axis=2), empty)
    exact, real = superresolved(interpolating(2), path, dtype="float32")
    assert real.dtypes[0] == "float32" and real.scales == written.scales and real.descriptions == written.descriptions
    np.testing.assert_array_equal(pixels[~empty], np.maximum(np.rint(exact[~empty]), 1))


def test_values_are_clipped_to_the_type_and_said(
    tmp_path: Path, make_raster: MakeRaster, interpolating: Callable[..., str], superresolved: Callable[..., Any], reporter: Any
) -> None:
    path = make_raster(tmp_path / "bytes.tif", np.full((9, 9), 100, "uint8"))
    pixels, written = superresolved(interpolating(1, 4.0), path)
    assert (pixels[4:-4, 4:-4] == 255).all() and written.dtypes == ("uint8",) and written.nodata is None
    assert "clipped" in reporter.texts
    pixels, written = superresolved(interpolating(1, -1.0), path, nodata=7)
    assert (pixels[4:-4, 4:-4] == 0).all()


def test_no_data_in_the_middle_of_the_type_stands_for_no_true_value(
    tmp_path: Path, make_raster: MakeRaster, interpolating: Callable[..., str], superresolved: Callable[..., Any]
) -> None:
    values = np.full((8, 8), 98, "int16")
    values[:, 4:] = 102
    values[0, 0] = 100
    pixels, _ = superresolved(interpolating(), make_raster(tmp_path / "image.tif", values, nodata=100))
    lacking = np.zeros((32, 32), bool)
    lacking[:4, :4] = True
    np.testing.assert_array_equal(pixels[:, :, 0] == 100, lacking)
    assert (pixels == 99).any()


def test_nan_becomes_the_no_data_value_of_the_input(
    tmp_path: Path, make_raster: MakeRaster, interpolating: Callable[..., str], superresolved: Callable[..., Any]
) -> None:
    values = np.ones((6, 6), "float32")
    values[2, 2], values[3, 3] = np.nan, -9999
    pixels, written = superresolved(interpolating(), make_raster(tmp_path / "image.tif", values, nodata=-9999))
    assert written.nodata == -9999
    assert (pixels[8:12, 8:12] == -9999).all() and (pixels[12:16, 12:16] == -9999).all() and (pixels == -9999).sum() == 32


def test_fusion_of_coarse_and_fine_bands(
    tmp_path: Path, make_raster: MakeRaster, tmp_path_factory: pytest.TempPathFactory, superresolved: Callable[..., Any]
) -> None:
    """20 m bands take the details of a 10 m band; names and type are those of the coarse bands."""
    enlarge = bilinear(2, factor=2)

    def call(coarse: Any, fine: Any) -> dict[str, Any]:
        return {"sharp": enlarge(coarse) + fine - tf.nn.avg_pool2d(fine, 3, 1, "SAME")}

    model = save(tmp_path_factory.mktemp("fusion"), {"coarse": 2, "fine": 1}, call)
    rng = np.random.default_rng(2)
    coarse = reflectance(make_raster, tmp_path / "coarse.tif", rng.integers(500, 900, (21, 34, 2)).astype("uint16"), nodata=None)
    details = rng.integers(0, 90, (42, 68)).astype("uint16")
    fine = make_raster(tmp_path / "fine.tif", details, names=("B02",), spacing=5)
    served = [superresolved(model, coarse, fine, block_size=size) for size in (8, 64, 0)]
    pixels, written = served[0]
    assert written.shape == (42, 68) and written.res == (5.0, 5.0)
    assert (written.descriptions, written.dtypes, written.scales) == (("B04", "B08"), ("uint16",) * 2, (0.0001, 0.0002))
    for other, _ in served[1:]:
        np.testing.assert_array_equal(other, pixels)
    with rasterio.open(coarse) as image:
        blurred = np.asarray(enlarge(np.moveaxis(image.read(), 0, 2)[None].astype("float32")))[0]
    around = np.lib.stride_tricks.sliding_window_view(details.astype("float32"), (3, 3)).mean(axis=(2, 3))
    expected = blurred[1:-1, 1:-1] + (details[1:-1, 1:-1] - around)[:, :, None]
    np.testing.assert_allclose(pixels[3:-3, 3:-3], expected[2:-2, 2:-2], atol=0.501)


def test_an_extent_gives_the_same_pixels(tmp_path: Path, make_raster: MakeRaster, of_sr4rs: str, superresolved: Callable[..., Any]) -> None:
    path = make_raster(tmp_path / "image.tif", np.random.default_rng(3).normal(size=(40, 50, 2)).astype("float32"))
    whole, _ = superresolved(of_sr4rs, path)
    part, written = superresolved(of_sr4rs, path, extent=(500102.5, 4999700.0, 500300.0, 4999900.0))
    assert written.shape == (80, 79) and (written.transform.c, written.transform.f) == (500102.5, 4999900.0)
    np.testing.assert_allclose(part, whole[40:120, 41:120], atol=1e-5, rtol=1e-5)


def test_the_input_is_not_overwritten(
    tmp_path: Path, make_raster: MakeRaster, interpolating: Callable[..., str], superresolved: Callable[..., Any]
) -> None:
    path = make_raster(tmp_path / "superresolved.tif", np.ones((4, 4), "float32"))
    with pytest.raises(CannotWrite, match="is also an input"):
        superresolved(interpolating(), path)
