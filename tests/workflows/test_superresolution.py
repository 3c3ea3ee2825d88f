"""Super-resolution end to end, as a user's script does it: the demo scene, patches, a network, the finer image, and how good it is."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine

from .conftest import Run

Process = Callable[..., Run]
Results = dict[str, dict[str, Any]]
SIDE, PATCH = 64, 32


@pytest.fixture(scope="module")
def scene(process: Process, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    run = process("createdemoscene", SIZE=SIDE, DATES=1, OUTPUT=tmp_path_factory.mktemp("scene"))
    assert run.status == 0, run.text
    return run.results


@pytest.fixture(scope="module")
def chain(process: Process, scene: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Results:
    """All steps, each fed with what the one before gave; the results by step. The network learns from the panchromatic image, 2.5 m, and
    is applied to a coarser one that is made of it, so that the truth is known."""
    folder = tmp_path_factory.mktemp("chain")
    done: Results = {}

    def step(key: str, algorithm: str, **parameters: Any) -> dict[str, Any]:
        run = process(algorithm, **parameters)
        assert run.status == 0, run.text
        done[key] = run.results
        return run.results

    image = scene["PAN"]
    outputs = {"OUTPUT": folder / "training.gpkg", "OUTPUT_VALIDATION": folder / "validation.gpkg"}
    points = step("points", "selectpatches", INPUT=image, PATCH_SIZE=PATCH, STRATEGY="chessboard", **outputs)
    for key, output in (("training", "OUTPUT"), ("validation", "OUTPUT_VALIDATION")):
        sizes = {"PATCH_SIZE1_X": PATCH, "PATCH_SIZE1_Y": PATCH}
        step(key, "extractpatches", SOURCE1=image, POINTS=points[output], OUTPUT1=folder / f"{key}.tif", **sizes)
    model = step(
        "trained",
        "trainsuperresolution",
        HR=done["training"]["OUTPUT1"],
        HR_VALIDATION=done["validation"]["OUTPUT1"],
        FACTOR=2,
        EPOCHS=3,
        FILTERS=8,
        BLOCKS=2,
        LEARNING_RATE=0.003,
        AVERAGE=0.9,
        OUTPUT=folder / "model",
    )["OUTPUT"]
    coarse = halved(image, folder / "coarse.tif")
    made = step("made", "superresolve", INPUT=coarse, MODEL=model, OUTPUT=folder / "fine.tif")["OUTPUT"]
    step("judged", "comparequality", INPUT=made, REFERENCE=image, RATIO=2, BORDER=4, OUTPUT_HTML=folder / "quality.html")
    return done


def halved(path: str, coarse: Path) -> str:
    """Means of 2 × 2 pixels; without data where one of them has none."""
    with rasterio.open(path) as image:
        pixels = image.read(1).reshape(image.height // 2, 2, image.width // 2, 2)
        means = np.where((pixels == image.nodata).any(axis=(1, 3)), image.nodata, np.rint(pixels.mean(axis=(1, 3))))
        profile = {**image.profile, "height": means.shape[0], "width": means.shape[1], "transform": image.transform @ Affine.scale(2)}
        with rasterio.open(coarse, "w", **profile) as written:
            written.write(means.astype(image.dtypes[0]), 1)
            written.set_band_description(1, "pan")
    return str(coarse)


def test_patches_are_shared_out(chain: Results) -> None:
    for key, points in (("training", "PATCHES"), ("validation", "VALIDATION_PATCHES")):
        assert 0 < chain[key]["PATCHES"] == chain["points"][points]
        with rasterio.open(chain[key]["OUTPUT1"]) as patches:
            assert (patches.height, patches.width) == (PATCH * chain[key]["PATCHES"], PATCH)


def test_it_beats_bicubic_interpolation(chain: Results) -> None:
    trained = chain["trained"]
    assert trained["PSNR"] > trained["BICUBIC_PSNR"] > 20
    assert 0 < trained["SSIM"] <= 1 and trained["BEST_EPOCH"] >= 1


def test_the_finer_image_lies_on_the_truth(chain: Results, scene: dict[str, Any]) -> None:
    with rasterio.open(chain["made"]["OUTPUT"]) as made, rasterio.open(scene["PAN"]) as truth:
        assert (made.crs, made.shape, made.dtypes, made.nodata) == (truth.crs, truth.shape, truth.dtypes, truth.nodata)
        np.testing.assert_allclose(made.transform, truth.transform, atol=1e-9, rtol=0)
        assert made.descriptions == ("pan",)


def test_it_is_judged(chain: Results) -> None:
    judged = chain["judged"]
    assert judged["PSNR"] > 20 and judged["SSIM"] > 0.8
    assert "PSNR" in Path(judged["OUTPUT_HTML"]).read_text()


def test_the_shipped_workflow_makes_an_image_finer(process: Process, scene: dict[str, Any], tmp_path: Path) -> None:
    """The shares are left out: their defaults have to reach the step."""
    names = {
        "superresolve:FinerImage": tmp_path / "fine.tif",
        "trainsuperresolution:Model": tmp_path / "model",
        "trainsuperresolution:Report": tmp_path / "report.html",
    }
    run = process("superresolution", names=names, IMAGE=scene["PAN"], FACTOR="4", EPOCHS=1)
    assert run.status == 0, run.text
    assert (tmp_path / "model" / "saved_model.pb").is_file()
    with rasterio.open(run.results["superresolve:FinerImage"]) as made, rasterio.open(scene["PAN"]) as image:
        assert (made.height, made.width, made.dtypes) == (4 * image.height, 4 * image.width, image.dtypes)
        assert made.bounds == image.bounds
    assert re.search(r"Epoch 1/1: .*PSNR", run.text)
