"""The shipped comparison of three classifiers, as a user runs it, with classes named by text."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio

from .conftest import CLASSES, Landscape, Run
from .test_chain import check_map

MAPS = {
    "CNN": "servemodel:MapCNN",
    "forest on pixels": "map_pixels:MapPixels",
    "forest on deep features": "map_deepfeatures:MapDeepFeatures",
}
REPORT, FIGURES = "assessaccuracy:Report", "assessaccuracy:Figures"


@pytest.fixture(scope="module")
def compared(process: Callable[..., Run], landscape: Landscape, tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("comparison")
    outputs = {output: folder / f"{name}.tif" for name, output in MAPS.items()}
    files = {**outputs, REPORT: folder / "report.html", FIGURES: folder / "figures.csv"}
    inputs = {"IMAGE": landscape.image, "TRUTH": landscape.truth, "FIELD": "cover"}
    run = process("compareclassifiers", names=files, **inputs, NUMBER=100, EPOCHS=6, TREES=20)
    assert run.status == 0, run.text
    return run


@pytest.mark.parametrize("output", MAPS.values())
def test_each_map_is_right_and_knows_its_classes_by_name(compared: Run, landscape: Landscape, output: str) -> None:
    check_map(compared.results[output], landscape)


def test_the_report_names_all_maps_and_all_classes(compared: Run) -> None:
    page = Path(compared.results[REPORT]).read_text()
    assert "Comparison of 3 maps" in page
    assert all(f"<td>{name}</td>" in page and f"Confusion matrix: {name}" in page for name in MAPS)
    assert all(name in page for name in CLASSES)


def test_the_figures_are_those_of_the_maps_on_the_same_samples(compared: Run) -> None:
    with open(compared.results[FIGURES], newline="") as file:
        rows = {(row["map"], row["class"]): row for row in csv.DictReader(file)}
    assert set(rows) == {(name, one) for name in MAPS for one in (*CLASSES, "all classes")}
    for one in CLASSES:
        assert len({rows[name, one]["reference_samples"] for name in MAPS}) == 1
    for name, output in MAPS.items():
        with rasterio.open(compared.results[output]) as land_cover:
            codes = land_cover.read(1)
        pixels = [int(rows[name, one]["map_pixels"]) for one in CLASSES]
        assert pixels == [np.count_nonzero(codes == int(rows[name, one]["code"])) for one in CLASSES]
        assert float(rows[name, "all classes"]["users_accuracy"]) > 0.9
