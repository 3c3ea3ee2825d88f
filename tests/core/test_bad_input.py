"""Everything that a user may give by mistake, as one table: each has its own clear error, or works and says what it assumed."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import fiona
import numpy as np
import pytest
import rasterio
from fiona.transform import transform_geom

from core import errors, jobs, worker
from core.jobs import (
    CreateModel,
    ExtractPatches,
    Fitting,
    InspectModel,
    PatchSet,
    PatchSource,
    Product,
    Sampling,
    SelectSamples,
    SelectSamplesFromLabels,
    ServedSource,
    ServeModel,
    TrainModel,
)
from core.reporting import Reporter

UTM = "EPSG:32631"
SIDE, PATCH = 64, 16
X0, Y0 = 500000.0, 5000000.0
HUGE = (2**40, -7, 70000)

Build = Callable[["World"], jobs.Job]


class World:
    """Files by name in one folder, and jobs on them that would work: the table changes one thing of each."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __getitem__(self, name: str) -> str:
        return str(self.folder / name)

    def select(self, **changes: Any) -> SelectSamples:
        usual = {"image": self["image.tif"], "truth": self["truth.gpkg"], "field": "cover", "output": self["out.gpkg"]}
        return SelectSamples(**{**usual, **changes})

    def labels(self, **changes: Any) -> SelectSamplesFromLabels:
        return SelectSamplesFromLabels(**{"labels": self["labels.tif"], "output": self["out.gpkg"], **changes})

    def extract(self, image: str = "image.tif", size: int = PATCH, output: str = "out.tif", **changes: Any) -> ExtractPatches:
        sources = (PatchSource((self[image],), size, size, None, self[output]),)
        usual = {"sources": sources, "points": self["samples.gpkg"], "field": "cover", "output_labels": self["out_labels.tif"]}
        return ExtractPatches(**{**usual, **changes})

    def create(self, **changes: Any) -> CreateModel:
        return CreateModel(**{"architecture": "cnn16", "bands": (4,), "classes": 2, "output": self["new_model"], **changes})

    def train(self, patches: str = "patches.tif", labels: str = "patch_labels.tif", **changes: Any) -> TrainModel:
        training = PatchSet((self[patches],), (self[labels],))
        return TrainModel(
            **{"model": self["model"], "training": training, "fitting": Fitting(epochs=1), "output": self["trained"], **changes}
        )

    def serve(self, image: str = "image.tif", **changes: Any) -> ServeModel:
        sources, products = (ServedSource((self[image],)),), (Product(self["out.tif"]),)
        return ServeModel(**{"sources": sources, "model": self["model"], "products": products, **changes})


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, make_raster: Callable[..., str]) -> Iterator[World]:
    """Made once; the jobs write out.*, out_labels.tif, new_model and trained only."""
    made = World(tmp_path_factory.mktemp("world"))
    _images(made, make_raster)
    _truths(made)
    for job in (
        made.select(sampling=Sampling("constant", 8), output=made["samples.gpkg"]),
        made.select(truth=made["one_class.gpkg"], output=made["one_class_samples.gpkg"], sampling=Sampling("constant", 8)),
        made.extract(output="patches.tif", output_labels=made["patch_labels.tif"]),
        made.extract(output="one.tif", output_labels=made["one_labels.tif"], points=made["one_class_samples.gpkg"]),
        made.create(output=made["model"]),
        made.create(output=made["model_for_5"], classes=5),
    ):
        worker.run_job(job, Reporter(lambda event: None))
    _broken_models(made)
    yield made


