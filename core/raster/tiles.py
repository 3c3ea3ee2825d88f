"""How many decoded tiles GDAL has to keep so that none is decoded twice.

Blocks are read in rows, and their windows overlap: a tile that two rows of blocks share is needed again after a whole row of tiles has gone
by. If GDAL has dropped it by then, tiles are decoded two to four times (JPEG2000 in tiles of 1024 with a cache for a fifth of a row: four
times the time), and an image in strips as wide as itself once for every block of a row.
"""

from __future__ import annotations

import numpy as np
from rasterio.io import DatasetReader


def row_bytes(size: tuple[int, int], tile: tuple[int, int], window: tuple[int, int], pixel_bytes: int) -> int:
    """Bytes of the decoded tiles under one row of windows, wherever it lies, and of those that it shares with the next.

    Args:
        size, tile: rows and columns of the image and of its tiles.
        window: rows of a window, and columns of all of them side by side.
    """
    rows, cols = (min(_whole(length, side) + side, _whole(whole, side)) for whole, side, length in zip(size, tile, window, strict=True))
    return rows * cols * pixel_bytes


def image_row_bytes(image: DatasetReader, window: tuple[int, int]) -> int:
    """The same for all bands of an open image."""
    bands = zip(image.block_shapes, image.dtypes, strict=True)
    return sum(row_bytes(image.shape, tile, window, np.dtype(dtype).itemsize) for tile, dtype in bands)


def _whole(length: int, side: int) -> int:
    """A length, rounded up to whole tiles."""
    return -(-length // side) * side
