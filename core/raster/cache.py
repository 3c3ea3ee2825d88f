"""GDAL's memory for decoded tiles."""

from __future__ import annotations

import rasterio


def tile_cache(size: int) -> rasterio.Env:
    """A context in which GDAL keeps at most `size` bytes of decoded tiles, of all rasters together; what it holds above that goes with
    the next reads. Afterwards the old limit holds again."""
    return rasterio.Env(GDAL_CACHEMAX=size)
