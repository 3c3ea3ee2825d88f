"""Sources whose grid does not fit that of source 1, in a run."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.crs import CRS

from core.errors import GridMismatch
from core.inference import serve
from core.inference.plan import make_plan
from core.inference.reader import BlockReader
from core.jobs import Product, ServedSource, ServeModel
from core.raster.alignment import align
from core.raster.grid import Grid, Window
from core.raster.source import Source
from core.reporting import Reporter

Make = Callable[..., str]
Model = Callable[..., str]
CORNER = (500000.0, 5000000.0)


def served(model: str, images: list[str], out: Path, reporter: Reporter, **options: object) -> np.ndarray:
    sources = tuple(ServedSource((image,), None, (3, 3)) for image in images)
    serve.run(ServeModel(sources=sources, model=model, products=(Product(str(out)),), **options), reporter)  # type: ignore[arg-type]
    with rasterio.open(out) as image:
        assert image.transform == Affine(10, 0, CORNER[0], 0, -10, CORNER[1])
        return image.read(1)


def ramp(height: int, width: int, spacing: float = 10.0, origin: tuple[float, float] = CORNER) -> np.ndarray:
    rows, cols = np.mgrid[0:height, 0:width] + 0.5
    x, y = origin[0] + cols * spacing - CORNER[0], origin[1] - rows * spacing - CORNER[1]
    return (x / 10 - y / 5).astype("float32")


@pytest.mark.parametrize(
    ("spacing", "origin", "resampled"),
    [
        (10.0, (499916.0, 5000126.0), True),  # 0.4 pixel off
        (11.7, (499900.0, 5000100.0), True),
        (5.0, (499900.0, 5000100.0), False),
        (10.0, (499902.0, 5000098.0), False),  # 0.2 pixel off: tolerated, and reported
    ],
)
def test_a_source_that_does_not_fit_is_seen_at_its_place(
    tmp_path: Path, make_raster: Make, linear_model: Model, make_reporter: Callable[[], Reporter],
    spacing: float, origin: tuple[float, float], resampled: bool,
) -> None:  # fmt: skip
    """The mean of 3 × 3 pixels of a ramp is its value at the centre: the sum of both sources is known everywhere, borders included."""
    size = int(900 // spacing)
    one = make_raster(tmp_path / "one.tif", ramp(40, 50))
    two = make_raster(tmp_path / "two.tif", ramp(size, size, spacing, origin), spacing=spacing, origin=origin)
    model, reporter = linear_model((3, 3), (1, 2 if spacing == 5.0 else 1), mean=True), make_reporter()
    found = served(model, [one, two], tmp_path / "out.tif", reporter, resample="bilinear", block_size=16)
    assert ("two.tif is resampled (bilinear)" in reporter.texts) == resampled  # type: ignore[attr-defined]
    assert "one.tif is resampled" not in reporter.texts  # type: ignore[attr-defined]
    off = np.abs(found - 2 * ramp(40, 50))[1:-1, 1:-1].max()  # at the border, reflection bends the ramp
    if resampled:
        assert off < 1e-3
        with pytest.raises(GridMismatch, match=r"source 2 against source 1.*RESAMPLE.*gdalwarp"):
            served(model, [one, two], tmp_path / "out.tif", reporter)
    else:
        assert off <= 1.51  # left as it is: the nearest windows, up to half a pixel away


@pytest.mark.parametrize("block", [7, 64])
def test_where_the_resampled_source_has_no_data_the_map_has_none(
    tmp_path: Path, make_raster: Make, linear_model: Model, reporter: Reporter, block: int
) -> None:
    """Zeros are data; a source that covers a part of the reference only gives a part of the map."""
    one = make_raster(tmp_path / "one.tif", np.zeros((20, 30), "uint8"))
    two = make_raster(tmp_path / "two.tif", np.zeros((20, 30), "uint8"), origin=(CORNER[0] + 104, CORNER[1]))
    served(linear_model((3, 3), (1, 1), mean=True), [one, two], tmp_path / "out.tif", reporter, resample="bilinear", block_size=block)
    with rasterio.open(tmp_path / "out.tif") as image:
        has_data = image.read_masks(1) > 0
    assert (has_data == (np.arange(30) >= 10)).all()


def test_several_sources_that_cannot_fit(tmp_path: Path, make_raster: Make, linear_model: Model, reporter: Reporter) -> None:
    model, one = linear_model((3, 3), (1, 1), mean=True), make_raster(tmp_path / "one.tif", np.zeros((8, 8), "uint8"))
    cannot: list[tuple[dict[str, object], str]] = [
        ({"crs": None}, "without a CRS"),
        ({"origin": (600004.0, 5000000.0)}, "do not overlap"),
        ({"origin": (600000.0, 5000000.0)}, "do not overlap"),
        ({"crs": "EPSG:32633"}, "do not overlap"),
    ]
    for changes, words in cannot:
        two = make_raster(tmp_path / "two.tif", np.zeros((8, 8), "uint8"), **changes)
        with pytest.raises(GridMismatch, match=words):
            served(model, [one, two], tmp_path / "out.tif", reporter, resample="cubic")
    assert not (tmp_path / "out.tif").exists()


def test_means_are_rounded_for_a_model_of_whole_numbers(tmp_path: Path, make_raster: Make) -> None:
    path = make_raster(tmp_path / "a.tif", np.array([[1, 2, 3, 4]], "uint8"))
    grid = Grid(1, 4, Affine(10, 0, CORNER[0] + 6, 0, -10, CORNER[1]), CRS.from_epsg(32631))  # 1.6, 2.6, 3.6, beyond
    with Source([path], resample="bilinear", grid=grid) as source:
        plan = make_plan(align([grid]), [(1, 1)], (1, 1), Fraction(1), Window(0, 0, 1, 4))
        block = BlockReader([source], [np.dtype("int32")], plan, "reflect")(next(plan.blocks(8)))
    assert block.sources[0][0, :, 0].tolist() == [2, 3, 4, 0] and block.valid.tolist() == [[True, True, True, False]]
