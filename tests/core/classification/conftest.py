"""A small scene whose bands tell the classes, and points on it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fiona
import numpy as np
import pytest

X0, Y0, SPACING = 500000.0, 5000000.0, 10.0
NAMES = ("water", "forest", "town")
MEANS = np.array([[100, 200, 300], [800, 300, 100], [400, 900, 700]])  # of each class, in three bands


@dataclass(frozen=True)
class Scene:
    """A picture of `truth` (rows, cols; indices of NAMES), as a raster, with points on it."""

    folder: Path
    image: str
    truth: np.ndarray
    points: str

    def path(self, name: str) -> str:
        return str(self.folder / name)


@pytest.fixture(scope="session")
def write_points() -> Callable[..., str]:
    """Points at pixel centres (row, col), or anywhere (fractions), with their classes."""

    def write(path: Path, places: Sequence[tuple[float, float]], classes: Sequence[Any], spacing: float = SPACING) -> str:
        kind = "str" if any(isinstance(value, str) for value in classes) else "int"
        schema = {"geometry": "Point", "properties": {"class": kind}}
        with fiona.open(path, "w", driver="GPKG", schema=schema, crs="EPSG:32631") as layer:
            layer.writerecords(
                {
                    "geometry": {"type": "Point", "coordinates": (X0 + spacing * (col + 0.5), Y0 - spacing * (row + 0.5))},
                    "properties": {"class": value},
                }
                for (row, col), value in zip(places, classes, strict=True)
            )
        return str(path)

    return write


@pytest.fixture
def scene(tmp_path: Path, make_raster: Callable[..., str], write_points: Callable[..., str]) -> Scene:
    """60 × 50 pixels in squares of classes, with noise; 150 points."""
    rng = np.random.default_rng(7)
    truth = np.kron(rng.integers(0, 3, (6, 5)), np.ones((10, 10), int))
    truth[:10, :30] = np.repeat([0, 1, 2], 10)
    pixels = (MEANS[truth] + rng.normal(0, 15, (60, 50, 3))).astype("int16")
    image = make_raster(tmp_path / "image.tif", pixels, names=("B02", "B03", "B08"))
    places = [(int(row), int(col)) for row, col in zip(rng.integers(0, 60, 150), rng.integers(0, 50, 150), strict=True)]
    points = write_points(tmp_path / "points.gpkg", places, [NAMES[truth[place]] for place in places])
    return Scene(tmp_path, image, truth, points)
