"""The job drawmap, and what it is made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import fiona
import numpy as np
import pytest
from affine import Affine
from matplotlib.image import imread
from rasterio.crs import CRS

from core.classes import LandClass
from core.errors import BadParameter, BadTruth, Cancelled, CannotRead
from core.jobs import DrawMap
from core.painting import TruthPainter, coloured, map_classes, match, natural_bands, stretched
from core.pictures import compose, pixel_length, round_length, run
from core.raster.grid import Grid, Window
from core.raster.overview import read_overview
from core.raster.writer import Bands, RasterWriter
from core.vector import INT, TEXT, Feature, VectorWriter

CLASSES = (LandClass(1, "water", (0, 0, 255)), LandClass(2, "forest & park", (0, 128, 0)))
GRID = Grid(40, 60, Affine(10, 0, 500000, 0, -10, 5000000), CRS.from_epsg(32631))


def square(row: int, col: int, size: int, grid: Grid = GRID) -> dict[str, Any]:
    corners = [(row, col), (row, col + size), (row + size, col + size), (row + size, col), (row, col)]
    return {"type": "Polygon", "coordinates": [[grid.xy(*corner) for corner in corners]]}


@pytest.fixture
def image(tmp_path: Path, make_raster: Callable[..., str]) -> str:
    pixels = np.random.default_rng(1).integers(1, 3000, (40, 60, 4)).astype(np.uint16)
    return make_raster(tmp_path / "image.tif", pixels, names=("B02", "B03", "B04", "B08"), nodata=0)


@pytest.fixture
def class_map(tmp_path: Path) -> str:
    path = str(tmp_path / "map.tif")
    codes = np.ones((40, 60, 1), np.uint8)
    codes[:, 30:] = 2
    with RasterWriter(path, GRID, Bands("uint8", ("class",), 0, CLASSES)) as writer:
        writer.write(codes, 0, 0)
    return path


@pytest.fixture
def truth(tmp_path: Path) -> str:
    path = str(tmp_path / "truth.gpkg")
    with VectorWriter(path, "Polygon", {"class": TEXT, "code": INT}, GRID.crs) as writer:
        writer.write(square(5, 5, 10), {"class": "Water", "code": 1})
        writer.write(square(5, 35, 10), {"class": "forest & park", "code": 2})
        writer.write(None, {"class": "nowhere", "code": 9})
    return path


def has_colour(picture: np.ndarray, colour: tuple[int, int, int]) -> int:
    return int((np.abs(picture[:, :, :3] * 255 - np.array(colour)).max(axis=2) < 3).sum())


@pytest.mark.parametrize("field", ["class", "code"])
def test_the_picture_shows_truth_and_map_in_the_same_colours(
    image: str, truth: str, class_map: str, field: str, tmp_path: Path, reporter: Any
) -> None:
    output = str(tmp_path / "picture.png")
    assert run(DrawMap(images=(image,), truth=truth, field=field, map=class_map, output=output), reporter) == {"OUTPUT": output}
    with_truth = imread(output)
    run(DrawMap(images=(image,), map=class_map, output=output), reporter)
    without = imread(output)
    for land_class in CLASSES:
        assert has_colour(with_truth, land_class.colour) > has_colour(without, land_class.colour) * 1.02 > 1000
    assert "3 panels of 60 × 40 pixels, 2 classes" in reporter.texts


def test_truth_alone_and_without_a_field(image: str, truth: str, tmp_path: Path, reporter: Any) -> None:
    output = str(tmp_path / "picture.png")
    run(DrawMap(images=(image,), truth=truth, output=output), reporter)
    assert has_colour(imread(output), (214, 96, 77)) > 1000


def test_a_map_of_another_extent_lies_where_it_belongs(image: str, tmp_path: Path, reporter: Any) -> None:
    path = str(tmp_path / "part.tif")
    with RasterWriter(path, GRID.part(Window(0, 30, 40, 30)), Bands("uint8", ("class",), 0, CLASSES)) as writer:
        writer.write(np.full((40, 30, 1), 2, np.uint8), 0, 0)
    output = str(tmp_path / "picture.png")
    run(DrawMap(images=(image,), map=path, output=output), reporter)
    picture = imread(output)
    rows, cols = np.nonzero(np.abs(picture[:, :, :3] * 255 - np.array((0, 128, 0))).max(axis=2) < 3)
    panel = cols[rows < picture.shape[0] * 0.7]
    assert panel.max() - panel.min() == pytest.approx(11.2 * 150 / 2, abs=12)  # half a panel of 11.2 inches


@pytest.mark.parametrize(
    ("job", "error"),
    [
        (DrawMap(output="/x/picture.png"), BadParameter),
        (DrawMap(images=("IMAGE",), output="/x/picture.jpg"), BadParameter),
        (DrawMap(images=("/x/missing.tif",), output="/x/picture.png"), CannotRead),
        (DrawMap(images=("IMAGE",), truth="TRUTH", field="klass", output="/x/picture.png"), BadTruth),
    ],
)
def test_faults_are_named(job: DrawMap, error: type[Exception], image: str, truth: str, reporter: Any) -> None:
    images = tuple(image if path == "IMAGE" else path for path in job.images)
    with pytest.raises(error):
        run(replace(job, images=images, truth=truth if job.truth else ""), reporter)


def test_bands_may_come_from_several_files(make_raster: Callable[..., str], tmp_path: Path, reporter: Any) -> None:
    """As Sentinel-2 is delivered: one file a band, in any order; shown as red, green, blue."""
    bands = {name: np.tile(np.linspace(0, high, 40), (30, 1)).astype("uint16") for name, high in (("B02", 0), ("B04", 900), ("B03", 0))}
    images = tuple(make_raster(tmp_path / f"T33_{name}.tif", pixels) for name, pixels in bands.items())
    output = str(tmp_path / "picture.png")
    run(DrawMap(images=images, output=output), reporter)
    red, green, blue = imread(output)[:, :, :3].reshape(-1, 3).T
    assert ((red > 0.9) & (green < 0.1) & (blue < 0.1)).sum() > 1000


def test_an_empty_truth_is_a_warning(image: str, tmp_path: Path, reporter: Any) -> None:
    path = str(tmp_path / "empty.gpkg")
    with VectorWriter(path, "Polygon", {"class": TEXT}, GRID.crs):
        pass
    run(DrawMap(images=(image,), truth=path, field="class", output=str(tmp_path / "p.png")), reporter)
    assert any(event.get("level") == "warning" for event in reporter.events)


def test_cancel_leaves_no_picture(image: str, tmp_path: Path, make_reporter: Any) -> None:
    reporter = make_reporter()
    reporter.cancelled.set()
    with pytest.raises(Cancelled):
        run(DrawMap(images=(image,), output=str(tmp_path / "p.png")), reporter)
    assert not list(tmp_path.glob("*p.*png")) and not list(tmp_path.glob(".*"))


@pytest.mark.parametrize(
    ("names", "bands"),
    [
        (("B02", "B03", "B04", "B08"), (2, 1, 0)),
        (("s2_B04", "s2_B03", "s2_B02"), (0, 1, 2)),
        (("Blue", "green", "RED", "nir"), (2, 1, 0)),
        (("a", "b", "c", "d"), (0, 1, 2)),
        (("VV", "VH"), (0,)),
    ],
)
def test_bands_in_natural_colours(names: tuple[str, ...], bands: tuple[int, ...]) -> None:
    assert natural_bands(names) == bands


def test_stretching_leaves_out_no_data() -> None:
    pixels = np.arange(1, 301, dtype=np.float32).reshape(10, 10, 3)
    pixels[0, 0], valid = 1e9, np.ones((10, 10), bool)
    valid[0, 0] = False
    shown = stretched(pixels, valid)
    assert shown.min() == 0 and shown.max() == 1
    assert np.allclose(shown[0, 0], 0.93)
    assert stretched(np.full((4, 4, 1), np.nan), np.ones((4, 4), bool)).shape == (4, 4, 3)


def test_classes_of_a_map() -> None:
    found = map_classes({1, 5}, {1: "lake", 2: "town"}, {5: (1, 2, 3)})
    assert [(c.code, c.name) for c in found] == [(1, "lake"), (2, "town"), (5, "class 5")]
    assert found[2].colour == (1, 2, 3)
    assert coloured(np.array([[1, 7]]), np.array([[True, True]]), found)[0, :, 3].tolist() == [1, 0]


def test_values_are_matched_by_name_and_then_by_code() -> None:
    known = (LandClass(1, "2", (0, 0, 0)), LandClass(2, "Water", (0, 0, 9)))
    assert match("water ", known) == known[1]
    assert match(2, known) == known[0]  # a class that is called 2 comes first
    assert match(1, known) == known[0]
    assert match("else", known) is None


def test_points_and_lines_can_be_seen() -> None:
    painter = TruthPainter(GRID, "class")
    x, y = GRID.xy(20.5, 30.5)
    line = {"type": "LineString", "coordinates": [GRID.xy(2.5, 2.5), GRID.xy(2.5, 20.5)]}
    features = [Feature(1, {"type": "Point", "coordinates": (x, y)}, {"class": "b"}), Feature(2, line, {"class": "a"})]
    painter.paint([*features, Feature(3, square(30, 30, 5), {"class": None})], lambda: None)
    assert (painter.pixels == 1).sum() >= 9
    assert painter.pixels[20, 30] == 1
    assert (painter.pixels[2, 2:21] == 2).all()
    assert [(c.code, c.name) for c in painter.classes(())] == [(2, "a"), (1, "b")]


def test_an_overview_is_small_and_in_place(tmp_path: Path, make_raster: Callable[..., str]) -> None:
    pixels = np.arange(100 * 150, dtype=np.float32).reshape(100, 150)
    pixels[:10, :10] = -1
    path = make_raster(tmp_path / "big.tif", pixels, nodata=-1)
    small = read_overview(path, 40)
    assert (small.step, small.pixels.shape, small.grid.transform.a) == (4, (25, 37, 1), 40)
    assert small.pixels[10, 10, 0] == pytest.approx(pixels[40:44, 40:44].mean())
    assert not small.valid[:2, :2].any() and small.valid[3:, 3:].all()
    assert set(read_overview(path, 40, average=False).pixels[10].ravel()) <= set(pixels[40:44].ravel())


@pytest.mark.parametrize(("length", "expected"), [(1.0, 1), (999, 500), (1000, 1000), (2600, 2000), (0.07, 0.05)])
def test_scale_bars_are_round(length: float, expected: float) -> None:
    assert round_length(length) == pytest.approx(expected)


def test_pixel_lengths_are_metres_where_they_can_be() -> None:
    assert pixel_length(GRID) == (10, "m")
    degrees = Grid(10, 10, Affine(0.001, 0, 10, 0, -0.001, 60.005), CRS.from_epsg(4326))
    assert pixel_length(degrees)[0] == pytest.approx(55.66, abs=0.1)
    assert pixel_length(Grid(10, 10, Affine.identity(), None)) == (1, "px")


@pytest.mark.parametrize(("height", "width"), [(40, 60), (10, 300), (300, 10), (1, 1)])
def test_any_shape_makes_a_figure_of_sensible_size(height: int, width: int) -> None:
    from core.pictures import Layer, Panel

    grid = Grid(height, width, GRID.transform, GRID.crs)
    panel = Panel("Image", (Layer(np.zeros((height, width, 3)), (0, width, height, 0)),))
    figure = compose([panel] * 3, CLASSES, grid)
    assert all(1 < side < 30 for side in figure.get_size_inches())


def test_the_truth_may_have_another_crs(image: str, tmp_path: Path, reporter: Any) -> None:
    path = str(tmp_path / "degrees.gpkg")
    from fiona.transform import transform_geom

    geometry = transform_geom("EPSG:32631", "EPSG:4326", square(5, 5, 20))
    schema = {"geometry": "Polygon", "properties": {"class": "str"}}
    with fiona.open(path, "w", driver="GPKG", schema=schema, crs="EPSG:4326") as file:
        file.write({"type": "Feature", "geometry": geometry, "properties": {"class": "water"}})
    output = str(tmp_path / "picture.png")
    run(DrawMap(images=(image,), truth=path, field="class", output=output), reporter)
    assert has_colour(imread(output), (43, 120, 198)) > 10000
