"""The job createdemoscene: files, grids, names, truth; cancel and faults."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import fiona
import numpy as np
import pytest
import rasterio
from rasterio.features import rasterize

from core.demoscene import create, legend
from core.demoscene.scene import Scene
from core.errors import Cancelled, CannotWrite
from core.jobs import CreateDemoScene
from core.raster.grid import Window
from core.raster.style import read_category_names

SIZE = 190  # neither a multiple of a block nor of a cell of the truth


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    from core.reporting import Reporter

    folder = tmp_path_factory.mktemp("scene") / "new" / "folder"
    return create.run(CreateDemoScene(output=str(folder), size=SIZE, dates=2, seed=1), Reporter(lambda event: None))


def test_the_files_are_named_as_promised(outputs: dict[str, str]) -> None:
    names = {key: os.path.basename(path) for key, path in outputs.items()}
    assert names == {
        "IMAGE10": "image_10m.tif", "IMAGE20": "image_20m.tif", "PAN": "pan_2m5.tif", "SAR": "sar_10m.tif", "LABELS": "labels.tif",
        "TRUTH": "truth.gpkg", "SERIES1": "series_20230428.tif", "SERIES2": "series_20230820.tif",
    }  # fmt: skip
    folder = os.path.dirname(outputs["TRUTH"])
    assert set(os.listdir(folder)) == {*names.values(), "labels.qml", "labels.tif.aux.xml"}


@pytest.mark.parametrize(
    ("key", "spacing", "size", "dtype", "nodata", "bands"),
    [
        ("IMAGE10", 10, SIZE, "uint16", 0, ("B02", "B03", "B04", "B08")),
        ("SERIES2", 10, SIZE, "uint16", 0, ("B02", "B03", "B04", "B08")),
        ("IMAGE20", 20, SIZE // 2, "uint16", 0, ("B05", "B06", "B07", "B8A", "B11", "B12")),
        ("PAN", 2.5, SIZE * 4, "uint16", 0, ("PAN",)),
        ("SAR", 10, SIZE, "float32", None, ("VV", "VH")),
        ("LABELS", 10, SIZE, "uint8", 0, ("class",)),
    ],
)
def test_grids_are_nested_on_one_corner(
    outputs: dict[str, str], key: str, spacing: float, size: int, dtype: str, nodata: Any, bands: Any
) -> None:
    with rasterio.open(outputs[key]) as image:
        assert tuple(image.transform)[:6] == (spacing, 0, 430000, 0, -spacing, 5500000)
        assert (image.height, image.width, image.descriptions, image.nodata) == (size, size, bands, nodata)
        assert set(image.dtypes) == {dtype}
        assert image.crs.to_epsg() == 32631


def test_every_pixel_was_written_in_its_place(outputs: dict[str, str]) -> None:
    tile = Scene.of_seed(SIZE, 2, 1).render(Window(0, 0, SIZE, SIZE))
    expected = {"IMAGE20": tile.image20, "PAN": tile.pan, "SAR": tile.sar, "LABELS": tile.labels}
    expected |= {f"SERIES{number}": image for number, image in enumerate(tile.series, start=1)}
    for name, pixels in expected.items():
        with rasterio.open(outputs[name]) as image:
            np.testing.assert_array_equal(np.moveaxis(image.read(), 0, 2), pixels, err_msg=name)


def test_the_main_image_is_one_of_the_series(outputs: dict[str, str]) -> None:
    with rasterio.open(outputs["IMAGE10"]) as image, rasterio.open(outputs["SERIES1"]) as first:
        assert np.array_equal(image.read(), first.read())


def test_labels_have_names_and_colours(outputs: dict[str, str]) -> None:
    assert read_category_names(outputs["LABELS"]) == {c.code: c.name for c in legend.CLASSES}
    with rasterio.open(outputs["LABELS"]) as labels:
        assert labels.colormap(1)[legend.WATER][:3] == legend.CLASSES[0].colour


def test_truth_polygons_are_exact_and_of_every_class(outputs: dict[str, str]) -> None:
    with rasterio.open(outputs["LABELS"]) as labels, fiona.open(outputs["TRUTH"]) as features:
        classes, names = labels.read(1), {c.code: c.name for c in legend.CLASSES}
        assert features.crs.to_epsg() == 32631
        seen = set()
        for feature in features:
            code = feature.properties["code"]
            inside = rasterize([feature.geometry], classes.shape, transform=labels.transform).astype(bool)
            assert inside.any()
            assert set(classes[inside]) == {code}
            assert feature.properties["class"] == names[code]
            seen.add(code)
        assert seen == set(names)
        assert len(features) > 30


def test_a_second_run_replaces_its_files_only(tmp_path: Path, reporter: Any) -> None:
    (tmp_path / "mine.txt").write_text("keep")
    for seed in (0, 1):
        found = create.run(CreateDemoScene(output=str(tmp_path), size=64, dates=1, seed=seed), reporter)
    assert (tmp_path / "mine.txt").read_text() == "keep"
    assert len(os.listdir(tmp_path)) == len(found) + 3
    assert "seed 1" in reporter.texts


def test_cancel_leaves_nothing(tmp_path: Path, make_reporter: Any) -> None:
    for events in (1, 3):
        with pytest.raises(Cancelled):
            create.run(CreateDemoScene(output=str(tmp_path), size=400), make_reporter(cancel_after=events))
        assert os.listdir(tmp_path) == []


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path, reporter: Any) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CannotWrite, match="Cannot write"):
        create.run(CreateDemoScene(output=str(tmp_path / "file" / "scene"), size=64), reporter)
    with pytest.raises(CannotWrite, match="expected a folder"):
        create.run(CreateDemoScene(size=64), reporter)


@pytest.mark.parametrize("size", [64, 127, 128, 513, 1300])
def test_blocks_cover_the_scene_once(size: int) -> None:
    covered = np.zeros((size, size), int)
    for block in create.blocks(size):
        assert not block.empty and block.row % create.truth.CELL == 0 == block.col % create.truth.CELL
        covered[block.row : block.row + block.height, block.col : block.col + block.width] += 1
    assert (covered == 1).all()
