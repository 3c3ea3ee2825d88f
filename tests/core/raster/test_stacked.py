"""Which pixels have data, on the ways that files have of saying it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.raster.grid import Window
from core.raster.source import Source

MakeRaster = Callable[..., str]
PLACE = {"driver": "GTiff", "transform": Affine(10, 0, 0, 0, -10, 0), "crs": "EPSG:32631"}


def save(path: Path, pixels: np.ndarray, **profile: object) -> str:
    """(rows, cols, bands) with a profile of its own."""
    height, width, count = pixels.shape
    with rasterio.open(path, "w", **PLACE, height=height, width=width, count=count, dtype=pixels.dtype, **profile) as image:
        image.write(np.moveaxis(pixels, 2, 0))
    return str(path)


def valid(paths: list[str], nodata: float | None = None, rule: str = "all") -> list[list[bool]]:
    with Source(paths, nodata, rule) as source:
        return source.valid(Window(0, 0, source.grid.height, source.grid.width)).tolist()


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    lacking=st.lists(st.lists(st.lists(st.booleans(), min_size=3, max_size=3), min_size=1, max_size=2), min_size=1, max_size=3),
    rule=st.sampled_from(["all", "any"]),
    known=st.booleans(),
)
def test_the_rule_is_over_all_bands_of_all_images(
    tmp_path: Path, make_raster: MakeRaster, lacking: list[list[list[bool]]], rule: str, known: bool
) -> None:
    """`lacking`: images × bands × pixels. The value is the files' own, or the user says it."""
    paths = [
        make_raster(tmp_path / f"{i}.tif", np.where(np.array(image).T[np.newaxis], 9, 1).astype("uint8"), nodata=9 if known else None)
        for i, image in enumerate(lacking)
    ]
    bands = np.array([band for image in lacking for band in image])
    expected = ~(bands.all(axis=0) if rule == "all" else bands.any(axis=0))
    assert valid(paths, None if known else 9, rule) == [expected.tolist()]


def test_one_band_without_a_no_data_value_is_always_data(tmp_path: Path, make_raster: MakeRaster) -> None:
    one = make_raster(tmp_path / "a.tif", np.array([[0, 1]], "uint8"), nodata=0)
    two = make_raster(tmp_path / "b.tif", np.array([[0, 0]], "uint8"))
    assert valid([one, two], rule="all") == [[True, True]]
    assert valid([one, two], rule="any") == [[False, True]]


@pytest.mark.parametrize("rule", ["all", "any"])
def test_nan_in_one_band_counts_under_either_rule(tmp_path: Path, make_raster: MakeRaster, rule: str) -> None:
    pixels = np.array([[[1.0, np.nan], [1.0, 2.0]]], "float32")
    assert valid([make_raster(tmp_path / "a.tif", pixels)], rule=rule) == [[False, True]]


@pytest.mark.parametrize("rule", ["all", "any"])
def test_a_dataset_mask_hides_all_bands(tmp_path: Path, make_raster: MakeRaster, rule: str) -> None:
    path = make_raster(tmp_path / "a.tif", np.ones((1, 2, 2), "uint8"))
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=rule == "all"), rasterio.open(path, "r+") as image:  # inside the file, or beside it
        image.write_mask(np.array([[255, 0]], "uint8"))
    assert (tmp_path / "a.tif.msk").exists() == (rule == "any")
    assert valid([path], rule=rule) == [[True, False]]


def test_masks_of_single_bands_follow_the_rule(tmp_path: Path, make_raster: MakeRaster) -> None:
    image = make_raster(tmp_path / "a.tif", np.array([[[255, 255], [0, 255], [0, 0]]], "uint8"))
    band = (
        '<VRTRasterBand dataType="Byte" band="{0}"><SimpleSource><SourceFilename>{1}</SourceFilename><SourceBand>{0}</SourceBand>'
        '</SimpleSource><MaskBand><VRTRasterBand dataType="Byte"><SimpleSource><SourceFilename>{1}</SourceFilename>'
        "<SourceBand>{0}</SourceBand></SimpleSource></VRTRasterBand></MaskBand></VRTRasterBand>"
    )
    bands = band.format(1, image) + band.format(2, image)
    (tmp_path / "a.vrt").write_text(f'<VRTDataset rasterXSize="3" rasterYSize="1">{bands}</VRTDataset>')
    with rasterio.open(tmp_path / "a.vrt") as view:
        assert view.mask_flag_enums == ([], [])
    assert valid([str(tmp_path / "a.vrt")], rule="all") == [[True, True, False]]
    assert valid([str(tmp_path / "a.vrt")], rule="any") == [[True, False, False]]


def test_a_tuple_of_no_data_values_gives_way_to_the_users(tmp_path: Path, make_raster: MakeRaster) -> None:
    path = make_raster(tmp_path / "a.tif", np.array([[[0, 7, 0], [0, 0, 0], [5, 5, 5]]], "uint8"))
    with rasterio.open(path, "r+") as image:
        image.update_tags(NODATA_VALUES="0 7 0")
    assert valid([path]) == [[False, True, True]]
    assert valid([path], nodata=5) == [[True, True, False]]


