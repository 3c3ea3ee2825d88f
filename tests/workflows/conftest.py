"""Real qgis_process with the real engine, in a profile of its own, on a tiny landscape. These tests run in the engine's Python."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fiona
import numpy as np
import pytest
import rasterio
from affine import Affine

from scripts import qgis

CRS = "EPSG:32631"
ORIGIN = (400000.0, 4800000.0)
SPACING = 10.0
SIZE = 96
CLASSES = ("forest", "open water", "farm")  # columns [0, 32), [32, 64), [64, 96)
SPECTRA = np.array([[300, 500, 300, 3000], [800, 600, 400, 200], [900, 1200, 1500, 2500]], np.float32)
TIMEOUT_S = 240


@dataclass(frozen=True)
class Landscape:
    """Three strips of land, each with four squares of truth; `truth` has the text field `cover`. `index`: (rows, cols) of CLASSES."""

    image: str
    truth: str
    index: np.ndarray


@dataclass(frozen=True)
class Run:
    """One run of qgis_process: exit status, results by name, and all that it said."""

    status: int
    results: dict[str, Any]
    text: str


@pytest.fixture(scope="session")
def profile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A QGIS profile with the plugin switched on."""
    folder = tmp_path_factory.mktemp("profile")
    qgis.enable(folder, sys.executable)
    return folder


@pytest.fixture(scope="session")
def process(profile: Path) -> Callable[..., Run]:
    """process(algorithm, **parameters): run one of our algorithms; process("id", names={"a:b": …}) where names are no Python names."""

    def run(algorithm: str, names: dict[str, Any] | None = None, **parameters: Any) -> Run:
        words = qgis.arguments(f"tensorscape:{algorithm}", {**parameters, **(names or {})})
        return _run([qgis.program(), "--json", *words], profile)

    return run


@pytest.fixture(scope="session")
def run_model(profile: Path) -> Callable[..., Run]:
    """run_model(path, **parameters): run a model of the designer."""

    def run(path: Path, **parameters: Any) -> Run:
        return _run([qgis.program(), "--json", *qgis.arguments(str(path), parameters)], profile)

    return run


@pytest.fixture(scope="session")
def ask(profile: Path) -> Callable[..., str]:
    """ask("list"), ask("help", id): what else qgis_process says."""

    def run(*words: str) -> str:
        return _run([qgis.program(), *words], profile).text

    return run


@pytest.fixture(scope="session")
def landscape(tmp_path_factory: pytest.TempPathFactory) -> Landscape:
    """Made once; nobody writes to it."""
    folder = tmp_path_factory.mktemp("landscape")
    index = np.repeat(np.arange(3), SIZE // 3)[np.newaxis, :].repeat(SIZE, axis=0)
    noise = np.random.default_rng(0).normal(0, 60, (SIZE, SIZE, 4))
    image = write_image(folder / "image.tif", (SPECTRA[index] + noise).clip(1).astype(np.uint16))
    squares = [(name, row, 9 + 32 * strip) for strip, name in enumerate(CLASSES) for row in (10, 30, 50, 70)]
    return Landscape(image, write_squares(folder / "truth.gpkg", squares, side=14), index)


def write_image(path: Path, pixels: np.ndarray, crs: str | None = CRS, nodata: float | None = None) -> str:
    """(rows, cols, bands) as a GeoTIFF at ORIGIN."""
    transform = Affine(SPACING, 0, ORIGIN[0], 0, -SPACING, ORIGIN[1])
    profile = {"width": pixels.shape[1], "height": pixels.shape[0], "count": pixels.shape[2], "dtype": pixels.dtype, "nodata": nodata}
    with rasterio.open(path, "w", driver="GTiff", crs=crs, transform=transform, **profile) as dataset:
        dataset.write(np.moveaxis(pixels, 2, 0))
    return str(path)


def write_squares(path: Path, squares: list[tuple[Any, int, int]], side: int, crs: str = CRS) -> str:
    """Polygons of (class, row, col of the upper left pixel) with the field `cover`, text or whole number as the classes are."""
    kind = "int" if all(isinstance(cover, int) for cover, _, _ in squares) else "str"
    schema = {"geometry": "Polygon", "properties": {"cover": kind}}
    with fiona.open(path, "w", driver="GPKG", schema=schema, crs=crs) as file:
        for cover, row, col in squares:
            left, top, size = ORIGIN[0] + col * SPACING, ORIGIN[1] - row * SPACING, side * SPACING
            ring = [(left, top), (left + size, top), (left + size, top - size), (left, top - size), (left, top)]
            file.write({"type": "Feature", "geometry": {"type": "Polygon", "coordinates": [ring]}, "properties": {"cover": cover}})
    return str(path)


def _run(command: list[str], profile: Path) -> Run:
    environment = qgis.environment(profile, sys.executable)
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=TIMEOUT_S)
    text = done.stdout + done.stderr
    return Run(done.returncode, qgis.results(done.stdout), _unescaped(text))


def _unescaped(text: str) -> str:
    """The JSON of qgis_process with its texts readable."""
    try:
        return text + json.dumps(json.loads(text[text.find("{") : text.rfind("}") + 1]), ensure_ascii=False)
    except ValueError:
        return text
