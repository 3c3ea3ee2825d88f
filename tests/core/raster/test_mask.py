from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rasterio.crs import CRS
from rasterio.warp import transform

from core.errors import CannotRead, GridMismatch
from core.raster import mask as mask_module
from core.raster.grid import Grid, Window
from core.raster.mask import GridMask

MakeRaster = Callable[..., str]
UTM = CRS.from_epsg(32631)
GRID = Grid(30, 40, Affine(10, 0, 500000, 0, -10, 5000000), UTM)
WHOLE = Window(0, 0, 30, 40)


def seen(path: str, grid: Grid = GRID, window: Window | None = None) -> np.ndarray:
    whole = Window(0, 0, grid.height, grid.width)
    with GridMask(path, grid, whole) as mask:
        return mask(window or whole)


def under_centres(pixels: np.ndarray, place: Affine, grid: Grid, window: Window) -> np.ndarray:
    """The pixels above 0 under every centre of the window, one at a time."""
    wanted = np.zeros((window.height, window.width), bool)
    for row in range(window.height):
        for col in range(window.width):
            at = ~place @ grid.transform @ (window.col + col + 0.5, window.row + row + 0.5)
            mask_col, mask_row = (int(np.floor(value + 1e-6)) for value in at)
            if 0 <= mask_row < pixels.shape[0] and 0 <= mask_col < pixels.shape[1]:
                wanted[row, col] = pixels[mask_row, mask_col] > 0
    return wanted


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    spacing=st.sampled_from([1.0, 2.5, 5.0, 10.0, 13.7, 20.0, 400.0]),
    shift=st.tuples(st.integers(-60, 60), st.integers(-60, 60)),
    mirrored=st.booleans(),
    window=st.builds(Window, st.integers(-5, 28), st.integers(-5, 38), st.integers(1, 9), st.integers(1, 9)),
)
def test_any_grid_is_looked_up_under_the_centres(
    tmp_path: Path, make_raster: MakeRaster, spacing: float, shift: tuple[int, int], mirrored: bool, window: Window
) -> None:
    size = max(round(300 / spacing), 1)
    pixels = np.random.default_rng(size).integers(0, 2, (size, size + 1)).astype("uint8")
    top = 5000000 + shift[1] - (size * spacing if mirrored else 0)
    place = Affine(spacing, 0, 500000 + shift[0], 0, spacing if mirrored else -spacing, top)
    path = make_raster(tmp_path / "mask.tif", pixels, transform=place)
    with GridMask(path, GRID, WHOLE) as mask:
        assert (mask(window) == under_centres(pixels, place, GRID, window)).all()


def test_a_fine_mask_is_read_in_strips(tmp_path: Path, make_raster: MakeRaster, monkeypatch: pytest.MonkeyPatch) -> None:
    pixels = np.random.default_rng(0).integers(0, 2, (300, 400)).astype("uint8")
    path = make_raster(tmp_path / "mask.tif", pixels, spacing=1.0)
    whole = seen(path)
    monkeypatch.setattr(mask_module, "PIXELS", 1000)
    assert (seen(path) == whole).all() and (whole == pixels[5::10, 5::10].astype(bool)).all()


def test_a_rotated_mask(tmp_path: Path, make_raster: MakeRaster) -> None:
    place = Affine.translation(500200, 4999850) @ Affine.rotation(30) @ Affine.scale(7, -7) @ Affine.translation(-20, -20)
    pixels = np.random.default_rng(1).integers(0, 2, (40, 40)).astype("uint8")
    found = seen(make_raster(tmp_path / "mask.tif", pixels, transform=place))
    assert (found == under_centres(pixels, place, GRID, WHOLE)).mean() > 0.99  # ties are GDAL's own


def test_a_mask_in_another_crs(tmp_path: Path, make_raster: MakeRaster) -> None:
    """The left half in degrees: a pixel is wanted if its centre, brought to degrees, lies in it."""
    place = Affine(1e-4, 0, 2.999, 0, -1e-4, 45.1585)
    pixels = np.zeros((80, 120), "uint8")
    pixels[:, :40] = 1
    path = make_raster(tmp_path / "mask.tif", pixels, transform=place, crs="EPSG:4326")
    xs, _ = transform(UTM, "EPSG:4326", [GRID.xy(15, col + 0.5)[0] for col in range(40)], [GRID.xy(15.5, 0)[1]] * 40)
    clear = np.abs(np.array(xs) - 3.003) > 2e-5  # GDAL's transformation is exact to an eighth of a pixel
    assert (seen(path)[15] == (np.array(xs) < 3.003))[clear].all() and clear.sum() > 35
    assert seen(path, window=Window(10, 3, 5, 6)).tolist() == seen(path)[10:15, 3:9].tolist()


@pytest.mark.parametrize(("own", "of_grid", "said"), [(None, UTM, True), (UTM, None, False), (None, None, False)])
def test_without_a_crs_it_is_taken_to_be_the_same(
    tmp_path: Path, make_raster: MakeRaster, own: CRS | None, of_grid: CRS | None, said: bool
) -> None:
    grid = Grid(GRID.height, GRID.width, GRID.transform, of_grid)
    path = make_raster(tmp_path / "mask.tif", np.eye(30, 40, dtype="uint8"), crs=own)
    with GridMask(path, grid, WHOLE) as mask:
        assert (mask(WHOLE) == np.eye(30, 40, dtype=bool)).all()
        assert bool(mask.remark) is said
    turned = Affine.translation(500200, 4999850) @ Affine.rotation(30) @ Affine.scale(10, -10) @ Affine.translation(-20, -20)
    assert seen(make_raster(tmp_path / "turned.tif", np.ones((40, 40), "uint8"), crs=own, transform=turned), grid).any()


def test_no_data_and_nan_of_the_mask_are_not_wanted(tmp_path: Path, make_raster: MakeRaster) -> None:
    pixels = np.ones((30, 40), "float32")
    pixels[0, :4] = np.nan, 255, -1, 0
    assert seen(make_raster(tmp_path / "mask.tif", pixels, nodata=255))[0, :6].tolist() == [False] * 4 + [True] * 2


def test_no_overlap_and_no_raster_are_said(tmp_path: Path, make_raster: MakeRaster) -> None:
    beside = make_raster(tmp_path / "beside.tif", np.ones((30, 40), "uint8"), origin=(500400.0, 5000000.0))
    with pytest.raises(GridMismatch, match="does not touch what is to be computed"):
        seen(beside)
    far = make_raster(tmp_path / "far.tif", np.ones((4, 4), "uint8"), transform=Affine(0.01, 0, 20, 0, -0.01, 40), crs="EPSG:4326")
    with pytest.raises(GridMismatch, match="does not touch"):
        seen(far)
    with pytest.raises(GridMismatch, match="does not touch"), rasterio.open(beside):
        GridMask(make_raster(tmp_path / "whole.tif", np.ones((30, 20), "uint8")), GRID, Window(0, 20, 30, 20))
    with pytest.raises(CannotRead, match="does not exist"):
        seen(str(tmp_path / "no.tif"))
