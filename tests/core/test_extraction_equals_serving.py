"""The patch extracted at a point is the window that serving reads for that pixel: shown with a model whose output is its input."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import fiona
import numpy as np
import pytest
import rasterio

from core.inference import serve
from core.jobs import ExtractPatches, PatchSource, Product, ServedSource, ServeModel
from core.sampling import extract


@pytest.fixture(scope="module")
def echo_model(tmp_path_factory: pytest.TempPathFactory) -> Callable[[tuple[int, ...]], str]:
    """A model whose outputs are its patches, flattened."""

    def make(fields: tuple[int, ...]) -> str:
        import tensorflow as tf

        names = [f"source{i + 1}" for i in range(len(fields))]
        specs = [tf.TensorSpec([None, field, field, 1], tf.float32, name=name) for field, name in zip(fields, names, strict=True)]

        class Echo(tf.Module):  # type: ignore[misc]
            @tf.function(input_signature=specs)
            def serve(self, *sources):  # type: ignore[no-untyped-def]
                flat = [tf.reshape(source, [tf.shape(source)[0], field * field]) for source, field in zip(sources, fields, strict=True)]
                return {f"patch{i + 1}": patch for i, patch in enumerate(flat)}

        folder, module = str(tmp_path_factory.mktemp("echo")), Echo()
        tf.saved_model.save(module, folder, signatures={"serving_default": module.serve})
        return folder

    return make


def points_file(path: Path, positions: list[tuple[float, float]]) -> str:
    schema = {"geometry": "Point", "properties": {"class": "int"}}
    with fiona.open(path, "w", driver="GPKG", schema=schema, crs="EPSG:32631") as layer:
        for position in positions:
            layer.write({"geometry": {"type": "Point", "coordinates": position}, "properties": {"class": 1}})
    return str(path)


CASES = [  # spacing and patch size of each source; the scale factor that makes an output pixel the anchor's pixel
    ([(10.0, 16)], "1"),
    ([(10.0, 15)], "1"),
    ([(10.0, 1)], "1"),
    ([(10.0, 8), (2.5, 32)], "1"),
    ([(2.5, 32), (10.0, 8)], "4"),
    ([(10.0, 5), (20.0, 3)], "2"),
    ([(10.0, 1), (1.5, 25)], "1"),
]


@pytest.mark.parametrize(("sources", "scale"), CASES)
def test_patch_is_what_serving_reads(
    tmp_path: Path,
    make_raster: Callable[..., str],
    echo_model: Callable[..., str],
    reporter: Any,
    sources: list[tuple[float, int]],
    scale: str,
) -> None:
    side_m, rng = 600.0, np.random.default_rng(5)
    images = [
        make_raster(tmp_path / f"image{i}.tif", rng.normal(size=(int(side_m / spacing),) * 2).astype("float32"), spacing=spacing)
        for i, (spacing, _) in enumerate(sources)
    ]
    positions = [(500000.0 + x, 5000000.0 - y) for x, y in rng.uniform(150, side_m - 150, size=(12, 2))]
    patches = [str(tmp_path / f"patches{i}.tif") for i in range(len(sources))]
    wanted = tuple(PatchSource((image,), size, size, None, out) for image, (_, size), out in zip(images, sources, patches, strict=True))
    points = points_file(tmp_path / "points.gpkg", positions)
    extract.run(
        ExtractPatches(
            sources=wanted, points=points, field="class", output_labels=str(tmp_path / "labels.tif"), rejected=str(tmp_path / "no.gpkg")
        ),
        reporter,
    )
    products = tuple(Product(str(tmp_path / f"served{i}.tif"), (f"patch{i + 1}",)) for i in range(len(sources)))
    serve.run(
        ServeModel(
            sources=tuple(ServedSource((image,)) for image in images), model=echo_model(tuple(size for _, size in sources)),
            products=products, scale_factor=scale, mode="patch_based",
        ),
        reporter,
    )  # fmt: skip
    for path, product, (_, size) in zip(patches, products, sources, strict=True):
        expected = {served_at(product.path, position) for position in positions}
        with rasterio.open(path) as image:
            extracted = image.read(1).reshape(-1, size * size)
        assert {tuple(patch.tolist()) for patch in extracted} == expected


def served_at(path: str, position: tuple[float, float]) -> tuple[float, ...]:
    """All bands of the output pixel that holds a position."""
    with rasterio.open(path) as image:
        return tuple(next(image.sample([position])).tolist())
