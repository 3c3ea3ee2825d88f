"""Class statistics and normalisation from the command line, chained: counts feed a selection, statistics of one image scale another."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import rasterio

from .conftest import CLASSES, Landscape, Run, write_image


def test_counts_and_numbers_go_from_step_to_step(process: Callable[..., Run], landscape: Landscape, tmp_path: Path) -> None:
    truth = {"INPUT": landscape.image, "TRUTH": landscape.truth, "FIELD": "cover"}
    page = tmp_path / "classes.html"
    counted = process("classstatistics", **truth, OUTPUT=tmp_path / "classes.csv", OUTPUT_HTML=page)
    assert counted.status == 0, counted.text
    assert (counted.results["CLASSES"], counted.results["PIXELS"], counted.results["LEFT_OUT"]) == (3, 12 * 14 * 14, 0)
    assert all(name in page.read_text() for name in CLASSES)
    with open(counted.results["OUTPUT"], newline="") as file:
        assert {row["class"]: int(row["pixels"]) for row in csv.DictReader(file)} == dict.fromkeys(CLASSES, 4 * 14 * 14)
    samples = tmp_path / "samples.gpkg"
    selected = process("selectsamples", **truth, STRATEGY="byclass", BYCLASS=counted.results["OUTPUT"], OUTPUT=samples)
    assert selected.status == 0 and selected.results["SAMPLES"] == 12 * 14 * 14, selected.text

    kept = tmp_path / "numbers.json"
    first = process("normalize", INPUT=landscape.image, METHOD="minmax", OUTPUT=tmp_path / "first.tif", OUTPUT_STATISTICS=kept)
    assert first.status == 0 and first.results["BANDS"] == 4, first.text
    with rasterio.open(landscape.image) as image:
        pixels = np.moveaxis(image.read(), 0, 2)
    darker = write_image(tmp_path / "darker.tif", pixels // 2)
    second = process("normalize", INPUT=darker, METHOD="minmax", STATISTICS=kept, CLIP=False, OUTPUT=tmp_path / "second.tif")
    assert second.status == 0, second.text
    low, high = pixels.min(axis=(0, 1)).astype(float), pixels.max(axis=(0, 1)).astype(float)
    for result, values in ((first, pixels), (second, pixels // 2)):
        with rasterio.open(result.results["OUTPUT"]) as image:
            assert np.allclose(np.moveaxis(image.read(), 0, 2), (values - low) / (high - low), atol=1e-5)
