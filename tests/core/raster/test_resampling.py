from __future__ import annotations

from collections.abc import Callable
from math import sqrt
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from rasterio.crs import CRS
from rasterio.warp import transform

from core.errors import GridMismatch
from core.raster.alignment import align
from core.raster.grid import Grid, Window
from core.raster.resampling import fitting_grid, grid_of, simple_ratio
from core.raster.source import Source

UTM = CRS.from_epsg(32631)
NORTH_UP = Affine(10, 0, 500000, 0, -10, 5000000)
METHODS = ("nearest", "bilinear", "cubic")
Make = Callable[..., str]


def all_of(source: Source) -> Window:
    return Window(0, 0, source.grid.height, source.grid.width)


def centres(grid: Grid) -> tuple[np.ndarray, np.ndarray]:
    """Map coordinates of all pixel centres."""
    rows, cols = np.mgrid[0 : grid.height, 0 : grid.width] + 0.5
    transform = grid.transform
    return transform.a * cols + transform.b * rows + transform.c, transform.d * cols + transform.e * rows + transform.f


def ramp(grid: Grid) -> np.ndarray:
    """A plane over the map: 1 a pixel of 10 m to the east, 2 to the north, near 0."""
    x, y = centres(grid)
    return ((x - 500000) / 10 + (y - 5000000) / 5).astype("float32")


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int32", "float32"])
def test_a_shift_by_whole_pixels_changes_no_value(tmp_path: Path, make_raster: Make, method: str, dtype: str) -> None:
    pixels = np.random.default_rng(0).integers(0, 200, (12, 15, 2)).astype(dtype)
    path = make_raster(tmp_path / "a.tif", pixels)
    shifted = Grid(12, 15, NORTH_UP @ Affine.translation(3, -2), UTM)
    with Source([path], resample=method, grid=shifted) as source:
        values, valid = source.read_valid(all_of(source))
        assert (values[2:, :12] == pixels[:10, 3:]).all() and valid[2:, :12].all()
        assert not valid[:2].any() and not valid[:, 12:].any()


@pytest.mark.parametrize("method", ["bilinear", "cubic"])
@pytest.mark.parametrize(
    "towards", [Affine.translation(0.5, -0.5), Affine.translation(-0.4, 0.3), Affine.scale(1 / 3), Affine.rotation(30)]
)
def test_a_ramp_keeps_its_value_at_every_place(tmp_path: Path, make_raster: Make, method: str, towards: Affine) -> None:
    own = Grid(40, 50, NORTH_UP, UTM)
    path = make_raster(tmp_path / "a.tif", ramp(own))
    onto = Grid(40, 50, NORTH_UP @ towards, UTM)
    with Source([path], resample=method, grid=onto) as source:
        values, valid = source.read_valid(all_of(source))
    rows, cols = (np.array(own.row_col(*centres(onto))[axis]) for axis in (0, 1))
    interior = (rows > 3) & (rows < 37) & (cols > 3) & (cols < 47)
    assert interior.sum() > 500 and valid[interior].all()
    assert np.abs(values[:, :, 0] - ramp(onto))[interior].max() < 1e-3


def test_another_crs(tmp_path: Path, make_raster: Make) -> None:
    """An image in degrees, of its own longitude and latitude, brought onto 10 m in UTM."""
    degrees = Grid(80, 90, Affine(1e-4, 0, 3.0, 0, -1e-4, 45.16), CRS.from_epsg(4326))
    path = make_raster(tmp_path / "a.tif", np.stack(centres(degrees), axis=2), crs="EPSG:4326", transform=degrees.transform)
    with Source([path], resample="bilinear", grid=fitting_grid(Grid(60, 60, NORTH_UP, UTM), degrees)) as source:
        align([Grid(60, 60, NORTH_UP, UTM), source.grid])
        assert source.grid.transform.a == 10 and source.grid.transform.e == -10
        values, valid = source.read_valid(all_of(source))
        x, y = centres(source.grid)
    lon, lat = (np.reshape(ordinates, x.shape) for ordinates in transform(UTM, "EPSG:4326", x.ravel(), y.ravel()))
    inside = (lon > 3.0002) & (lon < 3.0088) & (lat > 45.1522) & (lat < 45.1598)
    assert inside.sum() > 4000 and valid[inside].all()
    off = np.hypot(values[:, :, 0] - lon, values[:, :, 1] - lat)[inside]
    assert off.max() < 1e-3 * 1e-4  # of a pixel


