"""Serving where data is missing, not wanted, or to be stored in few bytes: on real rasters."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio

from core.errors import BadModel, GridMismatch
from core.inference import serve
from core.jobs import Product, ServedSource, ServeModel
from core.raster.source import Source

MakeRaster = Callable[..., str]


@pytest.fixture(scope="module")
def pixel_model(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., str]:
    """A model of single pixels that takes images of so many bands: the sum of all bands as "sum", of a type; and "half", always 0.5."""
    made: dict[tuple[object, ...], str] = {}

    def make(*bands: int, dtype: str = "float32") -> str:
        key = (*bands, dtype)
        if key not in made:
            made[key] = _save(tmp_path_factory.mktemp("model"), bands, dtype)
        return made[key]

    return make


def _save(folder: Path, bands: tuple[int, ...], dtype: str) -> str:
    import tensorflow as tf

    specs = [tf.TensorSpec([None, None, None, count], tf.float32, name=f"x{i}") for i, count in enumerate(bands)]

    @tf.function(input_signature=specs, autograph=False)
    def serve(*images):  # type: ignore[no-untyped-def]
        total = tf.add_n([tf.reduce_sum(image, 3, keepdims=True) for image in images])
        return {"sum": tf.cast(total, dtype), "half": tf.sigmoid(0 * total)}

    tf.saved_model.save(tf.Module(), str(folder), signatures=serve)
    return str(folder)


def run(
    model: str, sources: list[str], out: Path, reporter: Any, product: dict[str, Any] | None = None, **options: Any
) -> tuple[np.ndarray, Any]:
    """The first band and the file's profile."""
    products = (Product(str(out), **({"outputs": ("sum",)} | (product or {}))),)
    images = tuple(ServedSource((image,), options.get("nodata")) for image in sources)
    options.pop("nodata", None)
    options = {"mode": "fully_convolutional"} | options
    serve.run(ServeModel(sources=images, model=model, products=products, **options), reporter)
    with rasterio.open(out) as image:
        return image.read(1), image.profile | {"scales": image.scales, "offsets": image.offsets, "names": image.descriptions}


def test_the_rule_reaches_the_map(tmp_path: Path, make_raster: MakeRaster, pixel_model: Any, reporter: Any) -> None:
    image = make_raster(tmp_path / "a.tif", np.array([[[0, 0], [0, 4], [3, 4]]], "uint8"), nodata=0)
    for rule, expected in (("all", [np.nan, 4, 7]), ("any", [np.nan, np.nan, 7])):
        found, _ = run(pixel_model(2), [image], tmp_path / "out.tif", reporter, nodata_rule=rule)
        np.testing.assert_array_equal(found[0], expected)
    assert "66.67 % of the output's pixels have no data" in reporter.texts


def test_an_orthophoto_with_transparency_suits_a_model_of_three_bands(
    tmp_path: Path, make_raster: MakeRaster, pixel_model: Any, reporter: Any
) -> None:
    pixels = np.full((4, 6, 4), 2, "uint8")
    pixels[..., 3] = 255
    pixels[:, :2, 3] = 0
    profile = {"driver": "GTiff", "height": 4, "width": 6, "count": 4, "dtype": "uint8", "photometric": "RGB", "alpha": "YES"}
    with rasterio.open(tmp_path / "rgba.tif", "w", **profile, transform=rasterio.Affine.scale(1, -1), crs="EPSG:3857") as image:
        image.write(np.moveaxis(pixels, 2, 0))
    found, _ = run(pixel_model(3), [str(tmp_path / "rgba.tif")], tmp_path / "out.tif", reporter)
    assert np.isnan(found[:, :2]).all() and (found[:, 2:] == 6).all()
    assert "rgba_4 is transparency, not a band" in reporter.texts
    found, _ = run(pixel_model(4), [str(tmp_path / "rgba.tif")], tmp_path / "out.tif", reporter)
    assert found[0].tolist() == [6, 6, 261, 261, 261, 261]  # a model of four bands takes it as one
    with pytest.raises(BadModel, match="2 bands"):
        run(pixel_model(2), [str(tmp_path / "rgba.tif")], tmp_path / "out.tif", reporter)


@pytest.mark.parametrize(("scale", "block_size"), [("1", 4), ("1", 7), ("1", 64)])
def test_only_what_the_mask_wants_is_computed(
    tmp_path: Path, make_raster: MakeRaster, pixel_model: Any, reporter: Any, scale: str, block_size: int
) -> None:
    image = make_raster(tmp_path / "a.tif", np.ones((20, 24), "uint8"))
    wanted = np.zeros((11, 13), "uint8")
    wanted[3:5, 4:9] = 1
    mask = make_raster(tmp_path / "mask.tif", wanted, spacing=20.0)  # of 20 m, where the image has 10
    found, _ = run(pixel_model(1), [image], tmp_path / "out.tif", reporter, mask=mask, block_size=block_size)
    expected = np.full((20, 24), np.nan)
    expected[6:10, 8:18] = 1
    np.testing.assert_array_equal(found, expected)
    assert ("blocks were not computed" in reporter.texts) == (block_size < 64)


