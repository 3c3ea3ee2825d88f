"""Images that are not plain files on the disk, or costly to decode, are served as any other."""

from __future__ import annotations

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
