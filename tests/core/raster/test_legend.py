"""Names and colours of a class map: ours, those that QGIS writes, and none."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from core.classes import LandClass
from core.raster.grid import Grid
from core.raster.legend import Legend, read_legend
from core.raster.source import Source
from core.raster.writer import Bands, RasterWriter

CLASSES = (LandClass(1, 'water "deep"', (1, 2, 3)), LandClass(4, "a < b & c", (250, 0, 7)))


def test_what_we_write_comes_back(tmp_path: Path, make_raster: Callable) -> None:
    with Source([make_raster(tmp_path / "grid.tif", np.ones((2, 2), np.uint8))]) as source:
        grid: Grid = source.grid
    for dtype, classes in (("uint8", CLASSES), ("int32", (LandClass(-5, "moor", (9, 9, 9)), LandClass(2**31 - 1, "heath", (8, 8, 8))))):
        path = str(tmp_path / f"{dtype}.tif")
        with RasterWriter(path, grid, Bands(dtype, ("class",), 0, classes)) as writer:
            writer.write(np.full((2, 2, 1), classes[0].code, dtype), 0, 0)
        assert read_legend(path) == Legend({c.code: c.name for c in classes}, {c.code: c.colour for c in classes})


def test_a_style_of_qgis_orders_its_attributes_otherwise(tmp_path: Path, make_raster: Callable) -> None:
    path = make_raster(tmp_path / "map.tif", np.ones((1, 1), np.uint8))
    entries = '<paletteEntry color="#0a0b0c" alpha="255" label="Wald" value="3"/><paletteEntry value="x" label="?" color="red"/>'
    (tmp_path / "map.qml").write_text(f"<qgis><colorPalette>{entries}</colorPalette></qgis>")
    assert read_legend(path) == Legend({3: "Wald"}, {3: (10, 11, 12)})


def test_a_raster_that_tells_nothing(tmp_path: Path, make_raster: Callable) -> None:
    assert read_legend(make_raster(tmp_path / "map.tif", np.ones((1, 1), np.float32))) == Legend({}, {})
