from __future__ import annotations

import dataclasses
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fiona
import numpy as np
import pytest
import rasterio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import BadParameter, BadTruth, Cancelled, GridMismatch
from core.jobs import ExtractPatches, PatchSource
from core.raster.alignment import align
from core.raster.source import Source
from core.sampling import cut, extract, sidecar


@pytest.fixture
def make_points(make_layer: Callable, point: Callable) -> Callable[..., str]:
    """A layer of (row, col, class) in 10 m pixels; class None for null."""

    def make(path: Path, samples: list[tuple[float, float, Any]], kind: str = "str", crs: str | None = "EPSG:32631") -> str:
        return make_layer(path, [(point(row, col), {"cover": name}) for row, col, name in samples], {"cover": kind}, crs, "Point")

    return make


def _job(folder: Path, sources: list[tuple[Any, tuple[int, int]]], points: str, **changes: Any) -> ExtractPatches:
    """`sources`: (path or paths, (height, width)) each."""
    parts = tuple(
        PatchSource((paths,) if isinstance(paths, str) else tuple(paths), width, height, output=str(folder / f"patches{number}.tif"))
        for number, (paths, (height, width)) in enumerate(sources, start=1)
    )
    values = {"field": "cover", "output_labels": str(folder / "labels.tif"), "rejected": str(folder / "rejected.gpkg"), **changes}
    return ExtractPatches(parts, points, **values)


def _patches(path: str) -> np.ndarray:
    """(patches, rows, cols, bands)"""
    beside = sidecar.read(path)
    assert beside is not None
    with rasterio.open(path) as image:
        stacked = np.moveaxis(image.read(), 0, 2)
    assert stacked.shape == (beside.count * beside.height, beside.width, len(beside.bands))
    return stacked.reshape(beside.count, beside.height, beside.width, len(beside.bands))