@pytest.mark.parametrize("method", METHODS)
def test_the_same_values_however_it_is_cut(tmp_path: Path, make_raster: Make, method: str) -> None:
    pixels = np.random.default_rng(1).integers(0, 20000, (260, 300)).astype("uint16")
    path = make_raster(tmp_path / "a.tif", pixels, crs="EPSG:32632", transform=Affine(10, 0, 28000, 0, -10, 5017000))
    with rasterio.open(path) as image:
        onto = fitting_grid(Grid(400, 400, NORTH_UP @ Affine.translation(0, -200) @ Affine.scale(0.8), UTM), own := grid_of(image))
    assert own.crs != onto.crs
    with Source([path], resample=method, grid=onto) as source, Source([path], resample=method, grid=onto) as other:
        whole, has_data = source.read_valid(all_of(source))
        assert 0.3 < has_data.mean() < 1
        for row in range(0, onto.height, 67):
            for col in range(0, onto.width, 91):
                part, valid = other.read_valid(window := Window(row, col, 67, 91).clipped(onto.height, onto.width))
                where = np.s_[row : row + window.height, col : col + window.width]
                assert (valid == has_data[where]).all() and np.array_equal(part, whole[where], equal_nan=True)


def grid_of_(image: rasterio.DatasetReader) -> Grid:
    return Grid(image.height, image.width, image.transform, image.crs)


def test_no_data_does_not_bleed_into_data(tmp_path: Path, make_raster: Make) -> None:
    pixels = np.full((9, 9), 100, "uint8")
    pixels[4, 4] = 255
    path = make_raster(tmp_path / "a.tif", pixels, nodata=255)
    onto = Grid(9, 9, NORTH_UP @ Affine.translation(0.4, 0.4), UTM)
    with Source([path], resample="bilinear", grid=onto) as source:
        values, valid = source.read_valid(all_of(source))
        assert (values[valid] == 100).all() and (~valid).sum() == 1 and not valid[4, 4]
    with Source([make_raster(tmp_path / "b.tif", pixels)], nodata=255, resample="bilinear", grid=onto) as source:  # told by the user
        assert (source.valid(all_of(source)) == valid).all()


def test_zero_is_data_and_what_lies_outside_is_none(tmp_path: Path, make_raster: Make) -> None:
    path = make_raster(tmp_path / "a.tif", np.zeros((6, 6), "uint8"))
    with Source([path], resample="bilinear", grid=Grid(6, 6, NORTH_UP @ Affine.translation(3.4, 0), UTM)) as source:
        values, valid = source.read_valid(all_of(source))
        assert (valid == [[True, True, True, False, False, False]] * 6).all()  # where the middle of the pixel lies on the image
        assert (values[valid] == 0).all()


def test_nan_and_mask_bands_are_no_data(tmp_path: Path, make_raster: Make) -> None:
    pixels = np.ones((6, 6), "float32")
    masked = make_raster(tmp_path / "masked.tif", pixels)
    with rasterio.open(masked, "r+") as image:
        image.write_mask(np.where(np.arange(36).reshape(6, 6) == 14, 0, 255).astype("uint8"))
    pixels[2, 2] = np.nan
    for path in (masked, make_raster(tmp_path / "nan.tif", pixels)):
        with Source([path], resample="bilinear", grid=Grid(6, 6, NORTH_UP @ Affine.translation(-0.3, -0.3), UTM)) as source:
            values, valid = source.read_valid(all_of(source))
            assert (~valid).sum() == 1 and not valid[2, 2] and (values[valid] == 1).all(), path


@pytest.mark.parametrize(("rule", "without"), [("all", 1), ("any", 2)])
def test_no_data_in_some_bands(tmp_path: Path, make_raster: Make, rule: str, without: int) -> None:
    pixels = np.full((5, 5, 2), 9, "uint8")
    pixels[1, 1], pixels[3, 3, 0] = 0, 0
    path = make_raster(tmp_path / "a.tif", pixels, nodata=0)
    with Source([path], rule=rule, resample="nearest", grid=Grid(5, 5, NORTH_UP @ Affine.translation(0.1, 0), UTM)) as source:
        assert (~source.valid(all_of(source))).sum() == without


