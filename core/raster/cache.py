"""GDAL's memory for decoded tiles: one for all rasters and threads."""

from __future__ import annotations

import threading

import rasterio

# A thread that reads may push tiles out of GDAL's memory that another thread is just writing: they go to disk half full, and what is
# written to them next is lost (GDAL's issue 2011; with 3.10, reading JPEG2000 while writing blocks smaller than a tile lost some in every
# second run). So reading and writing take turns: whoever works with a raster's pixels while another thread may do so, holds this lock.
turn = threading.RLock()


def tile_cache(size: int) -> rasterio.Env:
    """A context in which GDAL keeps at most `size` bytes of decoded tiles, of all rasters together; what it holds above that goes with
    the next reads. Afterwards the old limit holds again."""
    return rasterio.Env(GDAL_CACHEMAX=size)
