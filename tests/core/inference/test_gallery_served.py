"""The gallery's networks on images: the map is what the network says of the patches that the rule of extraction cuts."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio

from core.inference import serve
from core.jobs import Product, ServedSource, ServeModel
from core.model.backend import keras
from core.model.folder import write_folder
from core.model.gallery import find, m3fusion
from core.model.gallery.architecture import Wish
from core.model.promise import contract_of

MakeRaster = Callable[..., str]
Images = list[np.ndarray]  # (rows, cols, bands), one a source
DATES, CLASSES = 3, 4


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """M3Fusion of a few weights: what it sees, and how, stays the same."""
    monkeypatch.setattr(m3fusion, "UNITS", 16)
    monkeypatch.setattr(m3fusion, "FILTERS", 8)


def saved(name: str, bands: tuple[int, ...], folder: Path) -> Any:
    """The network of that name, with batch statistics that are not those of a new one, in a model folder."""
    keras.utils.set_random_seed(4)
    dates = DATES if find(name).temporal else 1
    network = find(name).build(Wish(bands, CLASSES if find(name).trainable else 0, dates=dates))
    rng = np.random.default_rng(5)
    for weights in network.weights:
        if "batch_normalization" in weights.path:
            weights.assign(rng.uniform(0.5, 1.5, size=weights.shape))
    write_folder(str(folder), network, contract_of(network, name, name))
    return network


def images_of(extent: tuple[int, int], spacings: tuple[int, ...], bands: tuple[int, ...]) -> Images:
    """Noise on the same ground, `extent` (height, width) and spacings in the same unit."""
    rng = np.random.default_rng(6)
    sizes = [(extent[0] // spacing, extent[1] // spacing, count) for spacing, count in zip(spacings, bands, strict=True)]
    return [rng.normal(size=size).astype(np.float32) for size in sizes]


def served(model: Path, images: Images, spacings: tuple[int, ...], make_raster: MakeRaster, reporter: Any, **options: Any) -> np.ndarray:
    """The model's first output of numbers, (rows, cols, channels)."""
    folder = model.parent
    paths = [make_raster(folder / f"{s}_{i}.tif", image, spacing=s) for i, (image, s) in enumerate(zip(images, spacings, strict=True))]
    output = "values" if model.name in ("l2norm", "scalarproduct") else "probabilities"
    products = (Product(str(folder / "map.tif"), (output,)),)
    job = ServeModel(tuple(ServedSource((path,)) for path in paths), str(model), products=products, **options)
    serve.run(job, reporter)
    with rasterio.open(folder / "map.tif") as result:
        return np.moveaxis(result.read(), 0, 2)


def cut(images: Images, spacings: tuple[int, ...], fields: list[int]) -> Images:
    """The patches of every pixel of source 1, the coarsest: by geometry's rule, in whole numbers and fractions, reflected at the edges."""
    height, width = images[0].shape[:2]
    found = []
    for image, spacing, field in zip(images, spacings, fields, strict=True):
        ratio = Fraction(spacings[0], spacing)
        starts = [[first_pixel(index, ratio, fields[0], field) for index in range(size)] for size in (height, width)]
        padded = np.pad(image, ((field, field), (field, field), (0, 0)), mode="reflect")
        rows, cols = ([start + field for start in axis] for axis in starts)
        found.append(np.stack([padded[row : row + field, col : col + field] for row in rows for col in cols]))
    return found


def first_pixel(index: int, ratio: Fraction, anchor_field: int, field: int) -> int:
    """Where the patch of a pixel starts in a source `ratio` times finer than source 1 (its own: ratio 1)."""
    half = Fraction(1, 2)
    start = math.ceil(index + half - Fraction(anchor_field, 2) - half)
    return start if ratio == 1 else math.ceil((start + Fraction(anchor_field, 2)) * ratio - Fraction(field, 2) - half)


CASES = [  # spacings in units that make them whole, and extents that both divide
    ("m3fusion", (20, 3), (12, 2), (540, 660)),
    ("m3fusion", (4, 1), (12, 1), (36, 44)),
    ("panms", (4, 1), (3, 1), (52, 40)),
]


@pytest.mark.parametrize(("name", "spacings", "bands", "extent"), CASES)
def test_the_map_is_the_network_on_the_patches(
    tmp_path: Path, make_raster: MakeRaster, reporter: Any,
    name: str, spacings: tuple[int, ...], bands: tuple[int, ...], extent: tuple[int, int],
) -> None:  # fmt: skip
    network, images = saved(name, bands, tmp_path / name), images_of(extent, spacings, bands)
    found = served(tmp_path / name, images, spacings, make_raster, reporter)
    assert "Dense evaluation: the same as the patches" in reporter.texts
    expected = network(cut(images, spacings, [tensor.shape[1] for tensor in network.inputs]), training=False)
    np.testing.assert_allclose(found, np.asarray(expected).reshape(*images[0].shape[:2], CLASSES), rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("name", ["tempcnn", "ltae", "cnn1d"])
def test_a_network_of_pixels_is_the_network_on_every_pixel(tmp_path: Path, make_raster: MakeRaster, reporter: Any, name: str) -> None:
    network, images = saved(name, (12,), tmp_path / name), images_of((11, 7), (1,), (12,))
    found = served(tmp_path / name, images, (1,), make_raster, reporter)
    assert "dense form" not in reporter.texts  # the pixels are one batch in any case
    expected = network(images[0].reshape(-1, 1, 1, 12), training=False)
    np.testing.assert_allclose(found, np.asarray(expected).reshape(11, 7, CLASSES), rtol=1e-3, atol=1e-5)


def test_a_hyperspectral_cube_is_served_in_blocks(tmp_path: Path, make_raster: MakeRaster, reporter: Any) -> None:
    network, images = saved("cnn3d", (11,), tmp_path / "cnn3d"), images_of((21, 17), (1,), (11,))
    found = served(tmp_path / "cnn3d", images, (1,), make_raster, reporter, block_size=8)
    assert "Mode: fully convolutional" in reporter.texts
    expected = network(cut(images, (1,), [9])[0], training=False)
    np.testing.assert_allclose(found, np.asarray(expected).reshape(21, 17, CLASSES), rtol=1e-3, atol=1e-5)


def test_arithmetic_is_exact_on_images(tmp_path: Path, make_raster: MakeRaster, reporter: Any) -> None:
    one, other = images_of((9, 13), (1, 1), (5, 5))
    for name, images, expected in (
        ("l2norm", [one], np.linalg.norm(one, axis=-1)),
        ("scalarproduct", [one, other], (one * other).sum(axis=-1)),
    ):
        saved(name, (5,) * len(images), tmp_path / name)
        found = served(tmp_path / name, images, (1,) * len(images), make_raster, reporter)
        np.testing.assert_allclose(found[:, :, 0], expected, rtol=1e-5, atol=1e-5)
    assert reporter.texts.count("Mode: fully convolutional") == 2


@pytest.mark.parametrize("name", ["m3fusion", "cnn3d"])
def test_a_single_pixel_has_a_map(tmp_path: Path, make_raster: MakeRaster, reporter: Any, name: str) -> None:
    sources = len(find(name).sources)
    spacings, bands = ((4, 1)[:sources], (6, 1)[:sources])
    saved(name, bands, tmp_path / name)
    found = served(tmp_path / name, images_of((4, 4), spacings, bands), spacings, make_raster, reporter)
    assert found.shape[:2] == (1, 1) and np.isfinite(found).all()
