"""Serving on real rasters: what the design says must hold for any model and any image."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import BadModel, Cancelled, GridMismatch
from core.inference import serve
from core.jobs import Product, ServedSource, ServeModel
from core.reporting import Reporter

few = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
MakeRaster = Callable[..., str]
Model = Callable[..., str]


def served(model: str, images: list[str], out: Path, **options: Any) -> np.ndarray:
    fields, reporter = options.pop("fields", [None] * len(images)), options.pop("reporter", Reporter(lambda event: None))
    sources = tuple(
        ServedSource((image,), options.get("nodata"), (field, field) if field else None)
        for image, field in zip(images, fields, strict=True)
    )
    options.pop("nodata", None)
    serve.run(ServeModel(sources=sources, model=model, products=(Product(str(out)),), **options), reporter)
    with rasterio.open(out) as image:
        return image.read(1)


def reference(pixels: np.ndarray, kernel: np.ndarray, outputs: tuple[int, int], ef: int, scale: Fraction) -> np.ndarray:
    """The map by the design's formula, one output block at a time."""
    field, reach = kernel.shape[0], 400
    padded = (
        np.pad(pixels, reach, mode="reflect" if min(pixels.shape) > 1 else "edge") if min(pixels.shape) != 1 else _pad_thin(pixels, reach)
    )
    result = np.empty(outputs)
    for row in range(outputs[0]):
        for col in range(outputs[1]):
            top, left = (_start(index // ef, ef, scale, field) + reach for index in (row, col))
            result[row, col] = (padded[top : top + field, left : left + field] * kernel).sum()
    return result


def _pad_thin(pixels: np.ndarray, reach: int) -> np.ndarray:
    for axis in (0, 1):
        width = [(0, 0), (0, 0)]
        width[axis] = (reach, reach)
        pixels = np.pad(pixels, width, mode="reflect" if pixels.shape[axis] > 1 else "edge")
    return pixels


def _start(block: int, ef: int, scale: Fraction, field: int) -> int:
    centre = (block + Fraction(1, 2)) * ef * scale
    return -int((-(centre - Fraction(field, 2) - Fraction(1, 2))) // 1)


@few
@given(
    field=st.integers(1, 9), stride_and_ef=st.sampled_from([(1, 1), (2, 1), (4, 1), (2, 2), (3, 3), (1, 2), (1, 4), (4, 2)]),
    height=st.integers(1, 40), width=st.integers(1, 40), blocks=st.tuples(st.integers(1, 50), st.integers(1, 50)),
)  # fmt: skip
def test_any_block_size_and_mode_gives_the_formulas_map(
    tmp_path: Path, make_raster: MakeRaster, linear_model: Model, kernel_of: Callable[[int], np.ndarray],
    field: int, stride_and_ef: tuple[int, int], height: int, width: int, blocks: tuple[int, int],
) -> None:  # fmt: skip
    stride, ef = stride_and_ef
    scale = Fraction(stride, ef)
    pixels = np.random.default_rng(height * 41 + width).normal(size=(height, width)).astype("float32")
    image = make_raster(tmp_path / "image.tif", pixels)
    model = linear_model((field,), (stride,), ef)
    common = {"fields": [field], "expression_field": (ef, ef), "scale_factor": str(scale)}
    fully = served(model, [image], tmp_path / "a.tif", mode="fully_convolutional", block_size=blocks[0], **common)
    patches = served(model, [image], tmp_path / "b.tif", mode="patch_based", block_size=blocks[1], **common)
    outputs = tuple(-int(-size // scale) for size in (height, width))
    expected = reference(pixels, kernel_of(field), outputs, ef, scale)  # type: ignore[arg-type]
    assert fully.shape == outputs
    np.testing.assert_allclose(fully, expected, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(patches, fully, rtol=1e-5, atol=1e-5)


@few
@given(
    blocks=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    size=st.tuples(st.integers(1, 12), st.integers(1, 12)),
    coarse_first=st.booleans(),
)
def test_two_sources_at_two_resolutions(
    tmp_path: Path, make_raster: MakeRaster, linear_model: Model, blocks: tuple[int, int], size: tuple[int, int], coarse_first: bool
) -> None:
    rng = np.random.default_rng(3)
    coarse = make_raster(tmp_path / "ms.tif", rng.normal(size=size).astype("float32"), spacing=20)
    fine = make_raster(tmp_path / "pan.tif", rng.normal(size=(size[0] * 4, size[1] * 4)).astype("float32"), spacing=5)
    if coarse_first:
        model, images, fields, scale = linear_model((3, 12), (1, 4)), [coarse, fine], [3, 12], "1"
    else:
        model, images, fields, scale = linear_model((12, 3), (4, 1)), [fine, coarse], [12, 3], "4"
    maps = [
        served(model, images, tmp_path / f"{mode}.tif", mode=mode, block_size=block, fields=fields, scale_factor=scale)
        for mode, block in zip(("fully_convolutional", "patch_based"), blocks, strict=True)
    ]
    assert maps[0].shape == size
    np.testing.assert_allclose(maps[0], maps[1], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(("stride", "ef"), [(1, 1), (2, 1), (4, 1), (1, 2), (1, 4), (2, 2)])
@pytest.mark.parametrize("south_up", [False, True])
def test_a_ramp_comes_out_where_the_rule_says(
    tmp_path: Path, make_raster: MakeRaster, linear_model: Model, stride: int, ef: int, south_up: bool
) -> None:
    """An averaging model turns a ramp of map coordinates into the coordinates of its windows' centres."""
    from affine import Affine

    transform = Affine(10, 0, 1000, 0, 10 if south_up else -10, 2000)
    rows = np.arange(64)[:, None] + 0.5
    pixels = np.broadcast_to((transform @ (0, 0))[1] + transform.e * rows, (64, 48)).astype("float64")
    image = make_raster(tmp_path / "ramp.tif", pixels.astype("float32"), transform=transform)
    field, scale = stride + 4 - (stride + 4) % 2 + stride % 2, Fraction(stride, ef)  # centred on its footprint: no half pixel
    model = linear_model((field,), (stride,), ef, mean=True)
    out = served(
        model, [image], tmp_path / "out.tif", fields=[field], expression_field=(ef, ef), scale_factor=str(scale), mode="fully_convolutional"
    )
    with rasterio.open(tmp_path / "out.tif") as written:
        place = written.transform
    assert place @ (0, 0) == transform @ (0, 0)
    inner = slice(8 * ef // stride, 40 * ef // stride)
    block_centres = (np.arange(out.shape[0]) // ef + 0.5) * ef
    expected = place.f + place.e * block_centres
    np.testing.assert_allclose(out[inner, 5], expected[inner], atol=1e-2)  # float32 ramp; a shift of a thousandth of a pixel shows


def test_extent_gives_the_same_pixels_in_their_place(tmp_path: Path, make_raster: MakeRaster, linear_model: Model) -> None:
    image = make_raster(tmp_path / "image.tif", np.random.default_rng(0).normal(size=(60, 70)).astype("float32"))
    options: dict[str, Any] = {"fields": [7], "mode": "fully_convolutional"}
    whole = served(linear_model((7,), (1,)), [image], tmp_path / "whole.tif", **options)
    extent = (500105.0, 4999600.0, 500400.0, 4999875.0)
    part = served(linear_model((7,), (1,)), [image], tmp_path / "part.tif", extent=extent, block_size=9, **options)
    np.testing.assert_allclose(part, whole[12:40, 10:40], rtol=1e-6)
    with rasterio.open(tmp_path / "part.tif") as written:
        assert (written.transform.c, written.transform.f) == (500100.0, 4999880.0)


def test_extent_beside_the_image(tmp_path: Path, make_raster: MakeRaster, linear_model: Model) -> None:
    image = make_raster(tmp_path / "image.tif", np.zeros((8, 8), "float32"))
    with pytest.raises(GridMismatch, match="does not touch"):
        served(linear_model((3,), (1,)), [image], tmp_path / "x.tif", fields=[3], extent=(0.0, 0.0, 5.0, 5.0))


def test_nodata_and_nan_stay_no_data_and_spoil_nothing(tmp_path: Path, make_raster: MakeRaster, linear_model: Model) -> None:
    pixels = np.ones((20, 20), "float32")
    pixels[5, 5], pixels[10, 10] = -9, np.nan
    out = served(linear_model((3,), (1,)), [make_raster(tmp_path / "image.tif", pixels, nodata=-9)], tmp_path / "out.tif", fields=[3])
    assert np.isnan(out[5, 5]) and np.isnan(out[10, 10])
    assert np.isnan(out).sum() == 2


def test_blocks_without_data_are_not_computed(
    tmp_path: Path, make_raster: MakeRaster, linear_model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    from core.model.loading.load import LoadedModel

    pixels = np.zeros((64, 64), "float32")
    pixels[:16, :16] = 1
    calls = []
    run = LoadedModel.run
    monkeypatch.setattr(LoadedModel, "run", lambda self, *arguments: (calls.append(1), run(self, *arguments))[1])
    image = make_raster(tmp_path / "image.tif", pixels, nodata=0)
    served(linear_model((3,), (1,)), [image], tmp_path / "out.tif", fields=[3], block_size=16, mode="fully_convolutional")
    assert len(calls) == 2  # the trial, and the one block of 16 that has data


def test_valid_edges_leave_a_frame_of_no_data(tmp_path: Path, make_raster: MakeRaster, linear_model: Model) -> None:
    image = make_raster(tmp_path / "image.tif", np.ones((20, 20), "float32"))
    out = served(linear_model((4,), (1,)), [image], tmp_path / "out.tif", fields=[4], edges="valid", block_size=6)
    expected = np.zeros((20, 20), bool)
    expected[2:19, 2:19] = True
    assert (~np.isnan(out) == expected).all()


def test_stacked_outputs_and_several_files(tmp_path: Path, make_raster: MakeRaster, linear_model: Model, reporter: Any) -> None:
    image = make_raster(tmp_path / "image.tif", np.ones((9, 9), "float32"))
    products = (Product(str(tmp_path / "one.tif"), ("value",)), Product(str(tmp_path / "two.tif"), ("value", "value")))
    result = serve.run(
        ServeModel(sources=(ServedSource((image,), None, (3, 3)),), model=linear_model((3,), (1,)), products=products), reporter
    )
    assert (result["OUTPUT"], result["OUTPUT2"]) == (products[0].path, products[1].path)
    with rasterio.open(products[1].path) as written:
        assert written.count == 2
    assert "patch-based" in reporter.texts or "fully convolutional" in reporter.texts


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"fields": [2], "mode": "fully_convolutional"}, "refuses its input|Check receptive field"),
        ({"fields": [5], "expression_field": (2, 2), "mode": "fully_convolutional"}, "Check receptive field"),
        ({"fields": [3], "expression_field": (2, 2), "mode": "patch_based"}, "2 × 2 values a patch"),
        ({"fields": [3], "scale_factor": "1/2", "mode": "fully_convolutional"}, "move by whole pixels"),
    ],
)
def test_wrong_geometry_is_said(tmp_path: Path, make_raster: MakeRaster, linear_model: Model, options: dict[str, Any], words: str) -> None:
    image = make_raster(tmp_path / "image.tif", np.ones((12, 12), "float32"))
    with pytest.raises(BadModel, match=words):
        served(linear_model((3,), (1,)), [image], tmp_path / "out.tif", **options)
    assert not (tmp_path / "out.tif").exists()


def test_wrong_number_of_sources_and_bands(tmp_path: Path, make_raster: MakeRaster, linear_model: Model) -> None:
    image = make_raster(tmp_path / "image.tif", np.ones((12, 12, 2), "float32"), names=("red", "nir"))
    with pytest.raises(BadModel, match=r"1 bands.*received 2 \(red, nir\)"):
        served(linear_model((3,), (1,)), [image], tmp_path / "out.tif", fields=[3])
    with pytest.raises(BadModel, match=r"expected 2 \(source1, source2\)"):
        served(linear_model((3, 3), (1, 1)), [image], tmp_path / "out.tif", fields=[3])


def test_cancel_leaves_nothing(tmp_path: Path, make_raster: MakeRaster, linear_model: Model, make_reporter: Any) -> None:
    image = make_raster(tmp_path / "image.tif", np.ones((200, 200), "float32"))
    with pytest.raises(Cancelled):
        served(linear_model((3,), (1,)), [image], tmp_path / "out.tif", fields=[3], block_size=8, reporter=make_reporter(cancel_after=5))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["image.tif"]
