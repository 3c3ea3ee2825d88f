"""What patches are to teach: label patches, measurements, TFRecords."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fiona
import numpy as np
import pytest
import rasterio

from core.errors import BadParameter, BadTruth, CannotWrite
from core.jobs import ExtractPatches, LabelImage, PatchSource
from core.sampling import extract, records, sidecar


@pytest.fixture
def make_points(make_layer: Callable, point: Callable) -> Callable[..., str]:
    """A layer of (row, col, height, weight) in 10 m pixels."""

    def make(path: Path, samples: list[tuple[float, float, Any, Any]], weight: str = "float") -> str:
        features = [(point(row, col), {"height": height, "weight": weight}) for row, col, height, weight in samples]
        return make_layer(path, features, {"height": "float", "weight": weight}, "EPSG:32631", "Point")

    return make


@pytest.fixture
def image(tmp_path: Path, make_raster: Callable) -> str:
    return make_raster(tmp_path / "image.tif", np.arange(1600, dtype="uint16").reshape(40, 40), names=("red",))


def job_for(folder: Path, image: str, points: str, size: int = 4, **changes: Any) -> ExtractPatches:
    source = PatchSource((image,), size, size, output=str(folder / "patches.tif"))
    return ExtractPatches((source,), points, **{"output_labels": str(folder / "labels.tif"), **changes})


def patches_of(path: str) -> np.ndarray:
    beside = sidecar.read(path)
    assert beside is not None
    with rasterio.open(path) as stacked:
        return np.moveaxis(stacked.read(), 0, 2).reshape(beside.count, beside.height, beside.width, -1)


PLACES = [(10.5, 10.5, 1.0, 2.0), (20.5, 30.5, 3.0, 4.0), (15.5, 12.5, 5.0, 6.0)]


def test_label_patches_show_the_ground_of_the_image_patches(
    tmp_path: Path, image: str, make_raster: Callable, make_points: Callable, make_reporter: type
) -> None:
    """At half the spacing: each label pixel tells the image pixel that it lies in."""
    labels = make_raster(tmp_path / "truth.tif", np.kron(np.arange(1600).reshape(40, 40) // 40, np.ones((2, 2))).astype("uint8"), spacing=5)
    job = job_for(tmp_path, image, make_points(tmp_path / "p.gpkg", PLACES), labels=LabelImage(labels))
    outputs = extract.run(job, make_reporter())
    found, truth = patches_of(job.sources[0].output), patches_of(job.output_labels)
    assert truth.shape == (3, 8, 8, 1) and truth.dtype == "uint8"
    assert (np.kron(found[..., 0] // 40, np.ones((1, 2, 2))) == truth[..., 0]).all()
    beside = sidecar.read(job.output_labels)
    assert beside is not None and beside.kind == "labels"
    assert [c.code for c in beside.classes] == np.unique(truth).tolist() and outputs["CLASSES"] == len(beside.classes)


def test_partly_labelled_patches_are_rejected(
    tmp_path: Path, image: str, make_raster: Callable, make_points: Callable, make_reporter: type
) -> None:
    truth = np.ones((40, 40), "uint8")
    truth[21, 29] = 255
    labels = make_raster(tmp_path / "truth.tif", truth)
    job = job_for(
        tmp_path, image, make_points(tmp_path / "p.gpkg", [*PLACES, (1.0, 1.0, 0.0, 0.0)]), labels=LabelImage(labels, nodata=255),
        rejected=str(tmp_path / "rejected.gpkg"),
    )  # fmt: skip
    assert extract.run(job, make_reporter())["PATCHES"] == 2
    with fiona.open(job.rejected) as layer:
        found = Counter((f.properties["reason"], f.properties["source"]) for f in layer)
    assert found == {("not labelled everywhere", None): 1, ("patch reaches over the edge of the image", 1): 1}


def test_a_label_image_elsewhere_is_named(
    tmp_path: Path, image: str, make_raster: Callable, make_points: Callable, make_reporter: type
) -> None:
    labels = make_raster(tmp_path / "truth.tif", np.ones((16, 40), "uint8"))
    job = job_for(tmp_path, image, make_points(tmp_path / "p.gpkg", PLACES), labels=LabelImage(labels))
    reporter = make_reporter()
    assert extract.run(job, reporter)["PATCHES"] == 1
    assert "1 × outside the image (label image)" in reporter.texts
    assert "1 × patch reaches over the edge of the image (label image)" in reporter.texts


def test_names_of_a_label_images_classes_are_kept(
    tmp_path: Path, image: str, make_raster: Callable, make_points: Callable, make_reporter: type
) -> None:
    from core.classes import make_classes
    from core.raster.style import write_category_names

    labels = make_raster(tmp_path / "truth.tif", np.full((40, 40), 2, "uint8"))
    write_category_names(labels, make_classes([(1, "water"), (2, "wood")]))
    job = job_for(tmp_path, image, make_points(tmp_path / "p.gpkg", PLACES), labels=LabelImage(labels))
    extract.run(job, make_reporter())
    beside = sidecar.read(job.output_labels)
    assert beside is not None and [(c.code, c.name) for c in beside.classes] == [(2, "wood")]
    assert "<Category>wood</Category>" in Path(job.output_labels + ".aux.xml").read_text()


def test_a_raster_of_measurements_is_cut_as_it_is(
    tmp_path: Path, image: str, make_raster: Callable, make_points: Callable, make_reporter: type
) -> None:
    heights = np.random.default_rng(0).normal(size=(40, 40)).astype("float32")
    labels = make_raster(tmp_path / "dsm.tif", heights)
    job = job_for(tmp_path, image, make_points(tmp_path / "p.gpkg", PLACES[:1]), labels=LabelImage(labels))
    extract.run(job, make_reporter())
    assert (patches_of(job.output_labels)[0, :, :, 0] == heights[8:12, 8:12]).all()


def test_sizes_of_label_patches(tmp_path: Path, image: str, make_raster: Callable, make_points: Callable, make_reporter: type) -> None:
    points = make_points(tmp_path / "p.gpkg", PLACES)
    coarse = make_raster(tmp_path / "coarse.tif", np.ones((20, 20), "uint8"), spacing=20)
    job = job_for(tmp_path, image, points, 5, labels=LabelImage(coarse))
    with pytest.raises(BadParameter, match=r"received 2\.5 × 2\.5 pixels"):
        extract.run(job, make_reporter())
    job = job_for(tmp_path, image, points, 5, labels=LabelImage(coarse, 1, 3))
    extract.run(job, make_reporter())
    assert patches_of(job.output_labels).shape == (3, 3, 1, 1)


def test_measurements_from_fields(tmp_path: Path, image: str, make_points: Callable, make_reporter: type) -> None:
    points = make_points(tmp_path / "p.gpkg", [*PLACES, (11.5, 11.5, None, 1.0), (12.5, 11.5, 1.0, float("nan"))])
    job = job_for(tmp_path, image, points, targets=("height", "weight"), rejected=str(tmp_path / "rejected.gpkg"))
    outputs = extract.run(job, make_reporter())
    assert (outputs["PATCHES"], outputs["REJECTED_COUNT"], outputs["CLASSES"]) == (3, 2, 0)
    beside = sidecar.read(job.output_labels)
    assert beside is not None and (beside.kind, beside.bands) == ("targets", ("height", "weight"))
    values = patches_of(job.output_labels)[:, 0, 0]
    assert values.dtype == "float32" and sorted(map(tuple, values.tolist())) == [(1.0, 2.0), (3.0, 4.0), (5.0, 6.0)]
    assert beside.mean == (3.0, 4.0)
    centres = patches_of(job.sources[0].output)[:, 2, 2, 0]
    assert {int(centre): tuple(value) for centre, value in zip(centres, values.tolist(), strict=True)} == {
        int(row) * 40 + int(col): (height, weight) for row, col, height, weight in PLACES
    }


def test_text_is_no_measurement(tmp_path: Path, image: str, make_points: Callable, make_reporter: type) -> None:
    points = make_points(tmp_path / "p.gpkg", [(9.5, 9.5, 1.0, "much")], "str")
    with pytest.raises(BadTruth, match="'weight' holds no measurements"):
        extract.run(job_for(tmp_path, image, points, targets=("weight",)), make_reporter())


def test_one_truth_only(tmp_path: Path, image: str, make_points: Callable, make_reporter: type) -> None:
    points = make_points(tmp_path / "p.gpkg", PLACES)
    with pytest.raises(BadParameter, match="a field of classes, fields of measurements or a label image"):
        extract.run(job_for(tmp_path, image, points, field="height", targets=("weight",)), make_reporter())


def read_records(folder: str) -> list[dict[str, np.ndarray]]:
    import tensorflow as tf

    types = json.loads((Path(folder) / records.TYPES).read_text())
    names = {name: tf.io.FixedLenFeature([], tf.string) for name in types}
    found = []
    for file in sorted(Path(folder).glob("*.records")):
        for record in tf.data.TFRecordDataset(str(file)):
            parsed = tf.io.parse_single_example(record, names)
            found.append({name: tf.io.parse_tensor(parsed[name], types[name]).numpy() for name in types})
    return found


def test_records_hold_what_the_images_hold(tmp_path: Path, image: str, make_points: Callable, make_reporter: type) -> None:
    points = make_points(tmp_path / "p.gpkg", [(float(i % 30 + 5), float(i % 29 + 5), float(i % 3), 0.0) for i in range(50)])
    folder = str(tmp_path / "shards")
    job = job_for(tmp_path, image, points, field="height", output_records=folder, records_per_file=20)
    assert extract.run(job, make_reporter())["OUTPUT_RECORDS"] == folder
    assert sorted(path.name for path in Path(folder).iterdir()) == [
        "0.records", "1.records", "2.records", "classes.json", "output_shape.json", "output_types.json",
    ]  # fmt: skip
    assert json.loads((Path(folder) / records.SHAPES).read_text()) == {"source1": [4, 4, 1], "labels": [1]}
    found = read_records(folder)
    patches, labels = patches_of(job.sources[0].output), patches_of(job.output_labels)
    expected = sorted((patch.tobytes(), int(label.item())) for patch, label in zip(patches, labels, strict=True))
    assert sorted((sample["source1"].tobytes(), int(sample["labels"].item())) for sample in found) == expected


def test_records_alone_with_label_patches(
    tmp_path: Path, image: str, make_raster: Callable, make_points: Callable, make_reporter: type
) -> None:
    labels = make_raster(tmp_path / "truth.tif", (np.arange(1600).reshape(40, 40) % 7).astype("uint8"))
    folder = str(tmp_path / "shards")
    job = ExtractPatches(
        (PatchSource((image,), 4, 4),), make_points(tmp_path / "p.gpkg", PLACES), labels=LabelImage(labels), output_records=folder
    )
    extract.run(job, make_reporter())
    for sample in read_records(folder):
        assert (sample["source1"] % 7 == sample["labels"]).all()


def test_a_folder_of_others_is_not_replaced(tmp_path: Path, image: str, make_points: Callable, make_reporter: type) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    job = job_for(tmp_path, image, make_points(tmp_path / "p.gpkg", PLACES), field="height", output_records=str(tmp_path / "mine"))
    with pytest.raises(CannotWrite, match="no earlier output"):
        extract.run(job, make_reporter())
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "years of work"
