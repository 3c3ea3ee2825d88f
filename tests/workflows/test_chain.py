"""The main job end to end, as a user's script does it: from an image and polygons to a map, step by step and as the shipped workflow."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fiona
import numpy as np
import pytest
import rasterio

from .conftest import CLASSES, Landscape, Run

Process = Callable[..., Run]
Results = dict[str, dict[str, Any]]
IDS = (
    "classstatistics",
    "normalize",
    "selectsamples",
    "selectsamplesfromlabels",
    "selectpatches",
    "extractpatches",
    "createmodel",
    "inspectmodel",
    "trainmodel",
    "servemodel",
    "trainclassifier",
    "classifyimage",
    "assessaccuracy",
    "trainsuperresolution",
    "superresolve",
    "comparequality",
    "createdemoscene",
    "checkengine",
    "landcovermap",
    "compareclassifiers",
    "superresolution",
)


@pytest.fixture(scope="module")
def chain(process: Process, landscape: Landscape, tmp_path_factory: pytest.TempPathFactory) -> Results:
    """All steps, each fed with what the one before gave; the results by step."""
    folder = tmp_path_factory.mktemp("chain")
    done: Results = {}

    def step(key: str, algorithm: str, **parameters: Any) -> dict[str, Any]:
        run = process(algorithm, **parameters)
        assert run.status == 0, run.text
        done[key] = run.results
        return run.results

    samples = step(
        "samples",
        "selectsamples",
        INPUT=landscape.image,
        TRUTH=landscape.truth,
        FIELD="cover",
        STRATEGY="constant",
        NUMBER=120,
        VALIDATION_SHARE=0.25,
        OUTPUT=folder / "samples.gpkg",
        OUTPUT_VALIDATION=folder / "validation.gpkg",
        RATES=folder / "rates.csv",
    )
    for key, points in (("training", samples["OUTPUT"]), ("validation", samples["OUTPUT_VALIDATION"])):
        step(
            key,
            "extractpatches",
            SOURCE1=landscape.image,
            POINTS=points,
            FIELD="cover",
            OUTPUT1=folder / f"{key}.tif",
            OUTPUT_LABELS=folder / f"{key}_labels.tif",
            REJECTED=folder / f"{key}_rejected.gpkg",
        )
    training, validation = done["training"], done["validation"]
    created = step("created", "createmodel", BANDS=training["BANDS"], CLASSES=training["CLASSES"], OUTPUT=folder / "untrained")
    trained = step(
        "trained",
        "trainmodel",
        MODEL=created["OUTPUT"],
        SOURCE1=training["OUTPUT1"],
        LABELS=training["OUTPUT_LABELS"],
        SOURCE1_VALIDATION=validation["OUTPUT1"],
        LABELS_VALIDATION=validation["OUTPUT_LABELS"],
        EPOCHS=6,
        OUTPUT=folder / "trained",
        OUTPUT_HTML=folder / "report.html",
    )
    step("inspected", "inspectmodel", MODEL=trained["OUTPUT"], OUTPUT=folder / "model.json", OUTPUT_HTML=folder / "model.html")
    step(
        "served",
        "servemodel",
        SOURCE1=landscape.image,
        MODEL=trained["OUTPUT"],
        OUTPUT=folder / "map.tif",
        PROBABILITIES=folder / "probabilities.tif",
    )
    return done


def test_all_ids_are_there(ask: Callable[..., str]) -> None:
    listed = ask("list")
    assert [name for name in IDS if f"tensorscape:{name}" not in listed] == []


def test_samples_are_as_many_as_asked_and_no_polygon_is_on_both_sides(chain: Results) -> None:
    samples = chain["samples"]
    assert samples["CLASSES"] == 3
    assert samples["SAMPLES"] + samples["VALIDATION_SAMPLES"] == 360
    polygons = []
    for path, count in ((samples["OUTPUT"], samples["SAMPLES"]), (samples["OUTPUT_VALIDATION"], samples["VALIDATION_SAMPLES"])):
        with fiona.open(path) as points:
            records = [record.properties for record in points]
        assert len(records) == count
        assert {record["cover"] for record in records} == set(CLASSES)
        polygons.append({record["originfid"] for record in records})
    assert polygons[0] and polygons[1] and not polygons[0] & polygons[1]


def test_patches_and_rejections_add_up(chain: Results) -> None:
    for key, count in (("training", chain["samples"]["SAMPLES"]), ("validation", chain["samples"]["VALIDATION_SAMPLES"])):
        results = chain[key]
        assert results["PATCHES"] + results["REJECTED_COUNT"] == count
        assert (results["BANDS"], results["CLASSES"]) == (4, 3)
        with rasterio.open(results["OUTPUT1"]) as patches:
            assert (patches.height, patches.width) == (16 * results["PATCHES"], 16)
        with fiona.open(results["REJECTED"]) as rejected:
            assert len(rejected) == results["REJECTED_COUNT"]
            assert "reason" in rejected.schema["properties"]


def test_training_learns_these_classes(chain: Results) -> None:
    trained = chain["trained"]
    assert trained["OVERALL_ACCURACY"] > 0.9 and trained["KAPPA"] > 0.85 and trained["F1"] > 0.9
    assert 1 <= trained["BEST_EPOCH"] <= 6
    report = Path(trained["OUTPUT_HTML"]).read_text()
    assert all(name in report for name in CLASSES)


def test_the_model_tells_its_classes_and_its_patch(chain: Results) -> None:
    description = json.loads(Path(chain["inspected"]["OUTPUT"]).read_text())
    assert description["inputs"][0]["receptive_field"] == [16, 16]
    assert {c["name"] for c in description["outputs"][0]["classes"]} == set(CLASSES)
    assert all(name in Path(chain["inspected"]["OUTPUT_HTML"]).read_text() for name in CLASSES)


def check_map(path: str, landscape: Landscape) -> None:
    """On the image's grid, styled, and right: its classes are found by name, whatever their codes."""
    style = Path(path).with_suffix(".qml").read_text()
    names = {int(code): name for code, name in re.findall(r'<paletteEntry value="(\d+)" label="([^"]*)"', style)}
    assert set(names.values()) == set(CLASSES)
    with rasterio.open(landscape.image) as image, rasterio.open(path) as land_cover:
        assert (land_cover.crs, land_cover.transform, land_cover.shape) == (image.crs, image.transform, image.shape)
        assert land_cover.nodata is not None and land_cover.nodata not in names
        assert all(land_cover.colormap(1)[code][:3] != (0, 0, 0) for code in names)
        codes = land_cover.read(1)
    by_name = np.array([next(code for code, name in names.items() if name == wanted) for wanted in CLASSES])
    inner = np.abs(np.arange(96) % 32 - 15.5) < 8  # away from the borders between the strips
    assert (codes == by_name[landscape.index])[:, inner].mean() > 0.95


