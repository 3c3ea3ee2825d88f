"""Normalised images against numpy on the whole image."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio

from core.errors import BadParameter, Cancelled, CannotRead, CannotWrite
from core.jobs import Normalize
from core.normalization import blocks, normalize
from core.raster.grid import Grid
from core.worker import run_job

METHODS: dict[str, Callable[[np.ndarray], np.ndarray]] = {  # of the values of a band that are data
    "minmax": lambda v: (v - v.min()) / (v.max() - v.min()),
    "percentile": lambda v: np.clip((v - np.percentile(v, 2)) / (np.percentile(v, 98) - np.percentile(v, 2)), 0, 1),
    "meanstd": lambda v: (v - v.mean()) / v.std(),
    "constant": lambda v: (v - 100) / 2500,
}


@pytest.fixture
def job(tmp_path: Path, make_raster: Callable) -> Callable[..., Normalize]:
    """job(pixels, nodata, **changes) on an image of these pixels, with bands b1, b2, …"""

    def make(pixels: np.ndarray, nodata: float | None = None, **changes: Any) -> Normalize:
        names = tuple(f"b{band + 1}" for band in range(pixels.shape[2]))
        image = make_raster(tmp_path / "image.tif", pixels, nodata=nodata, names=names)
        usual = {"image": image, "output": str(tmp_path / "normal.tif"), "subtract": 100.0, "divide": 2500.0}
        return Normalize(**{**usual, **changes})

    return make


def read(path: str) -> np.ndarray:
    with rasterio.open(path) as image:
        return np.moveaxis(image.read(), 0, 2)


def scene(dtype: str, height: int = 300, width: int = 700) -> np.ndarray:
    rng = np.random.default_rng(1)
    return np.stack([rng.gamma(3, scale, (height, width)) for scale in (10, 20, 5)], axis=2).astype(dtype)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16", "int32", "float32", "float64"])
def test_every_band_is_normalised_by_its_own_data(
    job: Callable, make_reporter: type, monkeypatch: pytest.MonkeyPatch, method: str, dtype: str
) -> None:
    """Over several blocks; without the pixels that have no data (all bands 0) and, in floats, without the NaN of one band."""
    monkeypatch.setattr(blocks, "BLOCK_VALUES", 1)
    pixels = scene(dtype)
    pixels[:40] = 0
    pixels[50:60, :, 0] = 0  # one band only: a dark pixel
    data = np.repeat(pixels.any(axis=2)[:, :, np.newaxis], 3, axis=2)
    if dtype.startswith("float"):
        pixels[100:120, 5:9, 1], pixels[130, 7, 2] = np.nan, np.inf
        data[100:120, 5:9, 1], data[130, 7, 2] = False, False
    done = job(pixels, nodata=0, method=method)
    assert normalize.run(done, make_reporter()) == {"OUTPUT": done.output, "BANDS": 3}
    found = read(done.output)
    assert found.dtype == np.float32 and np.array_equal(np.isnan(found), ~data)
    for band in range(3):
        expected = METHODS[method](pixels[..., band][data[..., band]].astype(np.float64))
        assert np.allclose(found[..., band][data[..., band]], expected, rtol=1e-5, atol=1e-6)
    with rasterio.open(done.image) as before, rasterio.open(done.output) as after:
        assert (after.crs, after.transform, after.descriptions) == (before.crs, before.transform, ("b1", "b2", "b3"))
        assert np.isnan(after.nodata)


@pytest.mark.parametrize(("dtype", "top"), [("uint8", 255), ("uint16", 65535)])
def test_whole_numbers_keep_0_for_no_data(job: Callable, make_reporter: type, dtype: str, top: int) -> None:
    pixels = scene("uint16")
    pixels[:40] = 0
    done = job(pixels, nodata=0, method="minmax", dtype=dtype)
    normalize.run(done, make_reporter())
    found, data = read(done.output), pixels.any(axis=2)
    assert found.dtype == dtype and not found[~data].any() and found[data].min() == 1 and found[data].max() == top
    for band in range(3):
        values = pixels[..., band][data].astype(np.float64)
        assert np.abs(found[..., band][data] - (1 + METHODS["minmax"](values) * (top - 1))).max() <= 0.51
    with rasterio.open(done.output) as after:
        assert after.nodata == 0


def test_without_cutting_values_lie_outside_of_0_to_1(job: Callable, make_reporter: type) -> None:
    done = job(scene("uint16"), method="percentile", percentile_low=10.0, percentile_high=90.0, clip=False)
    normalize.run(done, make_reporter())
    assert read(done.output).min() < 0 and read(done.output).max() > 1


@pytest.mark.parametrize("method", ["minmax", "percentile", "meanstd"])
def test_statistics_of_one_image_normalise_another(
    job: Callable, make_reporter: type, make_raster: Callable, tmp_path: Path, method: str
) -> None:
    first, second = scene("uint16"), (scene("uint16") // 2)[:90]
    kept = str(tmp_path / "kept.json")
    normalize.run(job(first, method=method, output_statistics=kept), make_reporter())
    done = job(second, method=method, statistics=kept, clip=False)
    normalize.run(done, make_reporter())
    whole = first.reshape(-1, 3).astype(np.float64)
    low, high = {
        "minmax": (whole.min(axis=0), whole.max(axis=0)),
        "percentile": tuple(np.percentile(whole, (2, 98), axis=0)),
        "meanstd": (whole.mean(axis=0), whole.mean(axis=0) + whole.std(axis=0)),
    }[method]
    assert np.allclose(read(done.output), (second - low) / (high - low), rtol=1e-5, atol=1e-5)
    assert [band["name"] for band in json.loads(Path(kept).read_text())["bands"]] == ["b1", "b2", "b3"]


def test_statistics_that_do_not_fit_are_refused(job: Callable, make_reporter: type, tmp_path: Path) -> None:
    kept, junk = str(tmp_path / "kept.json"), tmp_path / "junk.json"
    normalize.run(job(scene("uint8")[:9], method="meanstd", output_statistics=kept), make_reporter())
    junk.write_text('{"bands": [{"name": "a"}]}')
    cases = [
        ({"statistics": kept, "method": "percentile"}, BadParameter, "expected the 2th percentile, received no percentiles"),
        ({"statistics": str(junk)}, CannotRead, "statistics of bands"),
        ({"statistics": str(tmp_path / "none.json")}, CannotRead, "statistics of bands"),
    ]
    for changes, kind, words in cases:
        with pytest.raises(kind, match=words):
            normalize.run(job(scene("uint8")[:9], **changes), make_reporter())
    with pytest.raises(BadParameter, match="expected 2 bands, as the image has, received 3"):
        normalize.run(job(scene("uint8")[:9, :, :2], statistics=kept, method="meanstd"), make_reporter())
    assert not list(tmp_path.glob(".*"))


@pytest.mark.parametrize("method", METHODS)
def test_a_constant_band_becomes_0_and_an_empty_one_stays_empty(job: Callable, make_reporter: type, tmp_path: Path, method: str) -> None:
    pixels = scene("float32")[:20]
    pixels[..., 1], pixels[..., 2] = 100, np.nan
    reporter = make_reporter()
    kept = str(tmp_path / "kept.json")
    done = job(pixels, method=method, output_statistics=kept)
    normalize.run(done, reporter)
    found = read(done.output)
    assert not found[..., 1].any() and np.isnan(found[..., 2]).all() and np.isfinite(found[..., 0]).all()
    assert "b3 has no data at all" in reporter.texts and ("b2 has the same value (100)" in reporter.texts) == (method != "constant")
    normalize.run(job(pixels, method=method, statistics=kept), make_reporter())
    assert np.array_equal(read(done.output), found, equal_nan=True)


def test_a_single_pixel_and_no_pixel(job: Callable, make_reporter: type, tmp_path: Path) -> None:
    done = job(np.full((1, 1, 1), 7, "uint8"))
    normalize.run(done, make_reporter())
    assert read(done.output).ravel() == [0]
    Path(done.output).unlink()
    with pytest.raises(BadParameter, match="no pixel with data"):
        normalize.run(job(np.zeros((5, 5, 2), "uint8"), nodata=0), make_reporter())
    assert not Path(done.output).exists()


def test_wrong_jobs_are_refused() -> None:
    for values, words in (
        ({"percentile_low": 50.0, "percentile_high": 50.0}, "the lower one below"),
        ({"dtype": "uint8", "method": "meanstd"}, "received method meanstd"),
        ({"dtype": "uint16", "clip": False}, "not cut"),
        ({"divide": 0.0}, "more than 0"),
    ):
        with pytest.raises(BadParameter, match=words):
            Normalize(**values)


def test_the_image_itself_is_not_overwritten_and_a_cancel_leaves_nothing(job: Callable, make_reporter: type, tmp_path: Path) -> None:
    done = job(scene("uint8")[:9])
    before = sorted(tmp_path.iterdir())
    with pytest.raises(CannotWrite, match="also an input"):
        run_job(job(scene("uint8")[:9], output=done.image), make_reporter())
    reporter = make_reporter()
    reporter.cancelled.set()
    with pytest.raises(Cancelled):
        normalize.run(done, reporter)
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize(("height", "width", "bands"), [(1, 1, 1), (257, 5000, 4), (600, 9000, 300)])
def test_blocks_cover_every_pixel_once_and_begin_on_tiles(height: int, width: int, bands: int) -> None:
    from affine import Affine

    grid = Grid(height, width, Affine.identity(), None)
    found = list(blocks.blocks(grid, bands))
    assert sum(window.height * window.width for window in found) == height * width
    assert len({(window.row, window.col) for window in found}) == len(found) == blocks.block_count(grid, bands)
    assert all(window.row % 256 == 0 and window.col % 256 == 0 for window in found)
    assert max(window.height * window.width * bands for window in found) <= max(blocks.BLOCK_VALUES, 256 * 256 * bands)
