from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.crs import CRS

from core.classes import make_classes
from core.errors import BadParameter, CannotWrite
from core.raster.grid import Grid
from core.raster.writer import Bands, RasterWriter

GRID = Grid(300, 400, Affine(10, 0, 500000, 0, -10, 5000000), CRS.from_epsg(32631))


def write(path: Path, bands: Bands, blocks: int = 100) -> np.ndarray:
    pixels = np.random.default_rng(1).integers(0, 5, (GRID.height, GRID.width, len(bands.names))).astype(bands.dtype)
    with RasterWriter(str(path), GRID, bands) as writer:
        for row in range(0, GRID.height, blocks):
            for col in range(0, GRID.width, blocks):
                writer.write(pixels[row : row + blocks, col : col + blocks], row, col)
    return pixels


def test_blocks_make_the_image_with_its_place_names_and_nodata(tmp_path: Path) -> None:
    pixels = write(tmp_path / "a.tif", Bands("float32", ("one", "two"), nodata=-1.0, tags=(("by", "test"),)))
    with rasterio.open(tmp_path / "a.tif") as image:
        assert (np.moveaxis(image.read(), 0, 2) == pixels).all()
        assert (image.transform, image.crs, image.nodata) == (GRID.transform, GRID.crs, -1.0)
        assert image.descriptions == ("one", "two")
        assert image.tags()["by"] == "test"
        assert image.profile["tiled"] and image.compression.value == "DEFLATE"


def test_four_bands_of_bytes_have_no_alpha(tmp_path: Path) -> None:
    write(tmp_path / "a.tif", Bands("uint8", ("b", "g", "r", "nir")))
    with rasterio.open(tmp_path / "a.tif") as image:
        assert rasterio.enums.ColorInterp.alpha not in image.colorinterp


def test_class_map_carries_colours_names_and_style(tmp_path: Path) -> None:
    classes = make_classes([(1, "water"), (2, 'grass & "herbs" <tall>'), (4, "forest")])
    write(tmp_path / "map.tif", Bands("uint8", ("class",), nodata=0, classes=classes))
    with rasterio.open(tmp_path / "map.tif") as image:
        assert image.colormap(1)[1] == (*classes[0].colour, 255)
    names = (tmp_path / "map.tif.aux.xml").read_text()
    assert "<Category>water</Category>" in names and "grass &amp;" in names
    assert names.count("<Category>") == 5  # codes 0 to 4
    assert 'label="water"' in (tmp_path / "map.qml").read_text()


def test_huge_codes_have_a_style_but_no_list_of_names(tmp_path: Path) -> None:
    write(tmp_path / "map.tif", Bands("int32", ("class",), classes=make_classes([(-5, "a"), (2_000_000_000, "b")])))
    assert not (tmp_path / "map.tif.aux.xml").exists()
    assert 'value="2000000000"' in (tmp_path / "map.qml").read_text()


def test_strips_of_patches_are_not_compressed(tmp_path: Path) -> None:
    write(tmp_path / "patches.tif", Bands("uint16", ("a", "b"), strip_rows=16))
    with rasterio.open(tmp_path / "patches.tif") as image:
        assert image.block_shapes[0] == (16, 400)
        assert image.compression is None and image.interleaving.value == "PIXEL"


def test_failure_leaves_nothing_and_keeps_what_was_there(tmp_path: Path) -> None:
    (tmp_path / "a.tif").write_text("earlier")
    with pytest.raises(ZeroDivisionError), RasterWriter(str(tmp_path / "a.tif"), GRID, Bands("uint8", ("x",))) as writer:
        writer.write(np.zeros((10, 10, 1), "uint8"), 0, 0)
        raise ZeroDivisionError
    assert [p.name for p in tmp_path.iterdir()] == ["a.tif"]
    assert (tmp_path / "a.tif").read_text() == "earlier"


def test_style_of_an_earlier_map_does_not_outlive_it(tmp_path: Path) -> None:
    write(tmp_path / "map.tif", Bands("uint8", ("class",), classes=make_classes([(1, "water")])))
    write(tmp_path / "map.tif", Bands("float32", ("probability",)))
    assert [p.name for p in tmp_path.iterdir()] == ["map.tif"]


def test_names_that_are_no_geotiff_and_missing_folders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadParameter, match=r"\.tif"):
        RasterWriter(str(tmp_path / "a.png"), GRID, Bands("uint8", ("x",)))
    with pytest.raises(CannotWrite, match="existing folder"), RasterWriter(str(tmp_path / "no" / "a.tif"), GRID, Bands("uint8", ("x",))):
        pass


def test_full_disk_is_said_and_leaves_nothing() -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("no /dev/full on this system")
    from core.partial import write_error

    with pytest.raises(OSError) as caught, full.open("wb", buffering=0) as file:
        file.write(b"x")
    assert "Disk full" in str(write_error("map.tif", caught.value))