def test_a_fourth_band_of_bytes_is_data(tmp_path: Path) -> None:
    """GDAL calls it alpha: the warper would weigh the others with it, and leave it out."""
    pixels = np.random.default_rng(2).integers(0, 255, (4, 7, 8)).astype("uint8")
    path = tmp_path / "naip.tif"
    with rasterio.open(
        path, "w", driver="GTiff", height=7, width=8, count=4, dtype="uint8", transform=NORTH_UP, crs=UTM, photometric="RGB"
    ) as image:
        image.write(pixels)
    with Source([str(path)], resample="bilinear", grid=Grid(7, 8, NORTH_UP @ Affine.translation(1, 0), UTM)) as source:
        assert (source.read(Window(0, 0, 7, 7)) == np.moveaxis(pixels, 0, 2)[:, 1:]).all()


def test_what_transparency_hides_takes_no_part(tmp_path: Path) -> None:
    """Black under a transparent corner does not darken the pixels beside it."""
    pixels = np.full((4, 40, 40), 200, "uint8")
    pixels[3] = 255
    pixels[:, :20, :20] = 0
    path = tmp_path / "ortho.tif"
    with rasterio.open(
        path, "w", driver="GTiff", height=40, width=40, count=4, dtype="uint8", transform=NORTH_UP, crs=UTM, alpha="yes"
    ) as image:
        image.write(pixels)
    with Source([str(path)], resample="bilinear", grid=Grid(40, 40, NORTH_UP @ Affine.translation(0.4, 0.4), UTM)) as source:
        assert source.count == 4 and source.transparent == ("ortho_4",)
        source.hide_transparent()
        values, valid = source.read_valid(all_of(source))
        assert values.shape[2] == 3 and (values[valid] == 200).all() and abs((~valid).sum() - 400) <= 40


def test_no_data_told_in_several_ways_is_refused(tmp_path: Path, make_raster: Make) -> None:
    path = make_raster(tmp_path / "a.tif", np.ones((4, 4), "uint8"))
    with rasterio.open(path, "r+") as image:
        image.write_mask(np.full((4, 4), 255, "uint8"))
    with pytest.raises(GridMismatch, match=r"one no-data value for all bands, or one mask.*gdalwarp"):
        Source([path], nodata=7, resample="nearest", grid=Grid(4, 4, NORTH_UP @ Affine.translation(0.5, 0), UTM))


def test_bands_of_several_spacings_as_one_source(tmp_path: Path, make_raster: Make) -> None:
    """As Sentinel-2's: 10 m and 20 m; only what does not lie on the first image is resampled, and keeps its place and name."""
    fine, coarse = np.arange(48, dtype="uint16").reshape(6, 8), np.arange(12, dtype="uint16").reshape(3, 4)
    paths = [make_raster(tmp_path / "B02.tif", fine), make_raster(tmp_path / "B05.tif", coarse, spacing=20.0)]
    with Source(paths, resample="nearest") as source:
        values, valid = source.read_valid(all_of(source))
        assert (values[:, :, 0] == fine).all() and (values[:, :, 1] == coarse.repeat(2, 0).repeat(2, 1)).all() and valid.all()
        assert source.band_names == ("B02", "B05")
        assert len(source.remarks) == 1 and "B05.tif is resampled (nearest) from 3 × 4 pixels of 20 × 20" in source.remarks[0]


def test_images_that_lie_on_each_other_stay_as_they_are(tmp_path: Path, make_raster: Make) -> None:
    pixels = np.arange(20, dtype="uint8").reshape(4, 5)
    paths = [make_raster(tmp_path / name, pixels) for name in ("a.tif", "b.tif")]
    with Source(paths, resample="cubic") as source:
        assert source.remarks == () and source.dtype == np.uint8


def test_without_a_crs_it_is_refused(tmp_path: Path, make_raster: Make) -> None:
    path = make_raster(tmp_path / "a.tif", np.zeros((4, 4), "uint8"), crs=None)
    for grid in (Grid(4, 4, NORTH_UP, UTM), Grid(4, 4, NORTH_UP @ Affine.translation(0.5, 0), None)):
        with pytest.raises(GridMismatch, match="without a CRS"):
            Source([path], resample="nearest", grid=grid)


