"""What tells an image that has changed from one that has not, without reading all of it."""

from __future__ import annotations

import os
import re

import rasterio
from rasterio.io import DatasetReader
from rasterio.windows import Window as RasterioWindow

from .source import open_image

SAMPLE = 64  # pixels on a side of what is looked at where a file tells neither its size nor its time

GDAL: str = rasterio.__gdal_version__
Identity = dict[str, list[int]]  # of each file: its size in bytes and the time of its last change in ns, or checksums


def identity(path: str) -> Identity:
    """Of all files that an image consists of (overviews, .aux.xml, the parts of a VRT). A file inside an archive goes by its archive; one
    on a server by checksums of its corners and its middle, which is what can be known of it.

    Raises:
        CannotRead: the image is missing or damaged.
    """
    with open_image(path) as image:
        known = {file: stamp(_on_disk(file)) for file in image.files}
        return {file: found or _checksums(image) for file, found in (known or {path: []}).items()}


def stamp(path: str) -> list[int]:
    """Size in bytes and time of the last change in ns; nothing if there is no such file."""
    try:
        status = os.stat(path)
    except OSError:
        return []
    return [status.st_size, status.st_mtime_ns]


def _on_disk(path: str) -> str:
    """The file on this machine's disk that holds the path: itself, or the archive of /vsizip//folder/archive.zip/image.tif."""
    file = re.sub(r"^(/vsi\w+/)+", "", path)
    while file and not os.path.exists(file) and os.path.dirname(file) != file:
        file = os.path.dirname(file)
    return file if os.path.isfile(file) else path


def _checksums(image: DatasetReader) -> list[int]:
    height, width = min(SAMPLE, image.height), min(SAMPLE, image.width)
    bottom, right = image.height - height, image.width - width
    places = ((0, 0), (0, right), (bottom, 0), (bottom, right), (bottom // 2, right // 2))
    return [image.height, image.width, *(image.checksum(1, RasterioWindow(col, row, width, height)) for row, col in places)]
