from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import rasterio

from core.raster.cache import tile_cache

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
