"""What these tests share: tiny vector layers and class maps."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import fiona
import numpy as np
import pytest

from core.accuracy import assess
from core.classes import make_classes
from core.jobs import AssessAccuracy
from core.raster.style import write_category_names, write_style

X0, Y0 = 500000.0, 5000000.0  # upper left corner of the rasters that make_raster writes, 10 m a pixel
Samples = Iterable[tuple[dict[str, Any] | None, Any]]


def point(row: float, col: float, spacing: float = 10.0) -> dict[str, Any]:
    """At (row, col) in pixels, counted from the upper left corner (so pixel centres end in .5)."""
    return {"type": "Point", "coordinates": (X0 + spacing * col, Y0 - spacing * row)}


def box(row: float, col: float, height: float, width: float) -> dict[str, Any]:
    """The polygon that covers rows [row, row + height) and columns [col, col + width)."""
    left, right, top, bottom = X0 + 10 * col, X0 + 10 * (col + width), Y0 - 10 * row, Y0 - 10 * (row + height)
    return {"type": "Polygon", "coordinates": [[(left, top), (right, top), (right, bottom), (left, bottom), (left, top)]]}


def layer(path: Path, samples: Samples, kind: str = "str", crs: str | None = "EPSG:32631", geometry: str = "Unknown") -> str:
    """Writes (geometry, class) as a GeoPackage with the field "cover"; returns its path."""
    schema = {"geometry": geometry, "properties": {"cover": kind}}
    with fiona.open(path, "w", driver="GPKG", schema=schema, crs=crs) as file:
        file.writerecords([{"type": "Feature", "geometry": shape, "properties": {"cover": value}} for shape, value in samples])
    return str(path)


@pytest.fixture
def class_map(tmp_path: Path, make_raster: Callable[..., str]) -> Callable[..., str]:
    """Writes codes as a raster, with the names and colours that our maps have beside them; returns its path."""

    def make(codes: Any, names: dict[int, str] | None = None, file: str = "map.tif", **facts: Any) -> str:
        path = make_raster(tmp_path / file, np.asarray(codes), **facts)
        if names:
            classes = make_classes(names.items())
            write_category_names(path, classes)
            write_style(path, classes)
        return path

    return make


@pytest.fixture
def run(tmp_path: Path, make_reporter: type) -> Callable[..., Any]:
    """run(**fields) does the job; returns its outputs, and the reporter as `reporter` in them."""

    def make(**fields: Any) -> dict[str, Any]:
        files = {"output": str(tmp_path / "figures.csv"), "output_html": str(tmp_path / "report.html")}
        if "truth" in fields:
            fields.setdefault("field", "cover")
        reporter = make_reporter()
        return {**assess.run(AssessAccuracy(**{**files, **fields}), reporter), "reporter": reporter}

    return make
