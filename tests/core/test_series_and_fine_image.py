"""From the demo scene to a map with M3Fusion: a time series beside a panchromatic image, through every job, as a shell would run them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio

from core import jobs
from core.demoscene import create as demoscene
from core.inference import serve
from core.model import create
from core.model.gallery import m3fusion
from core.sampling import extract, select
from core.training import train

DATES, SIZE = 2, 96


def test_a_map_from_a_series_and_a_finer_image(tmp_path: Path, reporter: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(m3fusion, "UNITS", 16)
    monkeypatch.setattr(m3fusion, "FILTERS", 8)
    scene = demoscene.run(jobs.CreateDemoScene(str(tmp_path), size=SIZE, dates=DATES, seed=1), reporter)
    series, fine = tuple(scene[f"SERIES{number + 1}"] for number in range(DATES)), (scene["PAN"],)
    points, labels, model, trained = (str(tmp_path / name) for name in ("points.gpkg", "labels.tif", "model", "trained"))
    sampling = jobs.Sampling("constant", number=12)
    select.run(jobs.SelectSamples(series[0], scene["TRUTH"], field="class", sampling=sampling, output=points), reporter)
    patches = tuple(str(tmp_path / f"patches{number}.tif") for number in (1, 2))
    sources = jobs.PatchSource(series, 1, 1, output=patches[0]), jobs.PatchSource(fine, 25, 25, output=patches[1])
    cut = extract.run(jobs.ExtractPatches(sources, points, field="class", padding=True, output_labels=labels), reporter)
    bands = (cut["BANDS1"], cut["BANDS2"])
    assert bands == (4 * DATES, 1)
    create.run(jobs.CreateModel("m3fusion", bands, cut["CLASSES"], dates=DATES, output=model), reporter)
    train.run(jobs.TrainModel(model, jobs.PatchSet(patches, (labels,)), fitting=jobs.Fitting(epochs=1), output=trained), reporter)
    products = (jobs.Product(str(tmp_path / "map.tif")),)
    serve.run(jobs.ServeModel((jobs.ServedSource(series), jobs.ServedSource(fine)), trained, products=products), reporter)
    with rasterio.open(tmp_path / "map.tif") as found, rasterio.open(series[0]) as reference:
        assert (found.transform, found.shape, found.crs) == (reference.transform, reference.shape, reference.crs)
        classes = set(np.unique(found.read(1))) - {0}
    assert classes and classes <= set(range(1, 256))
    assert "Dense evaluation: the same as the patches" in reporter.texts
