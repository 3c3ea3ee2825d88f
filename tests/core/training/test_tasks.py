"""What can be learnt: maps with partly known truth, measurements, several heads; with networks of others, and fine-tuned ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core import jobs
from core.classes import make_classes
from core.errors import BadModel, BadParameter, BadTruth
from core.model.backend import keras
from core.model.contract import read
from core.model.folder import read_trainable
from core.model.loading import load
from core.sampling import sidecar
from core.sampling.records import PatchRecords
from core.training import train

Make = Callable[..., Any]
SIDE, COUNT = 12, 24
layers = keras.layers


@pytest.fixture
def write(tmp_path: Path, make_raster: Make) -> Make:
    """Writes (samples, rows, cols, bands) as a patch image, with the sidecar of that kind."""

    def make(name: str, patches: np.ndarray, kind: str = "", classes: Any = (), bands: tuple[str, ...] = ()) -> str:
        count, rows, cols, depth = patches.shape
        path = make_raster(tmp_path / name, patches.reshape(count * rows, cols, depth))
        if kind:
            names = bands or tuple(f"b{i}" for i in range(depth))
            sidecar.write(path, sidecar.PatchSidecar(kind, count, rows, cols, names, classes=make_classes(classes)))
        return path

    return make


@pytest.fixture
def scene() -> tuple[np.ndarray, np.ndarray]:
    """Patches of two bands, (samples, SIDE, SIDE, 2) float32, and the codes 1 and 2 of their pixels, which the bands tell."""
    rng = np.random.default_rng(0)
    codes = np.repeat(np.repeat(rng.integers(1, 3, (COUNT, SIDE // 4, SIDE // 4)), 4, axis=1), 4, axis=2)
    return rng.normal(codes[..., None] * 10, 2, (COUNT, SIDE, SIDE, 2)).astype(np.float32), codes[..., None].astype(np.uint8)


def save(tmp_path: Path, build: Callable[[Any], Any], size: int | None = None, name: str = "mine.keras") -> str:
    source = keras.Input((size, size, 2), name="image")
    keras.utils.set_random_seed(0)
    network = keras.Model(source, build(layers.Rescaling(0.1, offset=-1.5)(source)))
    network.save(tmp_path / name)
    return str(tmp_path / name)


def run(model: str, training: jobs.PatchSet, tmp_path: Path, reporter: Any, **changes: Any) -> dict[str, Any]:
    names = {field.name for field in fields(jobs.Fitting)}
    fitting = {"epochs": 20, "batch_size": 7, "learning_rate": 0.02, **{name: changes.pop(name) for name in names & set(changes)}}
    given = {"output": str(tmp_path / "trained"), "validation": training, **changes}
    return train.run(jobs.TrainModel(model, training, fitting=jobs.Fitting(**fitting), **given), reporter)


def served(path: str, patches: np.ndarray, *names: str) -> list[np.ndarray]:
    model = load.load(path)
    found = model.run({model.inputs[0].name: patches}, names)
    return [found[name] for name in names]


def test_a_map_is_learnt_from_partly_known_truth(scene: Any, write: Make, tmp_path: Path, reporter: Any) -> None:
    pixels, codes = scene
    partly = codes.copy()
    partly[:, :, 5:] = 0
    patches = jobs.PatchSet((write("p.tif", pixels),), (write("l.tif", partly, "labels", [(1, "field"), (2, "wood")]),))
    model = save(tmp_path, lambda x: layers.Conv2D(2, 1, activation="softmax", name="cover")(x))
    outputs = run(model, patches, tmp_path, reporter, ignore=0, learning_rate=0.1)
    assert outputs["OVERALL_ACCURACY"] > 0.95 and outputs["IOU"] > 0.9
    contract = read(outputs["OUTPUT"])
    assert contract is not None and contract.fully_convolutional and [c.name for c in contract.classes] == ["field", "wood"]
    told, probabilities = served(outputs["OUTPUT"], pixels, "prediction", "probabilities")
    assert (told == codes[..., 0]).mean() > 0.95  # where it was never told, too
    assert probabilities.shape == (COUNT, SIDE, SIDE, 2)
    assert f"field {int((partly == 1).sum()):,}" in reporter.texts


def test_labels_of_another_spacing_than_the_models_answer_are_refused(scene: Any, write: Make, tmp_path: Path, reporter: Any) -> None:
    pixels, codes = write("p.tif", scene[0]), write("l.tif", scene[1])
    for path, patches, spacing, kind in ((pixels, scene[0], 10.0, "patches"), (codes, scene[1], 20.0, "labels")):
        count, rows, cols, depth = patches.shape
        names, classes = tuple(f"b{i}" for i in range(depth)), make_classes([(1, "a"), (2, "b")]) if kind == "labels" else ()
        told = sidecar.PatchSidecar(kind, count, rows, cols, names, crs="EPSG:32631", spacing=(spacing, spacing), classes=classes)
        sidecar.write(path, told)
    model = save(tmp_path, lambda x: layers.Conv2D(2, 1, activation="softmax", name="cover")(x))
    with pytest.raises(BadTruth, match=r"pixels of 10 map units.*received 20"):
        run(model, jobs.PatchSet((pixels,), (codes,)), tmp_path, reporter)


def test_a_network_without_padding_learns_the_middle_of_the_labels(scene: Any, write: Make, tmp_path: Path, reporter: Any) -> None:
    pixels, codes = scene
    moved = np.roll(pixels, 1, axis=2)  # what decides lies one pixel to the right: only the right crop can learn it
    patches = jobs.PatchSet((write("p.tif", moved),), (write("l.tif", codes, "labels"),))
    model = save(tmp_path, lambda x: layers.Conv2D(2, 3, activation="softmax", name="cover")(x))
    outputs = run(model, patches, tmp_path, reporter)
    assert outputs["OVERALL_ACCURACY"] > 0.95
    (told,) = served(outputs["OUTPUT"], moved, "prediction")
    assert (told == codes[:, 1:-1, 1:-1, 0]).mean() > 0.95


def test_measurements_are_learnt_in_their_own_unit(write: Make, tmp_path: Path, reporter: Any, make_model: Make) -> None:
    rng = np.random.default_rng(0)
    height = rng.uniform(200, 900, 120)
    pixels = np.broadcast_to(height[:, None, None, None] * [1, 0.01], (120, 16, 16, 2)) + rng.normal(0, 1, (120, 16, 16, 2))
    truth = np.stack([height, 1e-4 * height], axis=1).reshape(120, 1, 1, 2).astype(np.float32)
    truth[3, 0, 0, 1] = np.nan
    patches = jobs.PatchSet((write("p.tif", pixels.astype("f4")),), (write("t.tif", truth, "targets", bands=("height", "biomass")),))
    outputs = run(make_model(classes=0, targets=2), patches, tmp_path, reporter, batch_size=16, learning_rate=5e-3)
    assert outputs["R2"] > 0.9 and outputs["MAE"] < outputs["RMSE"] and "OVERALL_ACCURACY" not in outputs
    contract = read(outputs["OUTPUT"])
    assert contract is not None and contract.outputs[0].bands == ("height", "biomass") and contract.outputs[0].kind == "values"
    (values,) = served(outputs["OUTPUT"], pixels.astype("f4"), "values")
    assert np.abs(values[:, 0] - height).mean() < 60


def test_several_heads_share_a_network(scene: Any, write: Make, tmp_path: Path, reporter: Any, make_model: Make) -> None:
    pixels = np.repeat(np.repeat(scene[0][:, :8, :8], 2, axis=1), 2, axis=2)
    codes, level = scene[1][:, :1, :1], pixels.mean(axis=(1, 2))[:, :1].reshape(-1, 1, 1, 1)
    labels = (write("l.tif", codes, "labels", [(1, "a"), (2, "b")]), write("t.tif", level, "targets", bands=("level",)))
    patches = jobs.PatchSet((write("p.tif", pixels),), labels)
    model = make_model(classes=2, targets=1)
    outputs = run(model, patches, tmp_path, reporter, loss_weights="1, 0.5")
    assert {"OVERALL_ACCURACY", "RMSE"} <= set(outputs)
    contract = read(outputs["OUTPUT"])
    assert contract is not None
    assert [(spec.name, spec.kind) for spec in contract.outputs[:3]] == [
        ("prediction", "classes"), ("probabilities", "probabilities"), ("values", "values"),
    ]  # fmt: skip
    with pytest.raises(BadParameter, match=r"2 number\(s\)"):
        run(model, patches, tmp_path, reporter, loss_weights="1")
    with pytest.raises(BadParameter, match="Training labels: expected 2, one a head"):
        run(model, jobs.PatchSet(patches.sources, labels[:1]), tmp_path, reporter)


def test_logits_of_others_are_trained_and_served_as_classes(scene: Any, write: Make, tmp_path: Path, reporter: Any) -> None:
    pixels, codes = scene
    patches = jobs.PatchSet((write("p.tif", pixels),), (write("l.tif", codes, "labels", [(1, "a"), (2, "b")]),))
    model = save(tmp_path, lambda x: layers.Conv2D(2, 1, name="scores")(x))
    outputs = run(model, patches, tmp_path, reporter, learning_rate=0.1)
    told, probabilities = served(outputs["OUTPUT"], pixels, "prediction", "probabilities")
    assert (told == codes[..., 0]).mean() > 0.95
    np.testing.assert_allclose(probabilities.sum(axis=-1), 1, atol=1e-5)
    again = run(outputs["OUTPUT"], patches, tmp_path, reporter, epochs=1, output=str(tmp_path / "again"))  # its contract tells it now
    assert again["OVERALL_ACCURACY"] > 0.95


def test_one_sigmoid_tells_a_class_from_the_rest(scene: Any, write: Make, tmp_path: Path, reporter: Any) -> None:
    pixels, codes = scene
    patches = jobs.PatchSet((write("p.tif", pixels),), (write("l.tif", codes - 1, "labels", [(0, "rest"), (1, "building")]),))
    outputs = run(save(tmp_path, lambda x: layers.Conv2D(1, 1, activation="sigmoid")(x)), patches, tmp_path, reporter)
    told, probabilities = served(outputs["OUTPUT"], pixels, "prediction", "probabilities")
    assert (told == codes[..., 0] - 1).mean() > 0.95 and probabilities.shape[-1] == 2


def test_fine_tuning_keeps_what_is_frozen_and_makes_the_head_anew(
    make_model: Make, make_patches: Make, tmp_path: Path, reporter: Any
) -> None:
    first = run(make_model(), make_patches("t"), tmp_path, reporter, epochs=2, output=str(tmp_path / "first"))["OUTPUT"]
    other = make_patches("o", (5, 6), ("ice", "sand"), levels=(1500, 2500))
    with pytest.raises(BadModel, match="REPLACE_HEAD"):
        run(first, other, tmp_path, reporter)
    tuned = run(first, other, tmp_path, reporter, epochs=2, freeze="conv*", replace_head=True)["OUTPUT"]
    (before, _, _), (after, contract, _) = read_trainable(first), read_trainable(tuned)
    assert [c.name for c in contract.classes] == ["ice", "sand"]
    for name in ("conv1", "conv2", "conv3", "normalization1"):
        for old, new in zip(before.get_layer(name).get_weights(), after.get_layer(name).get_weights(), strict=True):
            np.testing.assert_array_equal(old, new)
    assert after.get_layer("conv1").trainable  # frozen for that training only


@pytest.mark.parametrize(("freeze", "said"), [("cnv1", "received cnv1"), ("*", "some that learn")])
def test_what_cannot_be_frozen(make_model: Make, make_patches: Make, tmp_path: Path, reporter: Any, freeze: str, said: str) -> None:
    with pytest.raises(BadParameter, match=said):
        run(make_model(), make_patches("t"), tmp_path, reporter, freeze=freeze)


@pytest.mark.parametrize(("samples", "batch"), [(1, 64), (5, 64), (9, 4)])
def test_every_sample_counts_whatever_the_batch_size(
    make_model: Make, make_patches: Make, tmp_path: Path, reporter: Any, samples: int, batch: int
) -> None:
    seen = run(make_model(), make_patches("t", count=samples), tmp_path, reporter, epochs=25, batch_size=batch)
    assert seen["OVERALL_ACCURACY"] > 0.9  # also where there are fewer samples than a batch


def test_label_patches_for_a_model_of_patches_are_refused(scene: Any, write: Make, tmp_path: Path, reporter: Any, make_model: Make) -> None:
    pixels = np.zeros((4, 16, 16, 2), np.float32)
    patches = jobs.PatchSet((write("p.tif", pixels),), (write("l.tif", np.tile(np.uint8([1, 2]), (4, 16, 8))[..., None], "labels"),))
    with pytest.raises(BadTruth, match="answers once a patch"):
        run(make_model(classes=2), patches, tmp_path, reporter)


def test_the_last_weights_are_written_as_well(make_model: Make, make_patches: Make, tmp_path: Path, reporter: Any) -> None:
    patches = make_patches("t")
    outputs = run(make_model(), patches, tmp_path, reporter, epochs=8, learning_rate=0.05, output_last=str(tmp_path / "last"))
    best, last = (read_trainable(outputs[name])[0].get_weights() for name in ("OUTPUT", "OUTPUT_LAST"))
    different = any((a != b).any() for a, b in zip(best, last, strict=True))
    assert different == (outputs["BEST_EPOCH"] != 8)


def test_records_are_trained_on_like_patch_images(make_patches: Make, make_model: Make, tmp_path: Path, reporter: Any) -> None:
    rng = np.random.default_rng(0)
    codes = np.tile([3, 7], 20)
    pixels = rng.normal(codes[:, None, None, None] * 100, 20, (40, 16, 16, 2)).astype("uint16")
    folder = tmp_path / "records"
    with PatchRecords(str(folder), 40, 15, [(16, 16)], codes[:, None].astype("uint8"), label_image=False) as records:
        records.classes = make_classes([(3, "sea"), (7, "land")])
        records.write(0, [pixels.reshape(-1, 16, 2)])
    outputs = run(make_model(classes=2), jobs.PatchSet(records=str(folder)), tmp_path, reporter)
    contract = read(outputs["OUTPUT"])
    assert outputs["OVERALL_ACCURACY"] > 0.95 and contract is not None and [c.name for c in contract.classes] == ["sea", "land"]
