from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st

from core.classes import make_classes
from core.errors import BadTruth, Cancelled
from core.jobs import Sampling, SelectSamplesFromLabels
from core.raster.style import write_category_names
from core.sampling import candidates, label_truth, select_labels


def _job(tmp_path: Path, labels: str, sampling: Sampling, **changes: Any) -> SelectSamplesFromLabels:
    validation = str(tmp_path / "validation.gpkg") if sampling.validation_share else ""
    return SelectSamplesFromLabels(
        labels=labels, sampling=sampling, output=str(tmp_path / "out.gpkg"), output_validation=validation, **changes
    )


def _places(found: list) -> np.ndarray:
    return np.floor([position for position, _ in found]).astype(int)


@pytest.mark.parametrize("dtype", ["uint8", "int16", "int32", "float32"])
def test_values_are_written_as_they_are_from_the_whole_image(
    tmp_path: Path, make_raster: Callable, make_reporter: type, read_layer: Callable, dtype: str
) -> None:
    """OTB writes class − min(class), fails at an empty value between classes, and takes only the top of the image."""
    values = np.random.default_rng(0).choice([3, 7, 100], (61, 47), p=[0.2, 0.3, 0.5]).astype(dtype)
    job = _job(tmp_path, make_raster(tmp_path / "l.tif", values), Sampling("constant", number=400))
    outputs = select_labels.run(job, make_reporter())
    found = read_layer(job.output)
    assert Counter(v["class"] for _, v in found) == {3: 400, 7: 400, 100: 400} and outputs["CLASSES"] == 3
    places = _places(found)
    assert [values[row, col] for row, col in places] == [v["class"] for _, v in found]
    assert len({tuple(place) for place in places}) == 1200
    assert (places[:, 0] > 45).mean() == pytest.approx(0.25, abs=0.05)


def test_negative_and_huge_values(tmp_path: Path, make_raster: Callable, make_reporter: type, read_layer: Callable) -> None:
    values = np.repeat([[-70000, 2_000_000_000]], 8, axis=0).astype("int32")
    job = _job(tmp_path, make_raster(tmp_path / "l.tif", values), Sampling("all"))
    select_labels.run(job, make_reporter())
    assert Counter(v["class"] for _, v in read_layer(job.output)) == {-70000: 8, 2_000_000_000: 8}


@pytest.mark.parametrize("given_nodata", [None, 9.0])
def test_no_data_and_border_are_left_out(
    tmp_path: Path, make_raster: Callable, make_reporter: type, read_layer: Callable, given_nodata: float | None
) -> None:
    values = np.random.default_rng(1).integers(0, 10, (30, 40)).astype("uint8")
    job = _job(tmp_path, make_raster(tmp_path / "l.tif", values, nodata=0), Sampling("all"), nodata=given_nodata, padding=3)
    select_labels.run(job, make_reporter())
    found = read_layer(job.output)
    inner = values[3:-3, 3:-3]
    missing = 0 if given_nodata is None else 9
    assert Counter(v["class"] for _, v in found) == {int(v): int((inner == v).sum()) for v in np.unique(inner) if v != missing}
    places = _places(found)
    assert (places.min(axis=0) >= 3).all() and places[:, 0].max() <= 26 and places[:, 1].max() <= 36


@pytest.mark.parametrize(("share", "block"), [(0.0, 0.0), (0.3, 0.0), (0.3, 70.0)])
@pytest.mark.parametrize("sampler", ["random", "periodic"])
def test_strips_do_not_change_the_samples(
    tmp_path: Path, make_raster: Callable, make_reporter: type, read_layer: Callable, monkeypatch: pytest.MonkeyPatch,
    share: float, block: float, sampler: str,
) -> None:  # fmt: skip
    values = np.random.default_rng(2).integers(1, 4, (50, 33)).astype("uint8")
    path = make_raster(tmp_path / "l.tif", values)
    results = []
    for strip in (1 << 20, 100, 1):
        monkeypatch.setattr(label_truth.LabelTruth.__init__, "__defaults__", (strip,))
        job = _job(tmp_path, path, Sampling("constant", number=100, sampler=sampler, validation_share=share, spatial_block=block))
        outputs = select_labels.run(job, make_reporter())
        results.append([sorted(p for p, _ in read_layer(name)) for name in (job.output, job.output_validation) if name])
        assert outputs["SAMPLES"] + outputs["VALIDATION_SAMPLES"] == 300
        if share:
            assert outputs["VALIDATION_SAMPLES"] == 90
            assert not set(results[-1][0]) & set(results[-1][1])
    assert results[0] == results[1] == results[2]


def test_class_names_of_the_raster_come_along(tmp_path: Path, make_raster: Callable, make_reporter: type, read_layer: Callable) -> None:
    path = make_raster(tmp_path / "l.tif", np.array([[1, 2, 3]] * 4, "uint8"))
    write_category_names(path, make_classes([(1, "water"), (3, "town & <road>")]))
    job = _job(tmp_path, path, Sampling("all"))
    select_labels.run(job, make_reporter())
    assert {(v["class"], v["name"]) for _, v in read_layer(job.output)} == {(1, "water"), (2, None), (3, "town & <road>")}


def test_clear_errors(tmp_path: Path, make_raster: Callable, make_reporter: type) -> None:
    cases = [
        (np.full((9, 9), 1.5, "float32"), {}, "whole numbers, received 1.5"),
        (np.zeros((9, 9), "uint8"), {"nodata": 0.0}, "no pixel with a label"),
        (np.full((9, 9), np.nan, "float32"), {}, "no pixel with a label"),
        (np.ones((9, 9), "uint8"), {"padding": 5}, "border under half of 9 × 9"),
    ]
    for number, (values, changes, words) in enumerate(cases):
        job = _job(tmp_path, make_raster(tmp_path / f"{number}.tif", values), Sampling(), **changes)
        with pytest.raises(BadTruth, match=words):
            select_labels.run(job, make_reporter())


@given(st.lists(st.integers(-3, 3), max_size=60), st.integers(0, 2**16))
def test_sorting_by_value_loses_nothing(values: list[int], seed: int) -> None:
    array = np.array(values, "int16")
    valid = np.random.default_rng(seed).random(len(values)) < 0.7
    found = dict(label_truth._by_value(array, valid))
    assert {value: pixels.tolist() for value, pixels in found.items()} == {
        int(value): np.flatnonzero((array == value) & valid).tolist() for value in np.unique(array[valid])
    }


def test_a_label_image_of_ten_thousand_million_pixels_is_read_in_strips(
    tmp_path: Path, make_reporter: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sparse, 100 000 × 100 000: what is held at once is a strip, not the image. (Cancelled, as reading all of it takes a minute.)"""
    path = str(tmp_path / "sparse.tif")
    profile = {"driver": "GTiff", "height": 100_000, "width": 100_000, "count": 1, "dtype": "uint8", "tiled": True, "sparse_ok": True}
    with rasterio.open(path, "w", **profile, transform=Affine(10, 0, 5e5, 0, -10, 5e6)):
        pass
    sizes: list[int] = []
    plain = label_truth.whole_numbers
    monkeypatch.setattr(label_truth, "whole_numbers", lambda values, valid: sizes.append(values.size) or plain(values, valid))
    reporter = make_reporter(cancel_after=6)
    with pytest.raises(Cancelled):
        select_labels.run(_job(tmp_path, path, Sampling("constant", number=10)), reporter)
    assert len(sizes) > 10 and max(sizes) <= candidates.MOST_PIXELS
    assert not list(tmp_path.glob("*.gpkg"))
