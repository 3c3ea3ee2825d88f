from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import fiona
import numpy as np
import pytest
import rasterio
from hypothesis import given
from hypothesis import strategies as st

from core.errors import BadParameter, BadTruth, Cancelled, GridMismatch
from core.jobs import ExtractPatches, PatchSource, SelectPatches
from core.sampling import extract, patch_grid, patch_survey, select_patches
from core.sampling.patch_sides import side_counts
from core.worker import run_job

SIDES = ("output", "output_validation", "output_test")
Places = list[tuple[int, int]]


@pytest.fixture
def select(tmp_path: Path, make_reporter: type, read_layer: Callable) -> Callable[..., tuple[list[Places], dict[str, Any]]]:
    """Runs the job; the first (row, col) of the patches of each side, in the order of the file, and the outputs."""

    def run(image: str, size: int, reporter: Any = None, **changes: Any) -> tuple[list[Places], dict[str, Any]]:
        paths = {name: str(tmp_path / f"{name}.gpkg") for name in SIDES}
        job = SelectPatches(image=image, patch_size=size, **{**paths, **changes})
        outputs = run_job(job, reporter or make_reporter())
        sides = []
        for name in SIDES:
            found = read_layer(getattr(job, name)) if getattr(job, name) else []
            assert all(values["patch_size"] == size for _, values in found)
            assert all((row % 1, col % 1) == (0.5, 0.5) for (row, col), _ in found)
            sides.append([(int(row) - size // 2, int(col) - size // 2) for (row, col), _ in found])
        assert [len(side) for side in sides] == [outputs[name] for name in ("PATCHES", "VALIDATION_PATCHES", "TEST_PATCHES")]
        return sides, outputs

    return run


def _brute_force(valid: np.ndarray, size: int, step: int, offsets: tuple[int, int] = (0, 0)) -> Places:
    """First (row, col) of every patch that is valid everywhere."""
    rows, cols = (range(start, length - size + 1, step) for start, length in zip(offsets, valid.shape, strict=True))
    return [(row, col) for row in rows for col in cols if valid[row : row + size, col : col + size].all()]


def _scene(seed: int, height: int = 61, width: int = 47) -> np.ndarray:
    """Two bands with no-data (0 in both) in about one of a hundred pixels."""
    rng = np.random.default_rng(seed)
    pixels = rng.integers(1, 200, (height, width, 2)).astype("uint8")
    pixels[rng.random((height, width)) < 0.01] = 0
    pixels[rng.random((height, width)) < 0.05, 0] = 0  # in one band only: still data
    return pixels


@pytest.mark.parametrize(("size", "step", "offsets"), [(1, 1, (0, 0)), (4, 0, (0, 0)), (5, 3, (2, 1)), (8, 2, (0, 7)), (3, 11, (0, 0))])
def test_all_patches_with_data_everywhere(
    tmp_path: Path, make_raster: Callable, select: Callable, size: int, step: int, offsets: tuple[int, int]
) -> None:
    pixels = _scene(size)
    mask = np.ones(pixels.shape[:2], "int16")
    mask[20:22, 10:12], mask[40, 40], mask[50, :3] = 0, -3, 99
    image, over = make_raster(tmp_path / "i.tif", pixels), make_raster(tmp_path / "m.tif", mask, nodata=99)
    options = {"step": step, "offset_y": offsets[0], "offset_x": offsets[1], "strategy": "all", "nodata": 0.0}
    for path, usable in (("", mask == mask), (over, (mask > 0) & (mask != 99))):
        expected = _brute_force(pixels.any(axis=2) & usable, size, step or size, offsets)
        sides, _ = select(image, size, mask=path, **options)
        assert sides == [expected, [], []] and expected


def test_a_patch_as_large_as_the_image(tmp_path: Path, make_raster: Callable, select: Callable) -> None:
    image = make_raster(tmp_path / "i.tif", np.ones((9, 9), "uint8"))
    assert select(image, 9, strategy="all", step=1)[0][0] == [(0, 0)]


def test_first_and_last_patches_of_an_image_without_no_data(tmp_path: Path, make_raster: Callable, select: Callable) -> None:
    image = make_raster(tmp_path / "i.tif", np.zeros((32, 48), "uint8"))  # zeros are data where nothing says otherwise
    assert select(image, 16, strategy="all")[0][0] == [(0, 0), (0, 16), (0, 32), (16, 0), (16, 16), (16, 32)]
    one = make_raster(tmp_path / "one.tif", np.zeros((1, 1), "float32"))
    assert select(one, 1, strategy="all", output_validation="", output_test="")[0][0] == [(0, 0)]


def test_not_a_number_is_no_data(tmp_path: Path, make_raster: Callable, select: Callable) -> None:
    pixels = np.zeros((20, 20), "float32")
    pixels[9, 9] = np.nan
    assert select(make_raster(tmp_path / "i.tif", pixels), 10, strategy="all")[0][0] == [(0, 10), (10, 0), (10, 10)]


def test_chessboard(tmp_path: Path, make_raster: Callable, select: Callable) -> None:
    pixels = _scene(1)
    sides, _ = select(make_raster(tmp_path / "i.tif", pixels, nodata=0), 4)
    expected = _brute_force(pixels.any(axis=2), 4, 4)
    assert sides[0] == [place for place in expected if sum(place) // 4 % 2 == 0]
    assert sides[1] == [place for place in expected if sum(place) // 4 % 2 == 1]
    assert sides[2] == []


@pytest.mark.parametrize("shares", [(0.5, 0.25, 0.25), (0.7, 0.3, 0.0), (0.1, 0.05, 0.0), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0)])
def test_split_has_the_exact_counts_of_different_patches(
    tmp_path: Path, make_raster: Callable, select: Callable, shares: tuple[float, float, float]
) -> None:
    pixels = _scene(2)
    image = make_raster(tmp_path / "i.tif", pixels, nodata=0)
    names = ("training_share", "validation_share", "test_share")
    sides, _ = select(image, 3, strategy="split", **dict(zip(names, shares, strict=True)))
    expected = _brute_force(pixels.any(axis=2), 3, 3)
    assert [len(side) for side in sides] == side_counts(len(expected), shares)
    together = [place for side in sides for place in side]
    assert len(set(together)) == len(together) and set(together) <= set(expected)
    assert len(together) == len(expected) or sum(shares) < 1
    assert all(side == sorted(side) for side in sides)


@given(st.integers(0, 10**6), st.lists(st.integers(0, 100), min_size=3, max_size=3).filter(lambda shares: sum(shares) <= 100))
def test_counts_of_the_sides_are_within_one_of_their_share(number: int, percents: list[int]) -> None:
    counts = side_counts(number, [percent / 100 for percent in percents])
    assert all(abs(count - number * percent / 100) < 1 for count, percent in zip(counts, percents, strict=True))
    assert sum(percents) < 100 or sum(counts) == number


def test_the_seed_decides_and_the_tiles_do_not(
    tmp_path: Path, make_raster: Callable, select: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = make_raster(tmp_path / "i.tif", _scene(3), nodata=0)
    first, again, other = (select(image, 4, strategy="split", seed=seed)[0] for seed in (1, 1, 2))
    assert first == again != other
    chessboard = select(image, 4)[0]
    monkeypatch.setattr(patch_grid, "TILE_PIXELS", 63)  # one row of patches, two columns
    monkeypatch.setattr(patch_grid, "TILE_WIDTH", 9)
    monkeypatch.setattr(patch_survey, "MOST_PIXELS", 30)
    assert select(image, 4, strategy="split", seed=1)[0] == first
    assert select(image, 4)[0] == chessboard


def _labels(height: int = 96, width: int = 96) -> np.ndarray:
    """Mostly 1, a field of 2, a stripe of 7, no label (255) in a corner."""
    labels = np.ones((height, width), "uint8")
    labels[:32, :32], labels[60:63], labels[80:, 80:] = 2, 7, 255
    return labels


def _shares(labels: np.ndarray, places: Places, size: int) -> dict[int, float]:
    patches = np.concatenate([labels[row : row + size, col : col + size].ravel() for row, col in places])
    values, counts = np.unique(patches[patches != 255], return_counts=True)
    return dict(zip(values.tolist(), (counts / counts.sum()).tolist(), strict=True))


def test_balanced_evens_the_classes_out(tmp_path: Path, make_raster: Callable, make_reporter: type, select: Callable) -> None:
    labels = _labels()
    image = make_raster(tmp_path / "i.tif", np.ones((96, 96), "uint8"))
    truth = make_raster(tmp_path / "l.tif", labels, nodata=255)
    reporter = make_reporter()
    sides, _ = select(image, 8, step=4, strategy="balanced", labels=truth, spatial_share=0.02, reporter=reporter)
    places = [place for side in sides for place in side]
    assert len(set(places)) == len(places) and set(places) <= set(_brute_force(labels < 300, 8, 4))
    assert [len(side) for side in sides] == side_counts(len(places), (0.5, 0.25, 0.25))
    everywhere, selected = _shares(labels, _brute_force(labels < 300, 8, 4), 8), _shares(labels, places, 8)
    assert everywhere[7] < 0.05 and min(selected.values()) > 0.2
    assert "Class 7: 3." in reporter.texts and "overlap" in reporter.texts
    assert not {place for place in places if (labels[place[0] : place[0] + 8, place[1] : place[1] + 8] == 255).all()}


def test_balanced_with_a_number_of_classes_leaves_other_labels_out(
    tmp_path: Path, make_raster: Callable, make_reporter: type, select: Callable
) -> None:
    image = make_raster(tmp_path / "i.tif", np.ones((96, 96), "uint8"))
    truth = make_raster(tmp_path / "l.tif", _labels(), nodata=255)
    reporter = make_reporter()
    select(image, 8, strategy="balanced", labels=truth, number_of_classes=3, reporter=reporter)
    assert "Class 2" in reporter.texts and "Class 7" not in reporter.texts


def test_kinds_stay_few_however_many_mixtures_there_are(
    tmp_path: Path, make_raster: Callable, select: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    labels = np.random.default_rng(0).integers(0, 9, (90, 90)).astype("uint8")
    image, truth = make_raster(tmp_path / "i.tif", labels), make_raster(tmp_path / "l.tif", labels)
    options = {"strategy": "balanced", "labels": truth, "step": 1, "spatial_share": 1.0}
    free = select(image, 3, **options)[1]
    monkeypatch.setattr(patch_survey, "MOST_KINDS", 50)
    plain, sizes = patch_survey.ClassSurvey._index_of, []
    monkeypatch.setattr(patch_survey.ClassSurvey, "_index_of", lambda *given: sizes.append(len(given[0].kinds)) or plain(*given))
    bounded = select(image, 3, **options)[1]
    assert free["PATCHES"] == bounded["PATCHES"] == 88 * 88 // 2
    assert 50 < max(sizes) < 1000  # nine pixels of nine classes: thousands of mixtures


def test_extraction_cuts_the_patches_that_were_selected(
    tmp_path: Path, make_raster: Callable, make_reporter: type, select: Callable
) -> None:
    for size in (4, 5):
        pixels = np.arange(40 * 30, dtype="int32").reshape(40, 30)
        image = make_raster(tmp_path / f"i{size}.tif", pixels)
        (places, _, _), _ = select(image, size, step=size + 1, strategy="all")
        source = PatchSource((image,), size, size, output=str(tmp_path / f"p{size}.tif"))
        outputs = extract.run(ExtractPatches(sources=(source,), points=str(tmp_path / "output.gpkg")), make_reporter())
        assert (outputs["PATCHES"], outputs["REJECTED_COUNT"]) == (len(places), 0)
        with rasterio.open(source.output) as patches:
            corners = patches.read(1)[::size, 0]
        assert sorted(corners.tolist()) == sorted(int(pixels[place]) for place in places)


def test_south_up_and_rotated_images_keep_their_places(tmp_path: Path, make_raster: Callable, make_reporter: type) -> None:
    transform = rasterio.Affine(3, 1, 100, 1, -4, 200)
    image = make_raster(tmp_path / "r.tif", np.ones((12, 12), "uint8"), transform=transform)
    job = SelectPatches(image=image, patch_size=4, strategy="all", output=str(tmp_path / "o.gpkg"))
    select_patches.run(job, make_reporter())
    with fiona.open(job.output) as layer:
        assert layer[1].geometry.coordinates == pytest.approx(transform @ (2.5, 2.5))


def test_what_was_left_out_is_said(tmp_path: Path, make_raster: Callable, make_reporter: type, select: Callable) -> None:
    pixels = np.ones((16, 16), "uint8")
    pixels[0, 0] = 0
    reporter = make_reporter()
    select(make_raster(tmp_path / "i.tif", pixels, nodata=0), 4, reporter=reporter)
    assert "1 of 16 patches were left out: they hold no-data or masked pixels." in reporter.texts
    assert "7 training, 8 validation, 0 test patches selected" in reporter.texts


def test_errors_say_what_is_wrong(tmp_path: Path, make_raster: Callable, make_reporter: type) -> None:
    image = make_raster(tmp_path / "i.tif", np.ones((20, 20), "uint8"))
    empty = make_raster(tmp_path / "e.tif", np.zeros((20, 20), "uint8"), nodata=0)
    shifted = make_raster(tmp_path / "s.tif", np.ones((20, 20), "uint8"), origin=(500005.0, 5000000.0))
    measured = make_raster(tmp_path / "f.tif", np.full((20, 20), 0.5, "float32"))
    instances = make_raster(tmp_path / "n.tif", np.arange(400, dtype="int32").reshape(20, 20))
    good = {"image": image, "patch_size": 4, "strategy": "all", "output": str(tmp_path / "o.gpkg")}
    rest = {"output_validation": str(tmp_path / "v.gpkg"), "output_test": str(tmp_path / "t.gpkg")}
    cases: list[tuple[dict[str, Any], type[Exception], str]] = [
        ({"patch_size": 21}, BadParameter, "within 20 × 20 pixels, received 21 pixels from row 0"),
        ({"offset_x": 17}, BadParameter, "received 4 pixels from row 0 and column 17 on"),
        ({"image": empty}, BadTruth, "Check the no-data value"),
        ({"mask": shifted}, GridMismatch, "0.5 pixels apart"),
        ({"output": ""}, BadParameter, "Points of the training patches"),
        ({"strategy": "chessboard"}, BadParameter, "Points of the validation patches"),
        ({"strategy": "split", "output_validation": rest["output_validation"]}, BadParameter, "Points of the test patches"),
        ({"strategy": "split", "training_share": 0.01, "validation_share": 0.0, "test_share": 0.0}, BadTruth, "none of 25"),
        ({"strategy": "balanced", "labels": measured, **rest}, BadTruth, "This is no label image"),
        ({"strategy": "balanced", "labels": empty, **rest}, BadTruth, "Not one patch can be used"),
    ]
    for changes, kind, words in cases:
        with pytest.raises(kind, match=words):
            select_patches.run(SelectPatches(**{**good, **changes}), make_reporter())
    with pytest.MonkeyPatch.context() as patch, pytest.raises(BadTruth, match="Too many different labels"):
        patch.setattr(patch_survey, "MOST_CLASSES", 100)
        select_patches.run(SelectPatches(**{**good, "strategy": "balanced", "labels": instances, **rest}), make_reporter())
    with pytest.raises(BadParameter, match=r"at most 1 in all, received 1\.3"):
        SelectPatches(strategy="split", training_share=0.8)
    with pytest.raises(BadParameter, match="Strategy balanced"):
        SelectPatches(strategy="balanced")
    assert SelectPatches(strategy="split", training_share=0.1, validation_share=0.2, test_share=0.7).shares == (0.1, 0.2, 0.7)
    assert not list(tmp_path.glob("*.gpkg")) and not list(tmp_path.glob(".*partial*"))


def test_cancel_leaves_nothing(tmp_path: Path, make_raster: Callable, make_reporter: type) -> None:
    image = make_raster(tmp_path / "i.tif", _scene(4), nodata=0)
    before = sorted(tmp_path.iterdir())
    job = SelectPatches(image=image, patch_size=4, strategy="all", output=str(tmp_path / "o.gpkg"))
    with pytest.raises(Cancelled):
        select_patches.run(job, make_reporter(cancel_after=2))
    assert sorted(tmp_path.iterdir()) == before
