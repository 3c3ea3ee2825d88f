"""The images that are served: noise smooth enough to compress like an image, as tiled GeoTIFF with deflate, made once."""

from __future__ import annotations

import os

import numpy as np
import rasterio
from affine import Affine
from rasterio.windows import Window

STRIP = 256


def image(folder: str, side: int, bands: int = 4, spacing: float = 10.0) -> str:
    """A square uint16 image; its path. Written in strips: making it takes no memory that would show in the measurements."""
    path = os.path.join(folder, f"image_{side}_{bands}.tif")
    if os.path.exists(path):
        return path
    profile = {
        "driver": "GTiff", "height": side, "width": side, "count": bands, "dtype": "uint16", "crs": "EPSG:32631", "tiled": True,
        "blockxsize": 256, "blockysize": 256, "compress": "deflate", "zlevel": 1, "predictor": 2, "interleave": "pixel",
        "transform": Affine(spacing, 0, 500000, 0, -spacing, 5000000), "photometric": "MINISBLACK", "BIGTIFF": "IF_SAFER",
    }  # fmt: skip
    partial = f"{path}.partial.tif"
    with rasterio.open(partial, "w", **profile) as target:
        for row in range(0, side, STRIP):
            target.write(_strip(row, min(STRIP, side - row), side, bands), window=Window(0, row, side, min(STRIP, side - row)))
    os.replace(partial, path)
    return path


def _strip(row: int, rows: int, side: int, bands: int) -> np.ndarray:
    rng = np.random.default_rng(row)
    y, x = np.arange(row, row + rows)[:, None], np.arange(side)[None, :]
    waves = [1500 + 900 * np.sin(y / (37 + 11 * band)) * np.cos(x / (53 + 7 * band)) for band in range(bands)]
    return (np.stack(waves) + rng.integers(0, 64, (bands, rows, side))).astype("uint16")


def write(path: str, made: np.ndarray) -> None:
    """(rows, cols, bands) as a tiled, deflated GeoTIFF, with as many threads as ours."""
    rows, cols, bands = made.shape
    profile = {
        "driver": "GTiff", "height": rows, "width": cols, "count": bands, "dtype": made.dtype, "tiled": True, "blockxsize": 256,
        "blockysize": 256, "compress": "deflate", "zlevel": 1, "predictor": 2, "interleave": "pixel", "photometric": "MINISBLACK",
        "num_threads": 2,
    }  # fmt: skip
    with rasterio.open(path, "w", **profile) as target:
        target.write(np.moveaxis(made, 2, 0))


def pixels(path: str) -> np.ndarray:
    """All of an image, (rows, cols, bands) in float32, as a program without tiling would hold it."""
    with rasterio.open(path) as source:
        return np.ascontiguousarray(np.moveaxis(source.read(), 0, 2).astype("float32"))