def test_the_map_is_in_place_styled_and_right(chain: Results, landscape: Landscape) -> None:
    served = chain["served"]
    assert (served["WIDTH"], served["HEIGHT"]) == (96, 96)
    check_map(served["OUTPUT"], landscape)


def test_probabilities_have_a_named_band_for_each_class(chain: Results) -> None:
    with rasterio.open(chain["served"]["PROBABILITIES"]) as probabilities:
        assert set(probabilities.descriptions) == set(CLASSES)
        assert np.allclose(probabilities.read().sum(axis=0), 1.0, atol=1e-4)


def test_an_extent_in_degrees_gives_that_part(process: Process, chain: Results, landscape: Landscape, tmp_path: Path) -> None:
    part = process(
        "servemodel",
        SOURCE1=landscape.image,
        MODEL=chain["trained"]["OUTPUT"],
        OUTPUT=tmp_path / "part.tif",
        EXTENT="400200,400500,4799600,4799900 [EPSG:32631]",
    )
    assert part.status == 0, part.text
    with rasterio.open(part.results["OUTPUT"]) as small, rasterio.open(chain["served"]["OUTPUT"]) as whole:
        assert tuple(small.bounds) == (400200, 4799600, 400500, 4799900)
        assert np.array_equal(small.read(1), whole.read(1)[10:40, 20:50])


def test_the_shipped_workflow_makes_the_same_kind_of_map(process: Process, landscape: Landscape, tmp_path: Path) -> None:
    """VALIDATION_SHARE is left out: its default has to reach the step."""
    outputs = {
        "servemodel:Map": tmp_path / "map.tif",
        "trainmodel:Model": tmp_path / "model",
        "trainmodel:Report": tmp_path / "report.html",
    }
    run = process(
        "landcovermap",
        names=outputs,
        IMAGE=landscape.image,
        TRUTH=landscape.truth,
        FIELD="cover",
        NUMBER=100,
        EPOCHS=6,
    )
    assert run.status == 0, run.text
    check_map(run.results["servemodel:Map"], landscape)
    assert (tmp_path / "report.html").is_file() and (tmp_path / "model" / "saved_model.pb").is_file()