def _images(world: World, make_raster: Callable[..., str]) -> None:
    rng = np.random.default_rng(0)
    pixels = rng.integers(1, 200, (SIDE, SIDE, 4)).astype(np.uint16)
    floats, holes = pixels.astype(np.float32), pixels.copy()
    floats[: SIDE // 2], holes[: SIDE // 2] = np.nan, 0
    for name, values, facts in (
        ("image.tif", pixels, {}),
        ("no_crs.tif", pixels, {"crs": None}),
        ("other_crs.tif", pixels, {"crs": "EPSG:32632"}),
        ("small.tif", pixels[:50, :50], {}),
        ("one_pixel.tif", pixels[:1, :1], {}),
        ("two_bands.tif", pixels[:, :, :2], {}),
        ("half_nan.tif", floats, {}),
        ("half_nodata.tif", holes, {"nodata": 0}),
        ("all_nan.tif", floats * np.nan, {}),
        ("all_nodata.tif", pixels * 0, {"nodata": 0}),
        ("rotated.tif", pixels, {"transform": rasterio.Affine(10, 2, X0, 2, -10, Y0)}),
        ("labels.tif", (np.arange(SIDE * SIDE).reshape(SIDE, SIDE) % 2 + 1).astype(np.uint8), {}),
        (
            "huge_labels.tif",
            np.array(HUGE, np.int64)[np.arange(SIDE * SIDE).reshape(SIDE, SIDE) % 3].clip(-7, 2**31 - 1).astype(np.int32),
            {},
        ),
        ("fractions.tif", np.full((SIDE, SIDE), 0.5, np.float32), {}),
    ):
        make_raster(world.folder / name, values, **facts)
    Path(world["junk.tif"]).write_bytes(b"this is no image")
    Path(world["junk.csv"]).write_text("class,count\n1,many\n")


def _truths(world: World) -> None:
    near, far = [(10, 10), (40, 40)], [(9000, 9000), (9100, 9000)]
    _squares(world["truth.gpkg"], near, ("water", "wood"))
    _squares(world["degrees.gpkg"], near, ("water", "wood"), degrees=True)
    _squares(world["far.gpkg"], far, ("water", "wood"))
    _squares(world["empty.gpkg"], [], ())
    _squares(world["one_class.gpkg"], near, ("water", "water"))
    _squares(world["huge.gpkg"], [*near, (10, 40)], HUGE)
    _squares(world["measured.gpkg"], near, (0.25, 0.75))


def _squares(path: str, corners: list[tuple[int, int]], classes: tuple[Any, ...], degrees: bool = False) -> None:
    kind = {int: "int64", float: "float", str: "str"}[type(classes[0]) if classes else str]
    schema = {"geometry": "Polygon", "properties": {"cover": kind}}
    with fiona.open(path, "w", driver="GPKG", schema=schema, crs="EPSG:4326" if degrees else UTM) as file:
        for (row, col), cover in zip(corners, classes, strict=True):
            left, top = X0 + 10 * col, Y0 - 10 * row
            ring = [(left, top), (left + 150, top), (left + 150, top - 150), (left, top - 150), (left, top)]
            geometry: Any = {"type": "Polygon", "coordinates": [ring]}
            if degrees:
                geometry = transform_geom(UTM, "EPSG:4326", geometry)
            file.write({"type": "Feature", "geometry": geometry, "properties": {"cover": cover}})


def _broken_models(world: World) -> None:
    for name, file in (("bad_graph", "saved_model.pb"), ("bad_network", "model.keras"), ("bad_contract", "assets.extra/mlm.json")):
        shutil.copytree(world["model"], world[name])
        (world.folder / name / file).write_bytes(b"{")
    (world.folder / "my_papers").mkdir()
    Path(world["my_papers/thesis.txt"]).write_text("years of work")


REFUSED: dict[str, tuple[Build, type[errors.TensorscapeError], str]] = {
    # images
    "image missing": (lambda w: w.select(image=w["no.tif"]), errors.CannotRead, r"no\.tif does not exist"),
    "image that is none": (lambda w: w.select(image=w["junk.tif"]), errors.CannotRead, "expected a raster"),
    "image without data": (lambda w: w.select(image=w["all_nodata.tif"]), errors.BadTruth, "in no-data or outside the mask"),
    "mask on another grid": (lambda w: w.select(mask=w["small.tif"]), errors.GridMismatch, r"50 × 50 pixels instead of 64 × 64"),
    "image of one pixel": (lambda w: w.select(image=w["one_pixel.tif"]), errors.BadTruth, "outside the image"),
    # truth
    "truth missing": (lambda w: w.select(truth=w["no.gpkg"]), errors.CannotRead, "no.gpkg does not exist: expected a vector layer"),
    "truth that is an image": (lambda w: w.select(truth=w["image.tif"]), errors.CannotRead, "expected a vector layer"),
    "truth elsewhere": (lambda w: w.select(truth=w["far.gpkg"]), errors.BadTruth, "2 of 2 features outside the image.*CRS"),
    "truth empty": (lambda w: w.select(truth=w["empty.gpkg"]), errors.BadTruth, "no feature at all"),
    "truth without that field": (lambda w: w.select(field="klass"), errors.BadTruth, "no field 'klass': expected one of cover"),
    "truth with measurements": (lambda w: w.select(truth=w["measured.gpkg"]), errors.BadTruth, "whole numbers or text, received 0.25"),
    "labels that are none": (lambda w: w.labels(labels=w["fractions.tif"]), errors.BadTruth, "expected whole numbers, received 0.5"),
    "labels all no-data": (lambda w: w.labels(labels=w["all_nodata.tif"]), errors.BadTruth, "."),
    "border over the labels": (lambda w: w.labels(padding=SIDE), errors.BadTruth, "expected a border under half"),
    "counts that are none": (
        lambda w: w.labels(sampling=Sampling("byclass", byclass=w["junk.csv"])),
        errors.BadParameter,
        "line 2.*whole number",
    ),
    "validation without a file": (
        lambda w: w.select(sampling=Sampling(validation_share=0.5)),
        errors.BadParameter,
        "Validation points: expected a file",
    ),
    # outputs
    "output is input": (lambda w: w.select(output=w["truth.gpkg"]), errors.CannotWrite, "is also an input"),
    "map over the image": (lambda w: w.serve(products=(Product(w["image.tif"]),)), errors.CannotWrite, "is also an input"),
    "model over itself": (lambda w: w.train(output=w["model"]), errors.CannotWrite, "is also an input"),
    "output folder missing": (lambda w: w.select(output=w["no/out.gpkg"]), errors.CannotWrite, "expected an existing folder"),
    "output folder that no one may write to": (
        lambda w: w.serve(products=(Product("/proc/map.tif"),)),
        errors.CannotWrite,
        "/proc/map.tif",
    ),
    "map that is no GeoTIFF": (lambda w: w.serve(products=(Product(w["out.jpg"]),)), errors.BadParameter, r"ends in \.tif"),
    "model over other files": (lambda w: w.create(output=w["my_papers"]), errors.CannotWrite, "Choose a new or an empty folder"),
    # patches
    "patch larger than the image": (lambda w: w.extract(size=200), errors.BadTruth, "16 × patch reaches over the edge"),
    "patches without data": (lambda w: w.extract("all_nan.tif"), errors.BadTruth, "16 × no-data in the patch"),
    "points elsewhere": (lambda w: w.extract("one_pixel.tif"), errors.BadTruth, "outside the image"),
    "points that are polygons": (lambda w: w.extract(points=w["truth.gpkg"]), errors.BadTruth, "expected points, received .*Polygon"),
    "patches of no source": (lambda w: w.extract(sources=()), errors.BadParameter, "expected at least one"),
    "sources in two CRSs": (
        lambda w: w.extract(sources=tuple(PatchSource((w[f"{n}.tif"],), output=w[f"out_{n}.tif"]) for n in ("image", "other_crs"))),
        errors.GridMismatch,
        "EPSG:32631, received EPSG:32632.*Reproject",
    ),
    "one source on two grids": (
        lambda w: w.extract(sources=(PatchSource((w["image.tif"], w["small.tif"]), output=w["out.tif"]),)),
        errors.GridMismatch,
        "50 × 50 pixels",
    ),
    # models
    "unknown architecture": (lambda w: w.create(architecture="resnet9000"), errors.BadParameter, "one of .*cnn16.*received 'resnet9000'"),
    "a model without bands": (lambda w: w.create(bands=(0,)), errors.BadParameter, "at least 1, received 0"),
    "no model there": (lambda w: w.serve(model=w["my_papers"]), errors.BadModel, r"expected saved_model\.pb, received thesis\.txt"),
    "model missing": (lambda w: w.serve(model=w["nowhere"]), errors.BadModel, "does not exist"),
    "damaged graph": (lambda w: w.serve(model=w["bad_graph"]), errors.BadModel, "is damaged"),
    "damaged graph, inspected": (lambda w: InspectModel(w["bad_graph"], output=w["out.json"]), errors.BadModel, "is damaged"),
    "damaged contract": (lambda w: w.serve(model=w["bad_contract"]), errors.BadModel, "contract .* is corrupt"),
    "damaged network": (lambda w: w.train(model=w["bad_network"]), errors.BadModel, "is damaged"),
    # training
    "patches of other bands": (lambda w: w.train("two_bands.tif"), errors.BadModel, "4 bands, received .*2 bands"),
    "an image instead of patches": (lambda w: w.train("image.tif"), errors.BadModel, "expected 16 columns.*received 64 columns"),
    "labels of other patches": (lambda w: w.train("patches.tif", "labels.tif"), errors.TensorscapeError, "labels"),
    "one class to learn": (lambda w: w.train("one.tif", "one_labels.tif"), errors.BadTruth, "at least two classes, received only water"),
    "a model for other classes": (lambda w: w.train(model=w["model_for_5"]), errors.BadModel, "2 classes .*received a model for 5"),
    "nothing to train on": (lambda w: w.train(training=PatchSet()), errors.BadParameter, "expected patches and a label image"),
    # serving
    "other bands than trained": (lambda w: w.serve("two_bands.tif"), errors.BadModel, "expected 4 bands, received 2"),
    "more sources than inputs": (
        lambda w: w.serve(sources=(ServedSource((w["image.tif"],)),) * 2),
        errors.BadModel,
        "expected 1 .*received 2",
    ),
    "extent elsewhere": (lambda w: w.serve(extent=(0.0, 0.0, 9.0, 9.0)), errors.GridMismatch, "does not touch the image"),
    "no such output": (
        lambda w: w.serve(products=(Product(w["out.tif"], ("heights",)),)),
        errors.BadParameter,
        "one of .*prediction.*received heights",
    ),
    "scale factor that is none": (lambda w: w.serve(scale_factor="twice"), errors.BadParameter, 'such as "4" or "1/4"'),
    "another receptive field": (
        lambda w: w.serve(sources=(ServedSource((w["image.tif"],), None, (7, 7)),)),
        errors.BadModel,
        "Check the receptive field",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_bad_input_has_its_clear_error_and_leaves_nothing(world: World, case: str) -> None:
    build, kind, message = REFUSED[case]
    before = _files(world)
    with pytest.raises(kind, match=message) as caught:
        worker.run_job(build(world), Reporter(lambda event: None))
    assert not isinstance(caught.value, errors.InternalError)
    assert ".." not in str(caught.value).replace("...", "")
    assert _files(world) == before


ACCEPTED: dict[str, tuple[Build, str]] = {
    "image without CRS": (lambda w: w.select(image=w["no_crs.tif"]), "The image has no CRS: the truth's is assumed"),
    "truth in another CRS": (lambda w: w.select(truth=w["degrees.gpkg"]), ""),
    "one class": (lambda w: w.select(truth=w["one_class.gpkg"]), ""),
    "huge and negative class numbers": (lambda w: w.select(truth=w["huge.gpkg"]), ""),
    "huge and negative labels": (lambda w: w.labels(labels=w["huge_labels.tif"]), ""),
    "NaN in a part of the image": (lambda w: w.extract("half_nan.tif"), "samples rejected: .* no-data in the patch"),
    "no-data in a part of the image": (lambda w: w.extract("half_nodata.tif"), "samples rejected: .* no-data in the patch"),
    "patches over the edge, wanted": (lambda w: w.extract(size=SIDE * 3, padding=True), ""),
    "serving one pixel": (lambda w: w.serve("one_pixel.tif"), ""),
    "serving one pixel without its surroundings": (lambda w: w.serve("one_pixel.tif", edges="valid"), ""),
    "serving without CRS": (lambda w: w.serve("no_crs.tif"), ""),
    "serving a rotated image": (lambda w: w.serve("rotated.tif"), ""),
    "blocks larger than the image": (lambda w: w.serve(block_size=100_000), ""),
    "hardly any memory": (lambda w: w.serve(memory=1), ""),
}


@pytest.mark.parametrize("case", ACCEPTED)
def test_odd_input_works_and_says_what_was_assumed(world: World, case: str) -> None:
    build, warning = ACCEPTED[case]
    events: list[dict[str, Any]] = []
    assert worker.run_job(build(world), Reporter(events.append))
    warnings = "\n".join(event["text"] for event in events if event.get("level") == "warning")
    assert re.search(warning, warnings)
    _clean(world)


@pytest.mark.parametrize(("image", "empty_rows"), [("half_nan.tif", SIDE // 2), ("half_nodata.tif", SIDE // 2), ("all_nan.tif", SIDE)])
def test_pixels_without_data_are_without_data_in_the_map(world: World, image: str, empty_rows: int) -> None:
    worker.run_job(world.serve(image), Reporter(lambda event: None))
    with rasterio.open(world["out.tif"]) as land_cover:
        codes = land_cover.read(1)
        assert (codes[:empty_rows] == land_cover.nodata).all()
        assert (codes[empty_rows:] != land_cover.nodata).all()
    _clean(world)


def test_samples_of_a_truth_in_degrees_are_those_of_the_same_truth_in_metres(world: World) -> None:
    found = []
    for truth in ("truth.gpkg", "degrees.gpkg"):
        worker.run_job(world.select(truth=world[truth], sampling=Sampling("all")), Reporter(lambda event: None))
        with fiona.open(world["out.gpkg"]) as file:
            found.append(sorted((record.geometry.coordinates, record.properties["cover"]) for record in file))
        _clean(world)
    assert found[0] == found[1]


def _files(world: World) -> list[str]:
    return sorted(str(path.relative_to(world.folder)) for path in world.folder.rglob("*"))


def _clean(world: World) -> None:
    for path in world.folder.glob("out*"):
        path.unlink()
