from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.crs import CRS
from rasterio.drivers import raster_driver_extensions

from core.raster.cache import tile_cache
from core.raster.grid import Grid, Window
from core.raster.source import Source
from core.raster.writer import Bands, RasterWriter

MB = 1_000_000


def test_tiles_are_kept_within_their_share(tmp_path: Path, make_raster: Callable[..., str]) -> None:
    import psutil

    path = make_raster(tmp_path / "wide.tif", np.zeros((4000, 4000, 4), "float32"))
    with tile_cache(16 * MB), rasterio.open(path) as raster:
        raster.read(window=rasterio.windows.Window(0, 0, 64, 64))
        before = psutil.Process().memory_info().rss
        for row in range(0, 4000, 250):
            raster.read(1, window=rasterio.windows.Window(0, row, 4000, 250))
        assert psutil.Process().memory_info().rss - before < 100 * MB


@pytest.mark.skipif("jp2" not in raster_driver_extensions(), reason="this GDAL writes no JPEG2000")
def test_reading_loses_nothing_that_another_thread_writes(tmp_path: Path) -> None:
    """Blocks smaller than a tile, while JPEG2000 images are decoded: without taking turns, GDAL 3.10 loses some nearly every time."""
    images = []
    for band in range(3):
        images.append(str(tmp_path / f"{band}.jp2"))
        noise = np.random.default_rng(band).integers(0, 4000, (1, 768, 1536)).astype("uint16")
        profile = {
            "width": 1536,
            "height": 768,
            "count": 1,
            "dtype": "uint16",
            "crs": "EPSG:32631",
            "transform": Affine(10, 0, 0, 0, -10, 0),
        }
        with rasterio.open(images[-1], "w", driver="JP2OpenJPEG", QUALITY="20", BLOCKXSIZE="64", BLOCKYSIZE="64", **profile) as image:
            image.write(noise)
    grid = Grid(768, 1536, Affine(10, 0, 0, 0, -10, 0), CRS.from_epsg(32631))
    values = np.random.default_rng(0).normal(size=(768, 1536, 9)).astype("float32")
    done, blocks = threading.Event(), [(row, col) for row in range(0, 768, 128) for col in range(0, 1536, 128)]

    def read() -> None:
        with Source(images) as source:
            while not done.is_set():
                for row, col in blocks:
                    source.read(Window(row, col, 128, 128))

    reader = threading.Thread(target=read)
    reader.start()
    try:
        for number in range(4):
            path = str(tmp_path / f"{number}.tif")
            with RasterWriter(path, grid, Bands("float32", tuple("abcdefghi"), float("nan"))) as writer:
                for row, col in blocks:
                    writer.write(values[row : row + 128, col : col + 128], row, col)
            with rasterio.open(path) as image:
                assert np.array_equal(np.moveaxis(image.read(), 0, 2), values)
    finally:
        done.set()
        reader.join()