@pytest.mark.parametrize("crs", ["EPSG:32631", "EPSG:32632", "EPSG:4326"])
def test_images_that_do_not_overlap_are_refused(tmp_path: Path, make_raster: Make, crs: str) -> None:
    corner = (10.0, 10.0) if crs == "EPSG:4326" else (700000.0, 4000000.0)
    path = make_raster(tmp_path / "a.tif", np.zeros((4, 4), "uint8"), crs=crs, origin=corner, spacing=0.1 if crs == "EPSG:4326" else 10.0)
    with pytest.raises(GridMismatch, match="do not overlap"):
        Source([path], resample="nearest", grid=Grid(4, 4, NORTH_UP, UTM))


def test_an_image_of_the_whole_world(tmp_path: Path, make_raster: Make) -> None:
    """Its corners have no place in UTM; near the reference it has."""
    world = Grid(180, 360, Affine(1, 0, -180, 0, -1, 90), CRS.from_epsg(4326))
    path = make_raster(tmp_path / "a.tif", centres(world)[1].astype("float32"), crs="EPSG:4326", transform=world.transform)
    reference = Grid(100, 100, Affine(1000, 0, 450000, 0, -1000, 5050000), UTM)
    onto = fitting_grid(reference, world)
    align([reference, onto])
    with Source([path], resample="bilinear", grid=onto) as source:
        row, col = (round(x - 0.5) for x in onto.row_col(500000, 5000000))
        (lat,) = transform(UTM, "EPSG:4326", *([value] for value in onto.xy(row + 0.5, col + 0.5)))[1]
        assert abs(source.read(Window(row, col, 1, 1))[0, 0, 0] - lat) < 0.01
    assert fitting_grid(world, reference).transform.a == pytest.approx(0.0125, rel=0.1)  # and the other way round


def test_a_much_finer_image_is_averaged(tmp_path: Path, make_raster: Make) -> None:
    chessboard = (np.indices((60, 60)).sum(axis=0) % 2).astype("uint8")
    path = make_raster(tmp_path / "a.tif", chessboard)
    with Source([path], resample="bilinear", grid=Grid(10, 10, NORTH_UP @ Affine.scale(6), UTM)) as source:
        assert np.abs(source.read(all_of(source)) - 0.5).max() < 0.01


spacing = st.floats(0.05, 20)


@given(spacing, spacing, st.floats(-30, 30), st.floats(-30, 30), st.floats(0, 360), st.integers(1, 200), st.integers(1, 200), st.booleans())
def test_the_fitting_grid_fits_and_holds_the_image(
    down: float, across: float, row: float, col: float, angle: float, height: int, width: int, mirrored: bool
) -> None:
    reference = Grid(50, 60, NORTH_UP @ Affine.scale(1, -1 if mirrored else 1), UTM)
    middle = Affine.translation(30 + col, 25 + row) @ Affine.rotation(angle)
    grid = Grid(height, width, reference.transform @ middle @ Affine.scale(across, down) @ Affine.translation(-width / 2, -height / 2), UTM)
    if not touches(reference, grid):
        return
    onto = fitting_grid(reference, grid)
    try:
        alignment = align([reference, onto])
    except GridMismatch as error:
        assert "do not overlap" in str(error)  # the bounds touch, and the rotated pixels not
        return
    assert alignment.remarks == ()
    ratios = [float(axes[1].ratio) for axes in (alignment.rows, alignment.cols)]
    if angle in (0, 180):
        for ratio, own in zip(ratios, (down, across), strict=True):
            assert 1 / sqrt(2) - 1e-9 <= ratio / own <= sqrt(2) + 1e-9
    for x, y in (grid.xy(r, c) for r in (0, height) for c in (0, width)):  # every corner, up to half a pixel
        r, c = onto.row_col(x, y)
        assert -0.51 <= r <= onto.height + 0.51 and -0.51 <= c <= onto.width + 0.51


def touches(reference: Grid, grid: Grid) -> bool:
    one, other = reference.bounds, grid.bounds
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


@given(st.floats(1e-3, 1e3))
def test_simple_ratio_is_the_nearest(spacing: float) -> None:
    ratio = simple_ratio(spacing)
    assert 1 in (ratio.numerator, ratio.denominator)
    others = [n for k in (-1, 0, 1) if (n := max(ratio.numerator, ratio.denominator) + k) >= 1]
    assert min(abs(np.log(spacing / v)) for n in others for v in (n, 1 / n)) == pytest.approx(abs(np.log(spacing / float(ratio))))
