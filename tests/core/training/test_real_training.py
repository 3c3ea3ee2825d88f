"""Sampling, training and serving on real truth, end to end as a user does them; skipped without the sample data.

The thresholds lie well below what these settings reach; what a longer training reaches is not the business of a test.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import fiona
import numpy as np
import pytest
import rasterio
from rasterio.features import rasterize

from core import jobs
from core.inference import serve
from core.model import contract, create
from core.sampling import extract, select, select_patches
from core.training import train

Data = Callable[[str], Path]
NONE = 255  # in a label image: no truth


def extracted(image: str, points: str, side: int, out: Path, reporter: Any, **truth: Any) -> jobs.PatchSet:
    patches, labels = f"{out}_patches.tif", f"{out}_labels.tif"
    source = jobs.PatchSource((image,), side, side, output=patches)
    extract.run(jobs.ExtractPatches((source,), points, output_labels=labels, **truth), reporter)
    return jobs.PatchSet((patches,), (labels,))


def mapped(model: str, image: str, path: Path, reporter: Any, extent: tuple[float, float, float, float] | None = None) -> np.ndarray:
    """The name of each pixel's class."""
    serve.run(jobs.ServeModel((jobs.ServedSource((image,)),), model, products=(jobs.Product(str(path)),), extent=extent), reporter)
    told = contract.read(model)
    assert told is not None
    names = {c.code: c.name for c in told.classes}
    with rasterio.open(path) as answers:
        return np.vectorize(names.get)(answers.read(1))


def burnt(path: Path, layer: str, grid: Any, **wanted: str) -> np.ndarray:
    """Which pixels the features of these properties cover."""
    with fiona.open(path, layer=layer) as features:
        chosen = [f.geometry for f in features if f.geometry and all(f.properties[name] == value for name, value in wanted.items())]
    return rasterize(chosen, grid.shape, transform=grid.transform).astype(bool)


@pytest.mark.parametrize(("architecture", "side"), [("cnn1d", 1), ("cnn16", 16)])
def test_land_cover_is_learnt_from_polygons_and_found_in_others(
    architecture: str, side: int, sample_data: Data, tmp_path: Path, reporter: Any
) -> None:
    """Landsat in Brazil: half of the polygons of each class train; the map must be right in the others."""
    folder = sample_data("landsat5_brazil_rstoolbox")
    image, truth = str(folder / "lsat.tif"), str(folder / "trainingPolygons_lsat.gpkg")
    training, others = str(tmp_path / "t.gpkg"), str(tmp_path / "v.gpkg")
    sampling = jobs.Sampling("all", validation_share=0.5)
    select.run(jobs.SelectSamples(image, truth, field="class", sampling=sampling, output=training, output_validation=others), reporter)
    patches = extracted(image, training, side, tmp_path / "t", reporter, field="class")
    create.run(jobs.CreateModel(architecture, (7,), classes=4, output=str(tmp_path / "new")), reporter)
    fitting, augmentation = jobs.Fitting(epochs=8), jobs.PatchAugmentation(poses=side > 1)
    job = jobs.TrainModel(str(tmp_path / "new"), patches, fitting=fitting, augmentation=augmentation, output=str(tmp_path / "trained"))
    train.run(job, reporter)
    names = mapped(job.output, image, tmp_path / "map.tif", reporter)
    with fiona.open(others) as points, rasterio.open(image) as grid:
        right = [names[grid.index(*p.geometry["coordinates"])] == p.properties["class"] for p in points]
    assert len(right) > 1000 and np.mean(right) > 0.96


def test_fields_are_outlined_in_squares_that_were_never_seen(sample_data: Data, tmp_path: Path, reporter: Any) -> None:
    """Sentinel-2 in Flanders: a label image known in squares only, of which two are kept apart."""
    folder = sample_data("s2_flanders_fields")
    image = str(next(folder.glob("*.tif")))
    squares, fields = (next(folder.glob(f"*{name}.gpkg")) for name in ("locations", "polygons"))
    with rasterio.open(image) as grid:
        field = burnt(fields, "polygons", grid)
        known, apart = (burnt(squares, "locations", grid, traindata_type=kind) for kind in ("train", "validation"))
        with rasterio.open(tmp_path / "labels.tif", "w", **grid.profile | {"count": 1, "nodata": NONE}) as labels:
            labels.write(np.where(known, field, NONE).astype("uint8"), 1)
    points = str(tmp_path / "points.gpkg")
    select_patches.run(jobs.SelectPatches(image, patch_size=32, step=16, strategy="all", output=points), reporter)
    patches = extracted(image, points, 32, tmp_path / "t", reporter, labels=jobs.LabelImage(str(tmp_path / "labels.tif")))
    create.run(jobs.CreateModel("unet", (3,), classes=2, output=str(tmp_path / "new")), reporter)
    fitting, augmentation = jobs.Fitting(epochs=12, batch_size=8), jobs.PatchAugmentation(poses=True)
    job = jobs.TrainModel(str(tmp_path / "new"), patches, fitting=fitting, augmentation=augmentation, output=str(tmp_path / "trained"))
    train.run(job, reporter)
    rows, cols = (slice(places.min() // 8 * 8, places.max() + 1) for places in np.nonzero(apart))
    with rasterio.open(image) as grid:
        (left, top), (right, bottom) = grid.transform @ (cols.start, rows.start), grid.transform @ (cols.stop, rows.stop)
    answers = mapped(job.output, image, tmp_path / "map.tif", reporter, (left, bottom, right, top))
    shape = (rows.stop - rows.start, cols.stop - cols.start)
    found, is_field = (answers == "1")[: shape[0], : shape[1]][apart[rows, cols]], field[apart]
    assert (found == is_field).mean() > 0.78 > 1 - is_field.mean()
    assert (found & is_field).sum() / (found | is_field).sum() > 0.4 > is_field.mean()  # the IoU of "all is field" is its share
