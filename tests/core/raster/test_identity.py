"""A changed image is noticed, wherever it lies."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio

from core.errors import CannotRead
from core.raster.identity import identity

MakeRaster = Callable[..., str]
ONES = np.ones((9, 7), "uint8")


def test_the_same_until_it_is_written_again(tmp_path: Path, make_raster: MakeRaster) -> None:
    path = make_raster(tmp_path / "a.tif", ONES)
    before = identity(path)
    assert list(before) == [path]
    assert identity(path) == before
    make_raster(tmp_path / "a.tif", ONES)
    assert identity(path) != before


def test_what_lies_beside_an_image_counts(tmp_path: Path, make_raster: MakeRaster) -> None:
    path = make_raster(tmp_path / "a.tif", ONES)
    Path(f"{path}.aux.xml").write_text("<PAMDataset><Metadata/></PAMDataset>")
    assert sorted(Path(file).name for file in identity(path)) == ["a.tif", "a.tif.aux.xml"]


def test_the_parts_of_a_virtual_raster_count(tmp_path: Path, make_raster: MakeRaster) -> None:
    make_raster(tmp_path / "part.tif", ONES)
    source = '<SimpleSource><SourceFilename relativeToVRT="1">part.tif</SourceFilename><SourceBand>1</SourceBand></SimpleSource>'
    text = f'<VRTDataset rasterXSize="7" rasterYSize="9"><VRTRasterBand dataType="Byte" band="1">{source}</VRTRasterBand></VRTDataset>'
    (tmp_path / "all.vrt").write_text(text)
    assert sorted(Path(file).name for file in identity(str(tmp_path / "all.vrt"))) == ["all.vrt", "part.tif"]


def test_in_an_archive_it_goes_by_the_archive(tmp_path: Path, make_raster: MakeRaster) -> None:
    path, archive = make_raster(tmp_path / "a.tif", ONES), tmp_path / "a.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.write(path, "inner/a.tif")
    (stamp,) = identity(f"/vsizip/{archive}/inner/a.tif").values()
    assert stamp == [archive.stat().st_size, archive.stat().st_mtime_ns]


def test_without_a_file_it_goes_by_its_pixels() -> None:
    def made(value: int) -> dict[str, list[int]]:
        with rasterio.MemoryFile() as file:
            with file.open(driver="GTiff", height=300, width=200, count=1, dtype="uint8") as image:
                image.write(np.full((1, 300, 200), value, "uint8"))
            return identity(file.name)

    one, other = (next(iter(made(value).values())) for value in (1, 2))
    assert one[:2] == other[:2] == [300, 200]
    assert one != other


def test_a_missing_image_is_told(tmp_path: Path) -> None:
    with pytest.raises(CannotRead, match="does not exist"):
        identity(str(tmp_path / "none.tif"))
