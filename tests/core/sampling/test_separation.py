"""No leak: training and validation samples are apart by the buffer, whatever is split as a whole."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import cKDTree

from core.errors import BadParameter, BadTruth
from core.jobs import Sampling, SelectSamples, SelectSamplesFromLabels
from core.raster.grid import Grid
from core.sampling import grouping, select, select_labels, separation
from core.sampling.grouping import ByFeature
from core.sampling.separation import Separation

TRANSFORMS = {
    "square": Affine(10, 0, 5e5, 0, -10, 5e6),
    "oblong": Affine(3, 0, 0, 0, -7, 0),
    "rotated": Affine(6, 8, 0, 8, -6, 0),
    "sheared": Affine(10, 4, 0, 0, -10, 0),
    "degrees": Affine(0.001, 0, 3, 0, -0.001, 50),
}
Found = tuple[list, list, dict[str, Any], str]


@settings(max_examples=60)
@given(
    st.sampled_from(list(TRANSFORMS)),
    st.integers(1, 40),
    st.integers(1, 40),
    st.floats(0.2, 12),
    st.integers(0, 2**32 - 1),
    st.sampled_from([1 << 22, 100, 7]),
)
def test_near_is_what_lies_within_the_distance(name: str, height: int, width: int, pixels: float, seed: int, cells: int) -> None:
    grid = Grid(height, width, TRANSFORMS[name], None)
    distance = pixels * abs(grid.transform.determinant) ** 0.5
    rng = np.random.default_rng(seed)
    marks = rng.integers(0, [height, width], (rng.integers(0, 5), 2))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(separation, "MOST_CELLS", cells)
        apart = Separation(grid, distance)
        apart.mark(marks[:, 0], marks[:, 1])
        apart.seal()
        rows, cols = (axis.ravel() for axis in np.mgrid[0:height, 0:width])
        near = apart.near(rows, cols)
    everywhere, marked = (np.column_stack(grid.transform @ (c + 0.5, r + 0.5)) for r, c in ((rows, cols), marks.T))
    true = cKDTree(marked).query(everywhere)[0] if len(marks) else np.full(len(rows), np.inf)
    margin = 1e-9 * distance
    assert near[true < distance - margin].all()
    exact = cells >= height * width and name != "sheared"
    if exact:
        assert not near[true > distance + margin].any()
    if not len(marks):
        assert not near.any()


@pytest.fixture
def sampled(
    tmp_path: Path, make_raster: Callable, make_layer: Callable, make_reporter: type, box: Callable, read_layer: Callable
) -> Callable:
    """Selects samples on 120 × 120 pixels from 36 polygons, or from the label image of the same; both sides' places, outputs, log."""
    fields = [(20 * i, 20 * j, 18, 17, "abc"[(i * 5 + j * j) % 3]) for i in range(6) for j in range(6)]
    labels = np.zeros((120, 120), "uint8")
    for row, col, height, width, name in fields:
        labels[row : row + height, col : col + width] = "abc".index(name) + 1
    image = make_raster(tmp_path / "labels.tif", labels, nodata=0)
    truth = make_layer(tmp_path / "truth.gpkg", [(box(*field[:4]), {"class": field[4]}) for field in fields], {"class": "str"})

    def run(kind: str, sampling: Sampling) -> Found:
        paths = {name: str(tmp_path / f"{name}.gpkg") for name in ("output", "output_validation")} | {"rates": str(tmp_path / "rates.csv")}
        reporter = make_reporter()
        if kind == "polygons":
            outputs = select.run(SelectSamples(image=image, truth=truth, field="class", sampling=sampling, **paths), reporter)
        else:
            outputs = select_labels.run(SelectSamplesFromLabels(labels=image, sampling=sampling, **paths), reporter)
        sides = [read_layer(paths[name]) for name in ("output", "output_validation")]
        return sides[0], sides[1], outputs, reporter.texts

    return run


def _apart(training: list, validation: list) -> float:
    """The least distance between the two, in map units."""
    first, second = ([position for position, _ in side] for side in (training, validation))
    return float(cKDTree(second).query(first)[0].min() * 10)


@pytest.mark.parametrize(("strategy", "cells"), [("all", 1 << 22), ("all", 900), ("smallest", 1 << 22)])
@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("polygons", {"spatial_buffer": 35.0}),
        ("polygons", {"spatial_buffer": 60.0, "spatial_block": 300.0}),
        ("labels", {"spatial_buffer": 45.0, "spatial_block": 200.0}),
    ],
)
def test_no_training_sample_is_nearer_than_the_buffer(
    sampled: Callable, monkeypatch: pytest.MonkeyPatch, kind: str, options: dict[str, float], cells: int, strategy: str
) -> None:
    monkeypatch.setattr(separation, "MOST_CELLS", cells)
    training, validation, outputs, log = sampled(kind, Sampling(strategy, validation_share=0.3, **options))
    assert (outputs["SAMPLES"], outputs["VALIDATION_SAMPLES"]) == (len(training), len(validation)) and training and validation
    assert _apart(training, validation) >= options["spatial_buffer"] - 1e-6
    assert outputs["KEPT_APART"] > 0 and "pixels in the buffer were left out" in log
    if strategy == "all" and cells > 900:
        assert _apart(training, validation) < options["spatial_buffer"] + 15  # and no more than that is lost


