"""Every algorithm of sampling chained to the next in one model of the designer, and label patches from the command line."""

from __future__ import annotations

import subprocess
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import fiona
import numpy as np
import pytest
import rasterio

from scripts.workspace import ROOT, SYSTEM_PYTHON

from .conftest import CLASSES, Landscape, Run, write_image

Process = Callable[..., Run]


@pytest.fixture
def labels(landscape: Landscape, tmp_path: Path) -> str:
    """The landscape's classes from 1 on; its first ten rows have no truth."""
    codes = (landscape.index + 1).astype("uint8")[:, :, np.newaxis]
    codes[:10] = 0
    return write_image(tmp_path / "labels.tif", codes, nodata=0)


def test_a_model_in_which_each_step_feeds_the_next(
    run_model: Callable[..., Run], landscape: Landscape, labels: str, tmp_path: Path
) -> None:
    model = tmp_path / "sampling.model3"
    made = subprocess.run(
        [SYSTEM_PYTHON, ROOT / "tests" / "workflows" / "sampling_model.py", model], capture_output=True, text=True, timeout=120
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    outputs = {
        "samples:Samples": tmp_path / "samples.gpkg",
        "classes:Patches": tmp_path / "patches.tif",
        "values:Pixels": tmp_path / "pixels.tif",
        "segmentation:Labels": tmp_path / "label_patches.tif",
    }
    run = run_model(model, IMAGE=landscape.image, TRUTH=landscape.truth, FIELD="cover", LABELS=labels, **outputs)
    assert run.status == 0, run.text
    with fiona.open(tmp_path / "samples.gpkg") as points:
        assert Counter(point.properties["cover"] for point in points) == dict.fromkeys(CLASSES, 4 * 14 * 14)  # as many as were counted
    with rasterio.open(tmp_path / "patches.tif") as patches:
        assert (patches.count, patches.width, patches.dtypes[0]) == (4, 8, "float32") and patches.height % 8 == 0
        assert abs(patches.read().mean()) < 1  # normalised
    with rasterio.open(tmp_path / "pixels.tif") as patches:
        assert patches.height <= 3 * 50 * 8
    with rasterio.open(tmp_path / "label_patches.tif") as truth:
        found = truth.read(1).reshape(-1, 8, 8)
    assert len(found) == 10 * 12 and set(np.unique(found)) == {1, 2, 3}  # 2 of 12 rows of patches reach into what has no truth


def test_label_patches_from_the_command_line(process: Process, landscape: Landscape, labels: str, tmp_path: Path) -> None:
    grid = process(
        "selectpatches", INPUT=landscape.image, PATCH_SIZE=8, STRATEGY="balanced", LABELS=labels, NUMBER_OF_CLASSES=4, SEED=3,
        OUTPUT=tmp_path / "training.gpkg", OUTPUT_VALIDATION=tmp_path / "validation.gpkg", OUTPUT_TEST=tmp_path / "test.gpkg",
    )  # fmt: skip
    assert grid.status == 0, grid.text
    assert min(grid.results[name] for name in ("PATCHES", "VALIDATION_PATCHES", "TEST_PATCHES")) > 0
    cut = process(
        "extractpatches", SOURCE1=landscape.image, PATCH_SIZE1_X=8, PATCH_SIZE1_Y=8, POINTS=grid.results["OUTPUT"], LABELS=labels,
        OUTPUT1=tmp_path / "patches.tif", OUTPUT_LABELS=tmp_path / "labels_out.tif", REJECTED=tmp_path / "rejected.gpkg",
        OUTPUT_RECORDS=tmp_path / "records", OUTPUT_HTML=tmp_path / "report.html",
    )  # fmt: skip
    assert cut.status == 0, cut.text
    assert cut.results["PATCHES"] + cut.results["REJECTED_COUNT"] == grid.results["PATCHES"]
    assert list((tmp_path / "records").glob("*.records")) and "data:image/png" in (tmp_path / "report.html").read_text()
    with fiona.open(tmp_path / "rejected.gpkg") as rejected:
        assert len(rejected) == cut.results["REJECTED_COUNT"]