def test_no_source_is_read_outside_the_mask_and_no_second_one_without_data(
    tmp_path: Path, make_raster: MakeRaster, pixel_model: Any, make_reporter: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    pixels = np.ones((40, 40), "uint8")
    pixels[:, :20] = 0
    first, second = make_raster(tmp_path / "a.tif", pixels, nodata=0), make_raster(tmp_path / "b.tif", np.ones((40, 40), "uint8"))
    wanted = np.zeros((40, 40), "uint8")
    wanted[20:] = 1
    mask = make_raster(tmp_path / "mask.tif", wanted)
    read: list[str] = []
    read_valid = Source.read_valid
    monkeypatch.setattr(Source, "read_valid", lambda self, *rest: (read.append(self.paths[0][-5:]), read_valid(self, *rest))[1])
    reporter = make_reporter()
    found, _ = run(pixel_model(1, 1), [first, second], tmp_path / "out.tif", reporter, mask=mask, block_size=10)
    assert np.isnan(found).sum() == 1200 and (found[20:, 20:] == 2).all()
    assert (read.count("a.tif"), read.count("b.tif")) == (8 + 1, 4 + 1)  # the blocks, and the trial
    assert "12 of 16 blocks were not computed: 8 outside the mask, 4 without data." in reporter.texts
    assert "75.00 % of the output's pixels have no data" in reporter.texts


def test_masks_that_want_nothing_or_lie_elsewhere(tmp_path: Path, make_raster: MakeRaster, pixel_model: Any, reporter: Any) -> None:
    image, nothing = (make_raster(tmp_path / f"{i}.tif", np.full((5, 5), 1 - i, "uint8")) for i in (0, 1))
    found, _ = run(pixel_model(1), [image], tmp_path / "out.tif", reporter, mask=nothing)
    assert np.isnan(found).all() and "The output has no data at all" in reporter.texts
    beside = make_raster(tmp_path / "b.tif", np.ones((5, 5), "uint8"), origin=(0.0, 0.0))
    with pytest.raises(GridMismatch, match="does not touch"):
        run(pixel_model(1), [image], tmp_path / "no.tif", reporter, mask=beside)
    assert not (tmp_path / "no.tif").exists()


def test_bytes_stay_bytes_where_nothing_lacks_and_widen_where_something_may(
    tmp_path: Path, make_raster: MakeRaster, pixel_model: Any, reporter: Any
) -> None:
    values = np.array([[0, 255, 254, 7]], "uint8")
    model = pixel_model(1, dtype="uint8")
    found, profile = run(model, [make_raster(tmp_path / "a.tif", values)], tmp_path / "out.tif", reporter)
    assert (profile["dtype"], profile["nodata"]) == ("uint8", None) and (found == values).all()
    found, profile = run(model, [make_raster(tmp_path / "b.tif", values, nodata=7)], tmp_path / "out.tif", reporter)
    assert (profile["dtype"], profile["nodata"]) == ("int16", -32768) and found.tolist() == [[0, 255, 254, -32768]]
    found, profile = run(model, [make_raster(tmp_path / "c.tif", values)], tmp_path / "out.tif", reporter, {"dtype": "uint8"})
    assert (profile["dtype"], profile["nodata"]) == ("uint8", 255) and found.tolist() == [[0, 254, 254, 7]]
    assert "25.00 % of the values do not fit" in reporter.texts


def test_a_second_source_that_ends_early_leaves_gaps(tmp_path: Path, make_raster: MakeRaster, pixel_model: Any, reporter: Any) -> None:
    wide, narrow = make_raster(tmp_path / "a.tif", np.ones((3, 5), "uint8")), make_raster(tmp_path / "b.tif", np.ones((3, 4), "uint8"))
    found, profile = run(pixel_model(1, 1, dtype="uint8"), [wide, narrow], tmp_path / "out.tif", reporter)
    assert profile["dtype"] == "int16" and found[0].tolist() == [2, 2, 2, 2, -32768]


def test_scaled_values_read_back_as_they_were(tmp_path: Path, make_raster: MakeRaster, pixel_model: Any, reporter: Any) -> None:
    image = make_raster(tmp_path / "a.tif", np.array([[0.5, 1.25, np.nan, -2, 1e9]], "float32"))
    wish = {"dtype": "int16", "scale": 0.25, "offset": 1.0}
    found, profile = run(pixel_model(1), [image], tmp_path / "out.tif", reporter, wish)
    assert found.tolist() == [[-2, 1, -32768, -12, 32767]]
    assert (profile["nodata"], profile["scales"], profile["offsets"], profile["names"]) == (-32768, (0.25,), (1.0,), ("sum",))
    assert "out.tif: int16, value = pixel × 0.25 + 1, no-data -32768." in reporter.texts
    assert "25.00 % of the values do not fit" in reporter.texts  # of the four that there are


def test_a_foreign_models_sigmoid_is_known_for_probabilities(
    tmp_path: Path, make_raster: MakeRaster, pixel_model: Any, reporter: Any
) -> None:
    image = make_raster(tmp_path / "a.tif", np.ones((2, 2), "float32"))
    found, profile = run(pixel_model(1), [image], tmp_path / "out.tif", reporter, {"outputs": ("half",), "dtype": "uint8"})
    assert (found == 125).all() and profile["scales"] == (0.004,)
