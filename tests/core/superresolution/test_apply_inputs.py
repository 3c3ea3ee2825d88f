"""What superresolve is given: pixel types, masks, colours, several images, models that are for something else; and when it is stopped."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from rasterio.enums import ColorInterp

from core.errors import BadModel
from core.jobs import CreateModel, ServedSource, Superresolve
from core.model import create
from core.model.backend import tf
from core.model.folder import write_folder
from core.model.promise import contract_of
from core.reporting import Cancelled
from core.superresolution.networks import build
from core.worker import run_job

from .conftest import bilinear, save

MakeRaster = Callable[..., str]
Make = Callable[..., str]
Run = Callable[..., Any]


@pytest.mark.parametrize("dtype", ["uint8", "int8", "int16", "uint16", "int32", "uint32", "float32", "float64"])
def test_every_pixel_type_stays(tmp_path: Path, make_raster: MakeRaster, interpolating: Make, superresolved: Run, dtype: str) -> None:
    """int8, which readers of GeoTIFF lack, becomes the next wider one."""
    pixels, written = superresolved(interpolating(), make_raster(tmp_path / "image.tif", np.full((9, 7), 100, dtype)))
    assert written.dtypes == ("int16" if dtype == "int8" else dtype,) and written.shape == (36, 28)
    assert (pixels[4:-4, 4:-4] == 100).all()


def test_a_mask_of_the_image_is_no_data(tmp_path: Path, make_raster: MakeRaster, interpolating: Make, superresolved: Run) -> None:
    path = make_raster(tmp_path / "image.tif", np.full((6, 6), 255, "uint8"))
    data = np.ones((6, 6), bool)
    data[:2, :3] = False
    with rasterio.open(path, "r+") as image:
        image.write_mask(data)
    pixels, written = superresolved(interpolating(), path)
    lacking = np.zeros((24, 24), bool)
    lacking[:8, :12] = True
    np.testing.assert_array_equal(pixels[:, :, 0] == written.nodata, lacking)


def test_only_what_the_mask_covers_is_computed(tmp_path: Path, make_raster: MakeRaster, interpolating: Make, superresolved: Run) -> None:
    inside = np.zeros((6, 6), "uint8")
    inside[1:4, 2:5] = 1
    mask = make_raster(tmp_path / "mask.tif", inside)
    pixels, written = superresolved(interpolating(), make_raster(tmp_path / "image.tif", np.full((6, 6), 50, "uint8")), mask=mask)
    np.testing.assert_array_equal(pixels[:, :, 0] != written.nodata, np.kron(inside, np.ones((4, 4))) > 0)


def test_colours_stay_and_near_infrared_is_no_transparency(
    tmp_path: Path, make_raster: MakeRaster, interpolating: Make, superresolved: Run
) -> None:
    values = np.random.default_rng(0).integers(1, 200, (16, 16, 4)).astype("uint8")
    path = make_raster(tmp_path / "image.tif", values)
    kinds = (ColorInterp.blue, ColorInterp.green, ColorInterp.red, ColorInterp.alpha)
    with rasterio.open(path, "r+") as image:
        image.colorinterp = kinds
    _, written = superresolved(interpolating(4), path)
    assert written.colorinterp == (*kinds[:3], ColorInterp.undefined)


def test_transparency_of_a_photograph_is_no_data(tmp_path: Path, make_raster: MakeRaster, interpolating: Make, superresolved: Run) -> None:
    values = np.full((32, 32, 4), 90, "uint8")
    values[:, :, 3] = np.where(np.arange(32) < 8, 0, 255)
    path = make_raster(tmp_path / "image.tif", values)
    with rasterio.open(path, "r+") as image:
        image.colorinterp = (ColorInterp.red, ColorInterp.green, ColorInterp.blue, ColorInterp.alpha)
    pixels, written = superresolved(interpolating(3), path)
    assert (written.count, written.colorinterp) == (3, (ColorInterp.red, ColorInterp.green, ColorInterp.blue))
    assert (pixels[:, :32] == written.nodata).all() and (pixels[4:-4, 36:-4] == 90).all()


def test_bands_in_files_of_their_own(
    tmp_path: Path, make_raster: MakeRaster, interpolating: Make, superresolved: Run, reporter: Any
) -> None:
    """As a JPEG 2000 product comes; they are stacked, and keep their names."""
    paths = tuple(make_raster(tmp_path / f"B0{band}.tif", np.full((5, 8), 100 * band, "uint16")) for band in (2, 3))
    out = str(tmp_path / "fine.tif")
    run_job(Superresolve((ServedSource(paths),), interpolating(2), output=out), reporter)
    with rasterio.open(out) as written:
        assert written.descriptions == ("B02", "B03") and written.shape == (20, 32)
        assert (written.read()[:, 4:-4, 4:-4] == np.array([200, 300])[:, None, None]).all()


def fusing(folder: Path) -> str:
    enlarge = bilinear(1, factor=2)
    return save(folder, {"coarse": 1, "fine": 1}, lambda coarse, fine: {"sharp": enlarge(coarse) + fine})


def test_a_fine_image_that_drifts(tmp_path: Path, make_raster: MakeRaster, superresolved: Run, reporter: Any) -> None:
    """As WorldView's two images do: 1.000048 m and 0.5 m, corners 2 cm apart. It is said, and the place is that of the coarse image."""
    model = fusing(tmp_path / "model")
    coarse = make_raster(tmp_path / "coarse.tif", np.full((30, 40), 10, "uint16"), spacing=1.000048)
    fine = make_raster(tmp_path / "fine.tif", np.full((60, 80), 3, "uint16"), spacing=0.5, origin=(500000.02, 4999999.98))
    pixels, written = superresolved(model, coarse, fine)
    assert (pixels[2:-2, 2:-2] == 13).all() and "Source 2" in reporter.texts
    with rasterio.open(coarse) as image:
        np.testing.assert_allclose(written.bounds, image.bounds, atol=1e-9, rtol=0)