def _pixels(path: str) -> list[tuple[int, int]]:
    """Row and column (10 m pixels) of each patch's sample."""
    beside = sidecar.read(path)
    assert beside is not None
    return [(int((5000000 - y) // 10), int((x - 500000) // 10)) for x, y in beside.positions]


def _rejected(path: str) -> Counter:
    with fiona.open(path) as layer:
        return Counter((f.properties["reason"], f.properties["source"], f.properties["class"]) for f in layer)


@pytest.mark.parametrize("size", [(16, 16), (15, 16), (1, 1), (2, 5)])
@pytest.mark.parametrize("tile", [7, 1000])
def test_patches_are_slices_of_the_image(
    tmp_path: Path, make_raster: Callable, make_points: Callable, make_reporter: type, monkeypatch: pytest.MonkeyPatch,
    size: tuple[int, int], tile: int,
) -> None:  # fmt: skip
    monkeypatch.setattr(cut, "tile_side", lambda *_: tile)
    monkeypatch.setattr(extract, "tile_side", lambda *_: tile)
    monkeypatch.setattr("core.sampling.patch_output.tile_side", lambda *_: tile)
    monkeypatch.setattr("core.sampling.patch_output.most_patches", lambda *_: 5)
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 60000, (60, 50, 3)).astype("uint16")
    places = [(int(row), int(col)) for row, col in rng.integers(8, 42, (80, 2))]
    names = ["water", "farm", "old town"]
    points = make_points(tmp_path / "p.gpkg", [(row + 0.5, col + 0.2, names[(row + col) % 3]) for row, col in places])
    job = _job(tmp_path, [(make_raster(tmp_path / "i.tif", pixels, names=("r", "g", "b")), size)], points)
    outputs = extract.run(job, make_reporter())
    assert outputs == {
        "OUTPUT1": job.sources[0].output, "OUTPUT_LABELS": job.output_labels, "REJECTED": job.rejected, "PATCHES": 80, "REJECTED_COUNT": 0,
        "CLASSES": 3, "BANDS1": 3, "BANDS": 3,
    }  # fmt: skip
    found, where = _patches(job.sources[0].output), _pixels(job.sources[0].output)
    assert Counter(where) == Counter(places)
    labels, beside = _patches(job.output_labels).ravel(), sidecar.read(job.output_labels)
    assert beside is not None and [(c.code, c.name) for c in beside.classes] == [(1, "farm"), (2, "old town"), (3, "water")]
    by_code = {c.code: c.name for c in beside.classes}
    for patch, label, (row, col) in zip(found, labels, where, strict=True):
        top, left = row - size[0] // 2, col - size[1] // 2
        assert (patch == pixels[top : top + size[0], left : left + size[1]]).all()
        assert by_code[int(label)] == names[(row + col) % 3]


def test_each_patch_is_one_strip_and_the_sidecar_tells_the_rest(
    tmp_path: Path, make_raster: Callable, make_points: Callable, make_reporter: type
) -> None:
    pixels = np.random.default_rng(0).normal(50, 9, (40, 40, 2)).astype("float32")
    points = make_points(tmp_path / "p.gpkg", [(10.5, 10.5, "a"), (20.5, 30.5, "b"), (12.5, 11.5, "a")])
    job = _job(tmp_path, [(make_raster(tmp_path / "i.tif", pixels, names=("vv", "vh")), (6, 8))], points)
    extract.run(job, make_reporter())
    with rasterio.open(job.sources[0].output) as image:
        assert image.block_shapes == [(6, 8)] * 2 and image.interleaving.value == "PIXEL" and image.compression is None
        assert image.descriptions == ("vv", "vh") and image.dtypes[0] == "float32" and image.nodata is None
    beside, patches = sidecar.read(job.sources[0].output), _patches(job.sources[0].output)
    assert beside is not None and (beside.kind, beside.bands, beside.spacing) == ("patches", ("vv", "vh"), (10.0, 10.0))
    np.testing.assert_allclose(beside.mean, patches.mean(axis=(0, 1, 2), dtype=float), rtol=1e-6)
    np.testing.assert_allclose(beside.std, patches.std(axis=(0, 1, 2), dtype=float), rtol=1e-6)
    assert beside.maximum == tuple(patches.max(axis=(0, 1, 2)).tolist()) and rasterio.CRS.from_wkt(beside.crs).to_epsg() == 32631
    assert json.loads(Path(job.sources[0].output + ".json").read_text())["images"] == [str(tmp_path / "i.tif")]


RATIOS = st.sampled_from([(10, 20), (20, 10), (10, 40), (20, 60), (10, 10)])


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(RATIOS, st.integers(1, 5), st.integers(1, 5), st.lists(st.tuples(st.floats(0, 1200), st.floats(0, 1200)), min_size=1, max_size=6))
def test_ramps_of_several_resolutions_coincide(
    tmp_path_factory: pytest.TempPathFactory, make_raster: Callable, make_points: Callable, make_reporter: type,
    spacings: tuple[int, int], height: int, width: int, places: list[tuple[float, float]],
) -> None:  # fmt: skip
    """Patches of equal footprint show the same mean x and y, whichever source is the reference."""
    folder = tmp_path_factory.mktemp("ramp")
    coarsest = max(spacings)
    sources = []
    for number, spacing in enumerate(spacings):
        count = 1200 // spacing
        x, y = np.meshgrid(spacing * (np.arange(count) + 0.5), spacing * (np.arange(count) + 0.5))
        image = make_raster(folder / f"{number}.tif", np.stack([x, y], axis=2).astype("float64"), spacing=spacing)
        sources.append((image, (height * coarsest // spacing, width * coarsest // spacing)))
    points = make_points(folder / "p.gpkg", [(y / 10, x / 10, "a") for y, x in places] + [(60.1, 60.1, "a")])
    job = _job(folder, sources, points)
    extract.run(job, make_reporter())
    first, second = (_patches(source.output).mean(axis=(1, 2)) for source in job.sources)
    np.testing.assert_allclose(first, second, rtol=0, atol=1e-9)


def test_what_is_extracted_is_what_serving_reads(tmp_path: Path, make_raster: Callable, make_points: Callable, make_reporter: type) -> None:
    rng = np.random.default_rng(3)
    paths = [make_raster(tmp_path / "ms.tif", rng.random((30, 30)), spacing=40), make_raster(tmp_path / "pan.tif", rng.random((120, 120)))]
    places = [(int(r), int(c)) for r, c in rng.integers(0, 120, (40, 2))]
    points = make_points(tmp_path / "p.gpkg", [(row + 0.5, col + 0.5, 1) for row, col in places], "int")
    sizes = [(8, 7), (32, 5)]
    job = _job(tmp_path, list(zip(paths, sizes, strict=True)), points, padding=True)
    assert extract.run(job, make_reporter())["PATCHES"] == 40
    with Source([paths[0]]) as ms, Source([paths[1]]) as pan:
        alignment = align([ms.grid, pan.grid])
        for index, (row, col) in enumerate(_pixels(job.sources[0].output)):
            for source, window, part in zip((ms, pan), alignment.sample_windows(row // 4, col // 4, sizes), job.sources, strict=True):
                assert (_patches(part.output)[index] == source.read(window)).all()


def test_every_rejected_sample_has_its_reason(tmp_path: Path, make_raster: Callable, make_points: Callable, make_reporter: type) -> None:
    pixels = np.ones((40, 40), "uint8")
    pixels[20, 20] = 0
    coarse = make_raster(tmp_path / "coarse.tif", np.ones((15, 20), "uint8"), spacing=20)  # covers 30 rows only
    fine = make_raster(tmp_path / "fine.tif", pixels, nodata=0)
    samples = [
        (10.5, 10.5, "a"), (22.5, 22.5, "a"),  # the second one's patch holds the no-data pixel
        (-0.5, 5, "a"), (35, 5, "b"), (3.5, 12, "b"), (28.5, 12, "b"), (10, 10, None), (1e9, -1e9, "a"),
    ]  # fmt: skip
    reporter = make_reporter()
    job = _job(tmp_path, [(fine, (8, 8)), (coarse, (4, 4))], make_points(tmp_path / "p.gpkg", samples))
    outputs = extract.run(job, reporter)
    assert (outputs["PATCHES"], outputs["REJECTED_COUNT"], outputs["CLASSES"]) == (1, 7, 1)
    outside, edge = "outside the image", "patch reaches over the edge of the image"
    assert _rejected(job.rejected) == {
        ("no-data in the patch", 1, "a"): 1, (outside, 1, "a"): 2, (outside, 2, "b"): 1, (edge, 1, "b"): 1, (edge, 2, "b"): 1,
        ("no class", None, None): 1,
    }  # fmt: skip
    assert "7 of 8 samples rejected: 2 × outside the image (source 1);" in reporter.texts


@pytest.mark.parametrize(("rule", "patches"), [("all", 2), ("any", 1)])
def test_a_pixel_lacks_data_by_all_or_by_any_band(
    tmp_path: Path, make_raster: Callable, make_points: Callable, make_reporter: type, rule: str, patches: int
) -> None:
    pixels = np.ones((40, 40, 2), "uint8")
    pixels[20, 20, 0] = 0  # one of two bands
    pixels[31, 31] = 0
    image = make_raster(tmp_path / "image.tif", pixels, nodata=0)
    points = make_points(tmp_path / "p.gpkg", [(10.5, 10.5, "a"), (22.5, 22.5, "a"), (30.5, 30.5, "a")])
    outputs = extract.run(dataclasses.replace(_job(tmp_path, [(image, (8, 8))], points), nodata_rule=rule), make_reporter())
    assert (outputs["PATCHES"], outputs["REJECTED_COUNT"]) == (patches, 3 - patches)


def test_padding_keeps_patches_over_the_edge(tmp_path: Path, make_raster: Callable, make_points: Callable, make_reporter: type) -> None:
    pixels = np.arange(1, 101, dtype="uint8").reshape(10, 10)
    image = make_raster(tmp_path / "i.tif", pixels, nodata=0)
    job = _job(tmp_path, [(image, (4, 4))], make_points(tmp_path / "p.gpkg", [(0.5, 9.5, "a"), (-0.5, 5, "a")]), padding=True)
    assert extract.run(job, make_reporter())["REJECTED_COUNT"] == 1  # the point itself lies outside
    assert (_patches(job.sources[0].output)[0, :, :, 0] == np.pad(pixels, 9, mode="reflect")[7:11, 16:20]).all()


def test_numbers_keep_their_values(tmp_path: Path, make_raster: Callable, make_points: Callable, make_reporter: type) -> None:
    image = make_raster(tmp_path / "i.tif", np.ones((20, 20), "uint8"))
    for values, dtype in (([3, 250], "uint8"), ([-5, 70000], "int32"), ([2**40, 1], "int64")):
        points = make_points(tmp_path / "p.gpkg", [(10.5, 10.5 + i, value) for i, value in enumerate(values)], "int")
        job = _job(tmp_path, [(image, (3, 3))], points)
        extract.run(job, make_reporter())
        labels = _patches(job.output_labels)
        assert labels.dtype == dtype and sorted(labels.ravel().tolist()) == sorted(values)


def test_points_in_another_crs(tmp_path: Path, make_raster: Callable, make_layer: Callable, make_reporter: type) -> None:
    image = make_raster(tmp_path / "i.tif", np.arange(400, dtype="uint16").reshape(20, 20))
    (x,), (y,) = fiona.transform.transform("EPSG:32631", "EPSG:4326", [500000 + 75.0], [5000000 - 125.0])
    features = [({"type": "MultiPoint", "coordinates": [(x, y)]}, {"cover": "a"}), (None, {"cover": "b"})]
    job = _job(tmp_path, [(image, (1, 1))], make_layer(tmp_path / "p.gpkg", features, {"cover": "str"}, "EPSG:4326"))
    assert extract.run(job, make_reporter())["REJECTED_COUNT"] == 1
    assert _patches(job.sources[0].output).ravel().tolist() == [12 * 20 + 7]
    assert _rejected(job.rejected) == {("no position", None, "b"): 1}


def test_no_patch_at_all_names_the_reasons_and_keeps_the_rejected_points(
    tmp_path: Path, make_raster: Callable, make_points: Callable, make_reporter: type
) -> None:
    image = make_raster(tmp_path / "i.tif", np.ones((20, 20), "uint8"))
    job = _job(tmp_path, [(image, (16, 16))], make_points(tmp_path / "p.gpkg", [(1, 1, "a"), (2, 2, "b"), (99, 0, "a"), (9, 9, None)]))
    with pytest.raises(BadTruth) as error:
        extract.run(job, make_reporter())
    for words in (
        "2 × patch reaches over the edge of the image (source 1)",
        "1 × outside the image (source 1)",
        "1 × no class",
        job.rejected,
    ):
        assert words in str(error.value)
    assert _rejected(job.rejected).total() == 4
    assert not Path(job.sources[0].output).exists() and not Path(job.output_labels).exists()


def test_clear_errors(
    tmp_path: Path, make_raster: Callable, make_points: Callable, make_layer: Callable, box: Callable, make_reporter: type
) -> None:
    image = make_raster(tmp_path / "i.tif", np.ones((20, 20), "uint8"))
    other = make_raster(tmp_path / "other.tif", np.ones((20, 20), "uint8"), origin=(500004.0, 5000000.0))
    points = make_points(tmp_path / "p.gpkg", [(9, 9, "a")])
    empty = make_points(tmp_path / "empty.gpkg", [])
    polygons = make_layer(tmp_path / "polygons.gpkg", [(box(0, 0, 5, 5), {"cover": "a"})], {"cover": "str"})
    cases = [
        (_job(tmp_path, [(image, (3, 3))], points, field="kind"), BadTruth, "expected one of cover"),
        (_job(tmp_path, [(image, (3, 3))], points, field=""), BadParameter, "field that holds the class"),
        (_job(tmp_path, [(image, (3, 3))], polygons), BadTruth, "expected points, received Polygon"),
        (_job(tmp_path, [(image, (3, 3))], empty), BadTruth, "no point at all"),
        (_job(tmp_path, [(image, (3, 3)), (other, (3, 3))], points), GridMismatch, "source 2"),
        (_job(tmp_path, [], points), BadParameter, "at least one"),
    ]
    for job, kind, words in cases:
        with pytest.raises(kind, match=words):
            extract.run(job, make_reporter())


def test_patches_without_labels(tmp_path: Path, make_raster: Callable, make_points: Callable, make_reporter: type) -> None:
    image = make_raster(tmp_path / "i.tif", np.ones((20, 20), "uint8"))
    job = _job(tmp_path, [(image, (3, 3))], make_points(tmp_path / "p.gpkg", [(9, 9, None)]), field="", output_labels="", rejected="")
    assert extract.run(job, make_reporter())["PATCHES"] == 1


def test_cancel_leaves_nothing(tmp_path: Path, make_raster: Callable, make_points: Callable, make_reporter: type) -> None:
    image = make_raster(tmp_path / "i.tif", np.ones((20, 20), "float32"))
    points = make_points(tmp_path / "p.gpkg", [(9, 9, "a")])
    before = sorted(tmp_path.iterdir())
    for events in (1, 3):
        with pytest.raises(Cancelled):
            extract.run(_job(tmp_path, [(image, (3, 3))], points), make_reporter(cancel_after=events))
        assert sorted(tmp_path.iterdir()) == before
