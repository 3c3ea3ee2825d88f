"""Training, from patch images on disk to a model folder that serves."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core import jobs
from core.errors import BadModel, BadParameter, BadTruth, Cancelled, CannotRead, TensorscapeError
from core.model.contract import read
from core.model.folder import read_trainable
from core.model.loading import load
from core.training import train

Make = Callable[..., Any]
POSES = jobs.PatchAugmentation(poses=True)


def job(model: str, training: jobs.PatchSet, tmp_path: Path, **changes: Any) -> jobs.TrainModel:
    """Fields of the job and of its fitting alike."""
    names = {field.name for field in fields(jobs.Fitting)}
    fitting = {"epochs": 6, "batch_size": 12, "learning_rate": 5e-3, **{name: changes.pop(name) for name in names & set(changes)}}
    return jobs.TrainModel(model, training, fitting=jobs.Fitting(**fitting), **{"output": str(tmp_path / "trained"), **changes})


def weights(path: str) -> np.ndarray:
    return np.concatenate([w.ravel() for w in read_trainable(path)[0].get_weights()])


def test_it_learns_and_the_model_serves_the_codes(make_model: Make, make_patches: Make, tmp_path: Path, reporter: Any) -> None:
    training = make_patches("t", codes=(10, 20, 40))
    validation = make_patches("v", codes=(3, 2, 1), seed=1, count=7)  # the same classes under other codes: matched by name
    page = tmp_path / "report.html"
    outputs = train.run(job(make_model(), training, tmp_path, validation=validation, output_html=str(page), augmentation=POSES), reporter)
    assert outputs["OVERALL_ACCURACY"] > 0.95 and outputs["KAPPA"] > 0.9 and outputs["F1"] > 0.95
    assert 1 <= outputs["BEST_EPOCH"] <= 6
    json.dumps(outputs, allow_nan=False)
    assert reporter.texts.count("validation: loss") == 6
    contract = read(outputs["OUTPUT"])
    assert contract is not None and contract.trained and contract.name == "trained"
    assert [(c.code, c.name) for c in contract.classes] == [(10, "forest"), (20, "water"), (40, "town")]
    assert contract.inputs[0].bands == ("B02", "B03") and contract.inputs[0].spacing == 10.0
    levels = np.array([1000, 2000, 3000])
    patches = np.broadcast_to(levels[:, None, None, None], (3, 16, 16, 2)).astype(np.float32)
    served = load.load(outputs["OUTPUT"]).run({"source1": patches}, ["prediction"])  # raw pixels: the model normalises them itself
    np.testing.assert_array_equal(served["prediction"], [10, 20, 40])
    text = page.read_text(encoding="utf-8")
    assert text.count("data:image/png;base64,") >= 3 and "http" not in text.replace("xmlns", "")
    for word in ("forest", "water", "town", "Confusion matrix", "&quot;job&quot;: &quot;trainmodel&quot;", "21 validation samples"):
        assert word in text


def test_without_validation_it_says_so(make_model: Make, make_patches: Make, tmp_path: Path, reporter: Any) -> None:
    page = tmp_path / "r.html"
    train.run(job(make_model(), make_patches("t"), tmp_path, output_html=str(page), epochs=2), reporter)
    assert "No validation data" in reporter.texts and "No validation data" in page.read_text(encoding="utf-8")


def test_streamed_from_disk_it_learns_as_well(
    make_model: Make, make_patches: Make, tmp_path: Path, reporter: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr("core.training.data.prepare.MEGABYTE", 100)  # a budget of 64 MB is then 6.4 kB
    validation = make_patches("v", seed=1, count=5)
    outputs = train.run(job(make_model(), make_patches("t"), tmp_path, memory=64, validation=validation), reporter)
    assert "streamed from disk" in reporter.texts and outputs["OVERALL_ACCURACY"] > 0.95


def test_otbtf_patch_images_without_sidecars(make_model: Make, make_patches: Make, tmp_path: Path, reporter: Any) -> None:
    outputs = train.run(job(make_model(), make_patches("t", names=(), codes=(0, 5, 9)), tmp_path), reporter)
    contract = read(outputs["OUTPUT"])
    assert contract is not None and [c.name for c in contract.classes] == ["0", "5", "9"]
    assert contract.outputs[0].nodata == 255 and contract.inputs[0].bands == ()


def test_the_same_seed_gives_the_same_model(make_model: Make, make_patches: Make, tmp_path: Path, reporter: Any) -> None:
    base = job(make_model(), make_patches("t"), tmp_path, epochs=2, augmentation=POSES, balance_classes=True)
    for name, seed in (("a", 5), ("b", 5), ("c", 6)):
        train.run(replace(base, seed=seed, output=str(tmp_path / name)), reporter)
    np.testing.assert_array_equal(weights(str(tmp_path / "a")), weights(str(tmp_path / "b")))
    assert (weights(str(tmp_path / "a")) != weights(str(tmp_path / "c"))).any()


def test_the_normalisation_is_learnt_once_and_kept_when_trained_on(
    make_model: Make, make_patches: Make, tmp_path: Path, reporter: Any
) -> None:
    def mean(path: str) -> np.ndarray:
        return np.array(read_trainable(path)[0].get_layer("normalization1").adapt_mean)

    first = train.run(job(make_model(), make_patches("t"), tmp_path, epochs=1), reporter)["OUTPUT"]
    np.testing.assert_allclose(mean(first), 2000, atol=20)
    other = make_patches("o", levels=(5000, 6000, 7000))
    second = train.run(job(first, other, tmp_path, epochs=1, output=str(tmp_path / "second")), reporter)["OUTPUT"]
    np.testing.assert_array_equal(mean(second), mean(first))
    assert "keeps its normalisation" in reporter.texts


def test_a_constant_band_is_harmless(make_model: Make, make_patches: Make, tmp_path: Path, reporter: Any, make_raster: Make) -> None:
    training = make_patches("t")
    pixels = np.random.default_rng(0).normal(2000, 300, (60 * 16, 16, 2))
    pixels[:, :, 1] = 7
    training = replace(training, sources=(make_raster(tmp_path / "constant.tif", pixels),))
    output = train.run(job(make_model(), training, tmp_path, epochs=1), reporter)["OUTPUT"]
    assert "band 2" in reporter.texts
    other = np.full((1, 16, 16, 2), 9.0, np.float32)  # not the constant: must not explode
    features = load.load(output).run({"source1": other}, ["features"])["features"]
    assert np.isfinite(features).all() and np.abs(features).max() < 1e3


def test_divergence_is_told_and_leaves_no_model(make_model: Make, make_patches: Make, tmp_path: Path, reporter: Any) -> None:
    with pytest.raises(BadParameter, match=r"diverged in epoch .*Lower the learning rate"):
        train.run(job(make_model(), make_patches("t"), tmp_path, learning_rate=1e30), reporter)
    assert not (tmp_path / "trained").exists()


def test_a_cancel_in_the_middle_of_an_epoch(make_model: Make, make_patches: Make, tmp_path: Path, make_reporter: Any) -> None:
    class Impatient(make_reporter):  # type: ignore[misc]
        stopped = 0.0

        def progress(self, fraction: float, what: str = "") -> None:
            if what.startswith("Epoch 2") and not self.cancelled.is_set():
                self.cancelled.set()
                self.stopped = time.monotonic()
            super().progress(fraction, what)

    reporter = Impatient()
    with pytest.raises(Cancelled):
        train.run(job(make_model(), make_patches("t"), tmp_path, epochs=1000), reporter)
    assert time.monotonic() - reporter.stopped < 1.0
    assert not [name for name in os.listdir(tmp_path) if name.startswith((".", "trained"))]


@pytest.mark.parametrize(
    ("spoil", "kind", "said"),
    [
        (lambda j, m: replace(j, output=""), BadParameter, "expected a folder"),
        (lambda j, m: replace(j, model=j.model + "x"), BadModel, "No model in"),
        (lambda j, m: replace(j, training=jobs.PatchSet()), BadParameter, "received no label image"),
        (lambda j, m: replace(j, training=replace(j.training, sources=())), BadParameter, "received no patches"),
        (lambda j, m: replace(j, training=replace(j.training, sources=j.training.sources * 2)), BadParameter, r"expected 1 source\(s\)"),
        (lambda j, m: replace(j, training=replace(j.training, labels=("/nowhere.tif",))), CannotRead, "does not exist"),
        (lambda j, m: replace(j, training=m("x", bands=3)), BadModel, r"received 16 columns, 3 bands.*BANDS"),
        (lambda j, m: replace(j, training=m("x", side=15)), BadModel, "expected 16 columns, 16 rows, 2 bands, received 15 columns"),
        (
            lambda j, m: replace(j, training=replace(m("x", count=5), labels=j.training.labels)),
            BadParameter,
            "a label for each of them.*received 15 in .*60 in",
        ),
        (lambda j, m: replace(j, training=m("x", (1, 2), ("a", "b"))), BadModel, r"2 classes \(a, b\).*CLASSES=2"),
        (lambda j, m: replace(j, training=m("x", (1,), ("a",))), BadTruth, "at least two classes"),
        (lambda j, m: replace(j, validation=m("x", names=("forest", "water", "moon"))), BadTruth, "received moon"),
        (lambda j, m: replace(j, validation=replace(j.training, labels=())), BadParameter, "Validation data"),
    ],
)
def test_what_cannot_be_trained_on(
    make_model: Make, make_patches: Make, tmp_path: Path, reporter: Any, spoil: Any, kind: type[TensorscapeError], said: str
) -> None:
    good = job(make_model(), make_patches("t"), tmp_path)
    with pytest.raises(kind, match=said):
        train.run(spoil(good, make_patches), reporter)
    assert not (tmp_path / "trained").exists()