def test_without_a_buffer_neighbours_come_on_both_sides(sampled: Callable) -> None:
    training, validation, outputs, _ = sampled("labels", Sampling("all", validation_share=0.3, spatial_block=150.0))
    assert _apart(training, validation) == 10 and outputs["KEPT_APART"] == 0


def test_the_buffer_is_counted_before_samples_are_drawn(sampled: Callable, tmp_path: Path) -> None:
    """The counts are exact: what the buffer takes away is made good by other candidates."""
    training, validation, outputs, log = sampled(
        "labels", Sampling("constant", number=100, validation_share=0.3, spatial_block=200.0, spatial_buffer=30.0)
    )
    assert Counter(v["class"] for _, v in training) == {1: 70, 2: 70, 3: 70}
    assert Counter(v["class"] for _, v in validation) == {1: 30, 2: 30, 3: 30}
    assert "70 training + 30 validation (30.0%)" in log
    with open(tmp_path / "rates.csv", newline="") as file:
        rates = list(csv.DictReader(file))
    assert [(row["training"], row["validation"]) for row in rates] == [("70", "30")] * 3
    assert sum(int(row["kept_apart"]) for row in rates) == outputs["KEPT_APART"]


def test_a_buffer_that_leaves_nothing_to_train_on_is_said(sampled: Callable) -> None:
    training, validation, _, log = sampled("labels", Sampling("all", validation_share=0.5, spatial_block=200.0, spatial_buffer=5000.0))
    assert not training and validation and "Class 1 has no training samples" in log


@pytest.mark.parametrize("kind", ["polygons", "labels"])
@pytest.mark.parametrize("buffer", [0.0, 50.0])
def test_a_layer_of_areas_says_who_validates(
    sampled: Callable, make_layer: Callable, box: Callable, tmp_path: Path, kind: str, buffer: float
) -> None:
    areas = [(10, 10, 35, 50), (70, 30, 22.4, 30.6), (500, 500, 9, 9)]  # the last lies outside
    layer = make_layer(tmp_path / "areas.gpkg", [(box(*area), {"n": 0}) for area in areas] + [(None, {"n": 1})], {"n": "int"})
    training, validation, outputs, _ = sampled(kind, Sampling("all", validation_areas=layer, spatial_buffer=buffer))

    def inside(position: tuple[float, float]) -> bool:
        return any(row <= position[0] < row + height and col <= position[1] < col + width for row, col, height, width in areas)

    assert all(inside(position) for position, _ in validation) and not any(inside(position) for position, _ in training)
    assert len(validation) + len(training) + outputs["KEPT_APART"] == 36 * 18 * 17
    assert _apart(training, validation) >= max(buffer, 10) - 1e-6


@pytest.mark.parametrize(("share", "expected"), [(0.0, None), (0.4, 0.4)])
def test_areas_share_in_proportion_unless_a_share_is_given(
    sampled: Callable, make_layer: Callable, box: Callable, tmp_path: Path, share: float, expected: float | None
) -> None:
    layer = make_layer(tmp_path / "areas.gpkg", [(box(0, 0, 120, 60), {"n": 0})], {"n": "int"})
    sampling = Sampling("constant", number=200, validation_areas=layer, validation_share=share)
    everything = sampled("labels", Sampling("all", validation_areas=layer))
    training, validation, _, _ = sampled("labels", sampling)
    all_training, all_validation = (Counter(v["class"] for _, v in side) for side in everything[:2])
    for label in (1, 2, 3):
        natural = all_validation[label] / (all_validation[label] + all_training[label])
        wanted = round(200 * (natural if expected is None else expected))
        assert Counter(v["class"] for _, v in validation)[label] == wanted
        assert Counter(v["class"] for _, v in training)[label] == 200 - wanted


def test_the_share_of_every_class_is_kept_by_blocks(sampled: Callable) -> None:
    training, validation, _, _ = sampled("labels", Sampling("percent", percent=20.0, validation_share=0.25, spatial_block=100.0))
    for label, count in Counter(v["class"] for _, v in validation).items():
        total = count + Counter(v["class"] for _, v in training)[label]
        assert count / total == pytest.approx(0.25, abs=0.01)


def test_very_many_polygons_share_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that what is counted does not grow with the truth; each polygon still is on one side."""
    monkeypatch.setattr(grouping, "MOST", 10)

    class Batch:
        def __init__(self, fid: int) -> None:
            self.feature = type("Feature", (), {"fid": fid})()

    assert [ByFeature(10).of(Batch(fid)) for fid in range(5)] == list(range(5))  # type: ignore[arg-type]
    many = [ByFeature(11).of(Batch(fid)) for fid in range(20_000)]  # type: ignore[arg-type]
    assert len(set(many)) > 17_000 and max(many) < 1 << 16


def test_errors_say_what_is_wrong(sampled: Callable, make_layer: Callable, box: Callable, point: Callable, tmp_path: Path) -> None:
    far = make_layer(tmp_path / "far.gpkg", [(box(500, 500, 9, 9), {"n": 0}), (point(5, 5), {"n": 0})], {"n": "int"})
    cases = [
        (Sampling(validation_areas=far), BadTruth, "no area on the image"),
        (Sampling(validation_share=0.3, spatial_buffer=10.0), BadParameter, "areas that validate as a whole"),
    ]
    for sampling, kind, words in cases:
        with pytest.raises(kind, match=words):
            sampled("labels", sampling)
    assert sampled("labels", Sampling("all", spatial_buffer=10.0))[2]["KEPT_APART"] == 0  # nothing is split: nothing to keep apart
