from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine

from core.errors import BadParameter, CannotRead, GridMismatch
from core.raster.grid import Window
from core.raster.source import Source


def test_images_are_stacked_in_order_with_their_names(tmp_path: Path, make_raster: Callable[..., str]) -> None:
    one = make_raster(tmp_path / "B02.tif", np.full((4, 5), 7, "uint8"))
    two = make_raster(tmp_path / "rest.tif", np.full((4, 5, 2), 1000, "uint16"), names=("green", "red"))
    with Source([two, one]) as source:
        assert source.band_names == ("green", "red", "B02")
        assert source.dtype == np.uint16
        assert source.read(Window(0, 0, 4, 5))[0, 0].tolist() == [1000, 1000, 7]


def test_windows_over_the_edge_are_those_of_a_padded_image(tmp_path: Path, make_raster: Callable[..., str]) -> None:
    pixels = np.arange(7 * 9, dtype="float32").reshape(7, 9)
    with Source([make_raster(tmp_path / "a.tif", pixels)]) as source:
        for edges, mode in (("reflect", "reflect"), ("replicate", "edge"), ("zero", "constant")):
            padded = np.pad(pixels, 20, mode=mode)  # type: ignore[call-overload]
            for window in (Window(-3, -4, 5, 6), Window(5, 2, 6, 20), Window(-8, -9, 24, 27), Window(2, 3, 2, 2)):
                expected = padded[20 + window.row :, 20 + window.col :][: window.height, : window.width]
                assert (source.read(window, edges)[:, :, 0] == expected).all(), (edges, window)


def test_one_pixel_image(tmp_path: Path, make_raster: Callable[..., str]) -> None:
    with Source([make_raster(tmp_path / "a.tif", np.array([[3]], "uint8"))]) as source:
        pixels, valid = source.read_valid(Window(-2, -2, 5, 5))
        assert (pixels == 3).all()
        assert valid.sum() == 1 and valid[2, 2]


def test_nodata_means_every_band(tmp_path: Path, make_raster: Callable[..., str]) -> None:
    pixels = np.array([[[0, 0], [0, 5], [4, 5]]], "uint8")
    with Source([make_raster(tmp_path / "a.tif", pixels, nodata=0)]) as source:
        assert source.valid(Window(0, 0, 1, 3)).tolist() == [[False, True, True]]


def test_nodata_given_overrides_that_of_the_file(tmp_path: Path, make_raster: Callable[..., str]) -> None:
    with Source([make_raster(tmp_path / "a.tif", np.array([[0, 9]], "uint8"), nodata=0)], nodata=9) as source:
        assert source.valid(Window(0, 0, 1, 2)).tolist() == [[True, False]]
        assert source.nodata == (9.0,)


def test_nan_in_any_band_is_no_data(tmp_path: Path, make_raster: Callable[..., str]) -> None:
    pixels = np.array([[[1.0, np.nan], [1.0, 2.0]]], "float32")
    with Source([make_raster(tmp_path / "a.tif", pixels)]) as source:
        assert source.valid(Window(0, 0, 1, 2)).tolist() == [[False, True]]


def test_mask_band_of_the_file(tmp_path: Path, make_raster: Callable[..., str]) -> None:
    path = make_raster(tmp_path / "a.tif", np.ones((2, 2), "uint8"))
    with rasterio.open(path, "r+") as image:
        image.write_mask(np.array([[255, 0], [255, 255]], "uint8"))
    with Source([path]) as source:
        assert source.valid(Window(0, 0, 2, 2)).tolist() == [[True, False], [True, True]]


def test_fourth_band_of_bytes_is_data_not_a_mask(tmp_path: Path) -> None:
    path = tmp_path / "naip.tif"
    with rasterio.open(path, "w", driver="GTiff", height=1, width=1, count=4, dtype="uint8", transform=Affine.scale(10, -10)) as image:
        image.write(np.zeros((4, 1, 1), "uint8"))
    with Source([str(path)]) as source:
        assert source.count == 4 and source.valid(Window(0, 0, 1, 1)).all()


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"origin": (500004.0, 5000000.0)}, "pixels apart"), ({"crs": "EPSG:32632"}, "CRS"), ({"spacing": 20.0}, "pixels apart")],
)
def test_images_of_one_source_need_one_grid(
    tmp_path: Path, make_raster: Callable[..., str], changes: dict[str, object], words: str
) -> None:
    pixels = np.zeros((4, 4), "uint8")
    with pytest.raises(GridMismatch, match=words):
        Source([make_raster(tmp_path / "a.tif", pixels), make_raster(tmp_path / "b.tif", pixels, **changes)])


def test_other_size_is_refused_with_both_sizes(tmp_path: Path, make_raster: Callable[..., str]) -> None:
    with pytest.raises(GridMismatch, match=r"5 × 4 pixels instead of 4 × 4"):
        Source([make_raster(tmp_path / "a.tif", np.zeros((4, 4), "uint8")), make_raster(tmp_path / "b.tif", np.zeros((5, 4), "uint8"))])


def test_missing_damaged_and_no_images(tmp_path: Path) -> None:
    with pytest.raises(CannotRead, match="does not exist"):
        Source([str(tmp_path / "no.tif")])
    (tmp_path / "text.tif").write_text("not a raster")
    with pytest.raises(CannotRead, match="expected a raster"):
        Source([str(tmp_path / "text.tif")])
    with pytest.raises(BadParameter, match="at least one image"):
        Source([])


def test_damaged_block_is_named(tmp_path: Path, make_raster: Callable[..., str]) -> None:
    path = Path(make_raster(tmp_path / "a.tif", np.random.default_rng(0).integers(0, 255, (600, 600)).astype("uint8")))
    path.write_bytes(path.read_bytes()[:200_000])
    with Source([str(path)]) as source, pytest.raises(CannotRead, match="damaged near row 500"):
        source.read(Window(500, 0, 50, 50))
