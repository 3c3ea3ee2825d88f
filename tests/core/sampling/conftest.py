"""What the tests of sampling share: tiny vector layers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import fiona
import pytest

UTM = "EPSG:32631"
X0, Y0 = 500000.0, 5000000.0  # upper left corner of the rasters that make_raster writes, 10 m a pixel

Feature = tuple[dict[str, Any] | None, dict[str, Any]]


@pytest.fixture(scope="session")
def make_layer() -> Callable[..., str]:
    """Writes (geometry, attributes) as a vector layer and returns its path. `schema`: fiona's type of each field."""

    def make(path: Path, features: Iterable[Feature], schema: dict[str, str], crs: str | None = UTM, geometry: str = "Unknown") -> str:
        driver = {".gpkg": "GPKG", ".geojson": "GeoJSON"}[path.suffix]
        with fiona.open(path, "w", driver=driver, schema={"geometry": geometry, "properties": schema}, crs=crs) as layer:
            layer.writerecords([{"type": "Feature", "geometry": shape, "properties": values} for shape, values in features])
        return str(path)

    return make


@pytest.fixture(scope="session")
def box() -> Callable[..., dict[str, Any]]:
    """The polygon that covers rows [row, row + height) and columns [col, col + width) of a raster of make_raster."""

    def make(row: float, col: float, height: float, width: float) -> dict[str, Any]:
        left, right, top, bottom = X0 + 10 * col, X0 + 10 * (col + width), Y0 - 10 * row, Y0 - 10 * (row + height)
        return {"type": "Polygon", "coordinates": [[(left, top), (right, top), (right, bottom), (left, bottom), (left, top)]]}

    return make


@pytest.fixture(scope="session")
def point() -> Callable[[float, float], dict[str, Any]]:
    """The point at (row, col) in pixels, counted from the upper left corner (so pixel centres end in .5)."""
    return lambda row, col: {"type": "Point", "coordinates": (X0 + 10 * col, Y0 - 10 * row)}


@pytest.fixture(scope="session")
def read_layer() -> Callable[[str], list[tuple[tuple[float, float], dict[str, Any]]]]:
    """All points of a layer: ((row, col) as `point` takes them, attributes)."""

    def read(path: str) -> list[tuple[tuple[float, float], dict[str, Any]]]:
        found = []
        with fiona.open(path) as layer:
            for record in layer:
                x, y = record.geometry.coordinates if record.geometry else (float("nan"), float("nan"))
                found.append((((Y0 - y) / 10, (x - X0) / 10), dict(record.properties)))
        return found

    return read
