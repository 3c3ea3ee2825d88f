"""Points gathered in squares: the same pixels as one by one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from core.accuracy.point_truth import PointTruth
from core.raster.grid import Grid
from core.raster.source import Source
from core.reporting import Reporter
from core.sampling.vector_truth import Losses
from core.vector import VectorReader

from .conftest import layer, point

HEIGHT, WIDTH = 600, 520
places = st.tuples(st.floats(-30, HEIGHT + 30), st.floats(-30, WIDTH + 30), st.sampled_from(["a", "b", "c", None, ""]))


@pytest.fixture(scope="module")
def grid(tmp_path_factory: pytest.TempPathFactory, make_raster: Callable) -> Grid:
    with Source([make_raster(tmp_path_factory.mktemp("grid") / "grid.tif", np.zeros((HEIGHT, WIDTH), np.uint8))]) as source:
        return source.grid


def gathered(path: str, grid: Grid) -> tuple[Counter, Losses]:
    """(class, row, col) → how often."""
    losses, found = Losses(), Counter()
    with VectorReader(path) as reader:
        for batch in PointTruth(reader, "cover", grid, losses, Reporter(lambda event: None)).batches():
            found.update((batch.label, int(row), int(col)) for row, col in zip(*batch.rows_cols(), strict=True))
            assert max(batch.window.height, batch.window.width) <= 256
    return found, losses


@given(st.lists(places, max_size=40))
@settings(max_examples=25, phases=(Phase.explicit, Phase.generate), deadline=None)
def test_every_point_comes_with_its_pixel(tmp_path_factory: pytest.TempPathFactory, grid: Grid, points: list) -> None:
    path = layer(tmp_path_factory.mktemp("points") / "p.gpkg", [(point(row, col), name) for row, col, name in points], geometry="Point")
    found, losses = gathered(path, grid)
    pixels = [(name, *(int(np.floor(axis)) for axis in grid.row_col(*point(row, col)["coordinates"]))) for row, col, name in points]
    assert found == Counter((name, r, c) for name, r, c in pixels if name and 0 <= r < HEIGHT and 0 <= c < WIDTH)
    assert found.total() + sum(losses.features.values()) == len(points)


def test_points_without_a_place_and_multipoints(tmp_path: Path, grid: Grid) -> None:
    several = {"type": "MultiPoint", "coordinates": [point(r, 1.5)["coordinates"] for r in (0.5, 0.6, 300.5)]}
    found, losses = gathered(layer(tmp_path / "p.gpkg", [(None, "a"), (several, "b")], geometry="MultiPoint"), grid)
    assert found == {("b", 0, 1): 2, ("b", 300, 1): 1} and losses.features == {"without a usable geometry": 1}
