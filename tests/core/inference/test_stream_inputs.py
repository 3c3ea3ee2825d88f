"""Images that are not plain files on the disk, or costly to decode, are served as any other."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine

from core.errors import CannotRead
from core.inference import serve
from core.jobs import Product, ServedSource, ServeModel
from core.reporting import Reporter

with rasterio.Env() as env:
    needs_jp2 = pytest.mark.skipif("JP2OpenJPEG" not in env.drivers(), reason="this GDAL reads no JPEG2000")
SIDE = 768
EXTENT = (500000.0, 4999000.0, 501000.0, 5000000.0)  # the upper left 100 × 100 pixels


class Server:
    """The folder `www`, served by range_server.py."""

    def __init__(self, folder: Path, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout
        self.folder, self.port = folder, int(process.stdout.readline())

    def path(self, manner: str, name: str = "cog.tif") -> str:
        return f"/vsicurl/http://127.0.0.1:{self.port}/{manner}/{name}"

    def served(self) -> dict[str, int]:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/served") as answer:
            return json.load(answer)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("www")
    write(folder / "cog.tif", pixels(0), driver="COG", compress="deflate", blocksize=256)
    script = Path(__file__).with_name("range_server.py")
    with subprocess.Popen([sys.executable, str(script), str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        yield Server(folder, process)
        process.stdin.close()  # type: ignore[union-attr]


def pixels(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(1, 4000, (1, SIDE, SIDE)).astype("uint16")


def write(path: Path, values: np.ndarray, **profile: Any) -> str:
    count, height, width = values.shape
    profile |= {"transform": Affine(10, 0, 500000, 0, -10, 5000000), "crs": "EPSG:32631", "dtype": values.dtype}
    with rasterio.open(path, "w", height=height, width=width, count=count, **profile) as image:
        image.write(values)
    return str(path)


@pytest.fixture
def served(tmp_path: Path, linear_model: Callable[..., str]) -> Callable[..., np.ndarray]:
    def run(image: str, **options: Any) -> np.ndarray:
        out = tmp_path / "out.tif"
        job = ServeModel(
            sources=(ServedSource((image,), None, (5, 5)),), model=linear_model((5,), (1,)), products=(Product(str(out)),),
            mode="fully_convolutional", block_size=200, **options,
        )  # fmt: skip
        serve.run(job, Reporter(lambda event: None))
        with rasterio.open(out) as written:
            return written.read(1)

    return run


def test_over_http_as_from_the_disk(server: Server, served: Callable[..., np.ndarray]) -> None:
    np.testing.assert_array_equal(served(server.path("whole")), served(str(server.folder / "cog.tif")))
    assert server.served()["bytes"] < 2 * (server.folder / "cog.tif").stat().st_size  # windows overlap; tiles are kept


def test_of_an_extent_only_its_part_is_fetched(server: Server, served: Callable[..., np.ndarray]) -> None:
    server.served()
    part = served(server.path("whole"), extent=EXTENT)
    asked = server.served()
    assert part.shape == (100, 100)
    assert asked["bytes"] < (server.folder / "cog.tif").stat().st_size / 4  # one tile of nine, and the header
    assert asked["requests"] < 10


def test_a_server_that_is_busy_at_times(server: Server, served: Callable[..., np.ndarray]) -> None:
    np.testing.assert_array_equal(served(server.path("unsure"), extent=EXTENT), served(str(server.folder / "cog.tif"), extent=EXTENT))


@pytest.mark.parametrize("manner", ["dies", "stalls"])
def test_a_server_that_goes_away_is_an_error_and_no_wait(
    server: Server, served: Callable[..., np.ndarray], manner: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GDAL_HTTP_LOW_SPEED_TIME", "1")
    start = time.monotonic()
    with pytest.raises(CannotRead, match=r"cog\.tif"):
        served(server.path(manner))
    assert time.monotonic() - start < 15
    assert not (tmp_path / "out.tif").exists()


def test_an_image_that_is_not_there(server: Server, served: Callable[..., np.ndarray]) -> None:
    with pytest.raises(CannotRead, match=r"none\.tif"):
        served(server.path("whole", "none.tif"))


def test_a_changed_image_is_seen_by_the_same_engine(server: Server, served: Callable[..., np.ndarray]) -> None:
    name = "changing.tif"
    for seed in (1, 2):
        write(server.folder / name, pixels(seed), driver="COG", compress="deflate", blocksize=256)
        np.testing.assert_array_equal(served(server.path("whole", name), extent=EXTENT), served(str(server.folder / name), extent=EXTENT))


class CountingFile(io.FileIO):
    """Counts what is read of it: a tile that is decoded again is read again."""

    read_bytes = 0

    def read(self, size: int | None = -1, /) -> bytes:
        content = super().read(-1 if size is None else size) or b""
        CountingFile.read_bytes += len(content)
        return content


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> type[CountingFile]:
    """Images named "image" are read through Python."""
    opened = rasterio.open

    def opening(path: str, *arguments: Any, **options: Any) -> Any:
        if arguments or Path(path).stem != "image":  # rasterio's own call of itself has arguments
            return opened(path, *arguments, **options)
        return opened(path, opener=lambda name, mode="rb": CountingFile(name))

    monkeypatch.setattr("core.raster.source.rasterio.open", opening)
    CountingFile.read_bytes = 0
    return CountingFile


@needs_jp2
def test_a_jpeg2000_image_as_any_other(tmp_path: Path, served: Callable[..., np.ndarray]) -> None:
    plain = write(tmp_path / "plain.tif", pixels(3), driver="GTiff")
    jp2 = write(tmp_path / "image.jp2", pixels(3), driver="JP2OpenJPEG", QUALITY=100, REVERSIBLE="YES", BLOCKXSIZE=256, BLOCKYSIZE=256)
    np.testing.assert_array_equal(served(jp2), served(plain))


FORMATS = {
    "tiles": {"driver": "GTiff", "compress": "deflate", "tiled": True, "blockxsize": 256, "blockysize": 256},
    "strips": {"driver": "GTiff", "compress": "deflate", "blockysize": 64},
    "jpeg2000": {"driver": "JP2OpenJPEG", "QUALITY": "100", "REVERSIBLE": "YES", "BLOCKXSIZE": "256", "BLOCKYSIZE": "256"},
}


@pytest.mark.parametrize("layout", [pytest.param(name, marks=needs_jp2 if name == "jpeg2000" else ()) for name in FORMATS])
def test_no_tile_of_a_wide_image_is_decoded_twice(
    tmp_path: Path, served: Callable[..., np.ndarray], counted: type[CountingFile], monkeypatch: pytest.MonkeyPatch, layout: str
) -> None:
    path = write(tmp_path / ("image.jp2" if layout == "jpeg2000" else "image.tif"), pixels(4), **FORMATS[layout])
    monkeypatch.setattr("core.inference.memory.CACHE", 2**18)  # as if the image were a thousand times as wide
    with rasterio.Env(GDAL_CACHEMAX=2**18):
        served(path)
        once = counted.read_bytes
        monkeypatch.setattr("core.inference.tiles.SHARE", 10**9)  # no room
        counted.read_bytes = 0
        served(path)
    assert once < 1.5 * Path(path).stat().st_size  # and what was looked at before the block size was known
    assert counted.read_bytes > 1.5 * once
