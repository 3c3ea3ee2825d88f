"""Dense evaluation in a run: used where it gives the same, never where it does not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio

from core.inference import dense, serve
from core.inference.dense import largest_difference
from core.jobs import Product, ServedSource, ServeModel

Model = Callable[..., str]
MakeRaster = Callable[..., str]


def served(model: str, images: list[str], out: Path, reporter: Any, **options: Any) -> np.ndarray:
    sources = tuple(ServedSource((image,)) for image in images)
    serve.run(ServeModel(sources=sources, model=model, products=(Product(str(out)),), **options), reporter)
    with rasterio.open(out) as image:
        return image.read(1)


@pytest.mark.parametrize(
    ("fields", "spacings", "scale"),
    [((7,), (10.0,), "1"), ((3, 12), (10.0, 2.5), "1"), ((12, 3), (2.5, 10.0), "4"), ((1, 9), (10.0, 1.5), "1")],
)
def test_the_same_map_as_by_patches(
    tmp_path: Path,
    make_raster: MakeRaster,
    linear_model: Model,
    reporter: Any,
    fields: tuple[int, ...],
    spacings: tuple[float, ...],
    scale: str,
) -> None:
    rng = np.random.default_rng(2)
    images = [
        make_raster(tmp_path / f"{i}.tif", rng.normal(size=(int(180 / spacing), int(240 / spacing))).astype("float32"), spacing=spacing)
        for i, spacing in enumerate(spacings)
    ]
    model = linear_model(fields, (1,) * len(fields), patch=True)
    by_itself = served(model, images, tmp_path / "patches.tif", reporter, mode="patch_based", scale_factor=scale)
    assert "Dense" not in reporter.texts
    automatic = served(model, images, tmp_path / "dense.tif", reporter, scale_factor=scale, block_size=7)
    assert "Dense evaluation: the same as the patches" in reporter.texts
    np.testing.assert_allclose(automatic, by_itself, rtol=1e-4, atol=1e-5)


def test_a_model_without_a_dense_form_is_served_by_patches(tmp_path: Path, make_raster: MakeRaster, reporter: Any) -> None:
    import tensorflow as tf

    class Transposed(tf.Module):  # type: ignore[misc]
        @tf.function(input_signature=[tf.TensorSpec([None, 3, 3, 1], tf.float32, name="x")])
        def serve(self, x):  # type: ignore[no-untyped-def]
            return {"median": tf.sort(tf.reshape(tf.transpose(x, [0, 2, 1, 3]), [-1, 9]))[:, 4:5]}

    tf.saved_model.save(module := Transposed(), str(tmp_path / "model"), signatures={"serving_default": module.serve})
    pixels = np.random.default_rng(0).normal(size=(9, 9)).astype("float32")
    out = served(str(tmp_path / "model"), [make_raster(tmp_path / "a.tif", pixels)], tmp_path / "out.tif", reporter)
    assert "No dense evaluation" in reporter.texts
    assert out[4, 4] == np.median(pixels[3:6, 3:6])


def test_on_any_difference_the_patches_win(
    tmp_path: Path, make_raster: MakeRaster, linear_model: Model, reporter: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = make_raster(tmp_path / "a.tif", np.random.default_rng(0).normal(size=(20, 20)).astype("float32"))
    model = linear_model((5,), (1,), patch=True)
    right = served(model, [image], tmp_path / "right.tif", reporter, mode="patch_based")
    whole = dense.Dense._whole
    monkeypatch.setattr(dense.Dense, "_whole", lambda self, pixels: {name: values * 1.001 for name, values in whole(self, pixels).items()})
    out = served(model, [image], tmp_path / "out.tif", reporter)
    assert "differs from the patches" in reporter.texts
    assert (out == right).all()


def test_differences_are_relative_to_the_largest_value_and_classes_must_agree() -> None:
    one = np.array([[[100.0], [0.0]]])
    assert largest_difference({"y": one}, {"y": one + 0.1}) == pytest.approx(0.001)
    classes = np.array([[[1], [2]]])
    assert largest_difference({"y": one, "c": classes}, {"y": one, "c": classes[:, ::-1]}) == 1.0
    assert largest_difference({"y": one}, {"y": one * np.nan}) == 1.0