def test_images_of_another_ratio_are_refused(tmp_path: Path, make_raster: MakeRaster, superresolved: Run) -> None:
    """With the numbers; so is the right pair in the wrong order."""
    model = fusing(tmp_path / "model")
    images = [make_raster(tmp_path / f"{size}.tif", np.ones((size, size), "uint16"), spacing=400 / size) for size in (40, 80, 100)]
    superresolved(model, *images[:2])
    with pytest.raises(BadModel, match="input 2: expected 1/2 of the size of those of the first input, received 2/5"):
        superresolved(model, images[0], images[2])
    with pytest.raises(BadModel, match=r"received 2\. Give the images in the order"):
        superresolved(model, images[1], images[0])


def test_one_pixel_and_its_four_finer_ones(tmp_path: Path, make_raster: MakeRaster, superresolved: Run) -> None:
    coarse = make_raster(tmp_path / "coarse.tif", np.full((1, 1), 10, "int16"))
    fine = make_raster(tmp_path / "fine.tif", np.array([[1, 2], [3, 4]], "int16"), spacing=5)
    pixels, written = superresolved(fusing(tmp_path / "model"), coarse, fine)
    assert pixels.shape == (2, 2, 1) and written.res == (5, 5)
    np.testing.assert_array_equal(np.diff(pixels.ravel()), [1, 1, 1])


def test_other_bands_than_the_model_takes(tmp_path: Path, make_raster: MakeRaster, interpolating: Make, superresolved: Run) -> None:
    with pytest.raises(BadModel, match="expected 2 bands, received 1"):
        superresolved(interpolating(2), make_raster(tmp_path / "image.tif", np.ones((4, 4), "uint8")))
    assert not (tmp_path / "superresolved.tif").exists()