def test_no_data_in_single_precision_among_doubles(tmp_path: Path, make_raster: MakeRaster) -> None:
    """−3.4028234663852886e38 and 0.1 are stored as other numbers than they are written as."""
    for i, value in enumerate((-3.4028234663852886e38, 0.1)):
        single = make_raster(tmp_path / f"s{i}.tif", np.array([[value, 1]], "float32"), nodata=value)
        double = make_raster(tmp_path / f"d{i}.tif", np.array([[2.0, 2.0]], "float64"))
        assert valid([single, double], rule="any") == [[False, True]]


def test_bands_of_several_types_in_one_image(tmp_path: Path, make_raster: MakeRaster) -> None:
    """As QGIS's "Build virtual raster" makes them."""
    small, large = (make_raster(tmp_path / f"{t}.tif", np.array([[7, 9]], t)) for t in ("uint8", "uint16"))
    bands = "".join(
        f'<VRTRasterBand dataType="{kind}" band="{i}"><SimpleSource><SourceFilename>{path}</SourceFilename></SimpleSource></VRTRasterBand>'
        for i, (kind, path) in enumerate((("Byte", small), ("UInt16", large)), start=1)
    )
    (tmp_path / "a.vrt").write_text(f'<VRTDataset rasterXSize="2" rasterYSize="1">{bands}</VRTDataset>')
    with Source([str(tmp_path / "a.vrt")]) as source:
        assert source.read(Window(0, 0, 1, 2)).tolist() == [[[7, 7], [9, 9]]]


@pytest.mark.parametrize(("dtype", "opaque"), [("uint8", 255), ("uint16", 65535), ("uint16", 255)])
def test_transparency_becomes_a_mask_when_it_is_hidden(tmp_path: Path, dtype: str, opaque: int) -> None:
    pixels = np.full((40, 50, 4), 3, dtype)
    pixels[:, :20, 3], pixels[:, 20:, 3] = 0, opaque
    path = save(tmp_path / "rgba.tif", pixels, photometric="RGB", alpha="YES")
    with Source([path]) as source:
        assert source.transparent == ("rgba_4",) and source.count == 4
        assert source.valid(Window(0, 0, 1, 50)).all()  # until it is hidden, it is a band like any other
        source.hide_transparent()
        assert (source.count, source.counts, source.band_names) == (3, (3,), ("rgba_1", "rgba_2", "rgba_3"))
        values, has_data = source.read_valid(Window(-1, 18, 2, 4), "reflect")
        assert values.shape == (2, 4, 3) and not source.complete
        assert has_data.tolist() == [[False] * 4, [False, False, True, True]]


def test_soft_rims_are_transparency_and_have_data(tmp_path: Path) -> None:
    pixels = np.full((40, 40, 4), 255, "uint8")
    pixels[0, :, 3], pixels[1, :, 3] = 0, 128
    with Source([save(tmp_path / "a.tif", pixels, photometric="RGB", alpha="YES")]) as source:
        source.hide_transparent()
        assert source.count == 3
        assert source.valid(Window(0, 0, 3, 1)).ravel().tolist() == [False, True, True]


def test_near_infrared_that_gdal_calls_alpha_is_none(tmp_path: Path) -> None:
    """Four bands of bytes written without care, as the aerial images of NAIP are."""
    path = save(tmp_path / "naip.tif", np.random.default_rng(0).integers(0, 255, (64, 64, 4)).astype("uint8"))
    with rasterio.open(path) as image:
        assert image.colorinterp[3].name == "alpha"
    with Source([path]) as source:
        assert source.transparent == ()
        source.hide_transparent()
        assert source.count == 4


def test_one_transparent_image_of_a_stack(tmp_path: Path, make_raster: MakeRaster) -> None:
    pixels = np.full((1, 2, 4), 255, "uint8")
    pixels[0, 0, 3] = 0
    colour = save(tmp_path / "rgba.tif", pixels, photometric="RGB", alpha="YES")
    height = make_raster(tmp_path / "height.tif", np.array([[5, 5]], "float32"), spacing=10, origin=(0, 0))
    for rule, expected in (("all", [[True, True]]), ("any", [[False, True]])):
        with Source([height, colour], rule=rule) as source:
            source.hide_transparent()
            assert source.counts == (1, 3) and source.valid(Window(0, 0, 1, 2)).tolist() == expected


@pytest.mark.parametrize(("rule", "expected"), [("all", True), ("any", False)])
def test_complete_is_said_only_of_what_surely_is(tmp_path: Path, make_raster: MakeRaster, rule: str, expected: bool) -> None:
    free = make_raster(tmp_path / "a.tif", np.ones((2, 2), "uint8"))
    bound = make_raster(tmp_path / "b.tif", np.ones((2, 2), "uint8"), nodata=0)
    with Source([free, bound], rule=rule) as source:
        assert source.complete is expected
    with Source([free], rule=rule) as source:
        assert source.complete
    with Source([free], nodata=3, rule=rule) as source:
        assert not source.complete