@pytest.mark.parametrize("last", [lambda x: tf.nn.softmax(x), lambda x: tf.cast(tf.argmax(x, axis=-1), tf.int32)[..., None]])
def test_a_foreign_model_of_classes_is_refused(tmp_path: Path, make_raster: MakeRaster, superresolved: Run, last: Any) -> None:
    model = save(tmp_path / "model", {"x": 2}, lambda x: {"y": last(x)})
    with pytest.raises(BadModel, match=r"received classes\. Apply this model with 'Serve model'"):
        superresolved(model, make_raster(tmp_path / "image.tif", np.ones((4, 4, 2), "float32")))


@pytest.mark.parametrize(("output", "kind"), [("", "classes"), ("probabilities", "probabilities"), ("features", "features")])
def test_our_own_model_of_classes_is_refused(
    tmp_path: Path, make_raster: MakeRaster, superresolved: Run, reporter: Any, output: str, kind: str
) -> None:
    create.run(CreateModel("cnn16", (2,), 3, output=str(tmp_path / "model")), reporter)
    with pytest.raises(BadModel, match=f"received {kind}"):
        image = make_raster(tmp_path / "image.tif", np.ones((20, 20, 2), "uint8"))
        superresolved(str(tmp_path / "model"), image, outputs=(output,) if output else ())


def test_pixels_as_large_are_said_and_larger_ones_refused(
    tmp_path: Path, make_raster: MakeRaster, superresolved: Run, reporter: Any
) -> None:
    """A model may take noise away and leave the pixels as they are."""
    image = make_raster(tmp_path / "image.tif", np.full((8, 8), 9, "uint8"))
    denoiser = save(tmp_path / "denoiser", {"x": 1}, lambda x: {"y": tf.nn.avg_pool2d(x, 3, 1, "SAME")})
    pixels, written = superresolved(denoiser, image)
    assert (pixels[1:-1, 1:-1] == 9).all() and written.shape == (8, 8) and "as large as those of the input" in reporter.texts
    coarser = save(tmp_path / "coarser", {"x": 1}, lambda x: {"y": tf.nn.avg_pool2d(x, 2, 2, "VALID")})
    with pytest.raises(BadModel, match="received 2 times as large"):
        superresolved(coarser, image)


@pytest.mark.parametrize(("spacing", "level"), [(20.0, None), (10.0, "info"), (5.0, "warning")])
def test_the_pixel_size_of_walds_protocol_is_no_fault(
    tmp_path: Path, make_raster: MakeRaster, superresolved: Run, reporter: Any, spacing: float, level: str | None
) -> None:
    """The network has learnt to make 10 m of 20 m, and is given 10 m: that is said; of any other pixels it is warned."""
    network = build("light", bands=1, factor=2, filters=2, blocks=1)
    promised = contract_of(network, "model", trained=True)
    write_folder(str(tmp_path / "model"), network, replace(promised, inputs=(replace(promised.inputs[0], spacing=20.0),)))
    superresolved(str(tmp_path / "model"), make_raster(tmp_path / "image.tif", np.ones((5, 5), "uint8"), spacing=spacing))
    assert [event["level"] for event in reporter.events if "map units wide" in str(event.get("text"))] == ([level] if level else [])


def test_cancel_is_quick_and_leaves_nothing(tmp_path: Path, make_raster: MakeRaster, interpolating: Make, make_reporter: Any) -> None:
    image = make_raster(tmp_path / "image.tif", np.ones((900, 900), "uint8"))
    out, stopped = tmp_path / "fine.tif", make_reporter()
    record, since = stopped._emit, []

    def stop_when_computing(event: dict[str, Any]) -> None:
        record(event)
        if "Computing" in str(event.get("text")):
            since.append(time.monotonic())
            stopped.cancelled.set()

    stopped._emit = stop_when_computing
    with pytest.raises(Cancelled):
        run_job(Superresolve((ServedSource((image,)),), interpolating(), block_size=64, output=str(out)), stopped)
    assert time.monotonic() - since[0] < 1.2 and [path.name for path in tmp_path.iterdir()] == ["image.tif"]
