"""A training that was stopped goes on: the same weights, to the last bit, as if it had not been."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core import jobs
from core.errors import Cancelled, CannotWrite
from core.kept import kept_path
from core.metrics import Regression, ValueScores, score
from core.model import create
from core.model.folder import read_trainable
from core.reporting import Reporter
from core.training import train
from core.training.loop import Epoch, History
from core.training.measure import Measured, Result
from core.training.network import trainee as keras_trainee
from core.training.resuming import resume
from core.training.resuming.checkpoint import Checkpoint
from core.training.resuming.remembered import from_plain, to_plain

ROOT = Path(__file__).resolve().parents[4]
EPOCHS, COUNT, SIDE = 12, 75, 16


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("trainings")


@pytest.fixture(scope="module")
def patches(folder: Path, make_raster: Callable[..., str]) -> Callable[[int], jobs.PatchSet]:
    def make(seed: int) -> jobs.PatchSet:
        rng, labels = np.random.default_rng(seed), np.arange(COUNT) % 3
        pixels = rng.normal(1000 + 200 * labels[:, None, None, None], 300, (COUNT, SIDE, SIDE, 2)).astype("uint16")
        image = make_raster(folder / f"patches{seed}.tif", pixels.reshape(-1, SIDE, 2))
        return jobs.PatchSet((image,), (make_raster(folder / f"labels{seed}.tif", labels[:, None].astype("int32")),))

    return make


@pytest.fixture(scope="module")
def base(folder: Path, patches: Callable[[int], jobs.PatchSet]) -> jobs.TrainModel:
    """All that is random, and all that is remembered: noise, dropout, batch normalisation, poses, plateaus, an optimizer with moments."""
    model = str(folder / "untrained")
    create.run(jobs.CreateModel("cnn16bn", (2,), 3, output=model), Reporter(lambda event: None))
    fitting = jobs.Fitting(EPOCHS, 32, learning_rate=1e-3, schedule="plateau", optimizer="adamw")
    return jobs.TrainModel(model, patches(0), patches(1), fitting, jobs.PatchAugmentation(poses=True), resume=True, seed=3)


def weights(path: str) -> bytes:
    return b"".join(w.tobytes() for w in read_trainable(path)[0].get_weights())


def both(job: jobs.TrainModel) -> tuple[bytes, bytes]:
    return weights(job.output), weights(job.output_last)


class Stopped(Exception):
    """Whoever pulls the plug."""


def pulled(*arguments: Any) -> None:
    raise Stopped


def stopped(job: jobs.TrainModel, epochs: int, reporter: Any) -> bool:
    """Run it and stop it when so many epochs are kept; False if it ended before."""
    keep = resume.Kept.epoch

    def epoch(self: resume.Kept, history: History) -> None:
        keep(self, history)
        if len(history.epochs) == epochs:
            raise Stopped

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(resume.Kept, "epoch", epoch)
        try:
            train.run(job, reporter)
        except Stopped:
            return True
    return False


def named(job: jobs.TrainModel, tmp_path: Path, name: str) -> jobs.TrainModel:
    return replace(job, output=str(tmp_path / name), output_last=str(tmp_path / f"{name}_last"))


def whole(job: jobs.TrainModel, tmp_path: Path, make_reporter: Any) -> tuple[bytes, bytes]:
    job = replace(named(job, tmp_path, "whole"), resume=False)
    train.run(job, make_reporter())
    return both(job)


def test_killed_in_epoch_7_of_12(base: jobs.TrainModel, tmp_path: Path, make_reporter: Any) -> None:
    job = named(base, tmp_path, "killed")
    expected = whole(job, tmp_path, make_reporter)
    (tmp_path / "job.json").write_text(json.dumps(jobs.to_dict(job)))
    process = subprocess.Popen([sys.executable, "-m", "core", str(tmp_path / "job.json")], cwd=ROOT, stderr=subprocess.PIPE)
    assert process.stderr is not None
    for line in process.stderr:
        if b"Epoch 7" in line.replace(b"\r", b"\n"):
            break
    process.kill()
    process.wait()
    assert not os.path.exists(job.output)
    reporter = make_reporter()
    train.run(job, reporter)
    assert "Going on from epoch 7 of 12" in reporter.texts and "Epoch 6/12" not in reporter.texts
    assert both(job) == expected  # of another process, too: so two plain runs of one seed are equal
    assert not [name for name in os.listdir(tmp_path) if name.startswith(".")]


@pytest.mark.parametrize(
    ("changes", "streamed"),
    [
        ({"accumulation": 2, "patience": 2, "learning_rate": 3e-2, "epochs": 6}, False),
        ({"optimizer": "sgd", "schedule": "cosine", "warmup": 1, "epochs": 3}, True),
    ],
    ids=["accumulated, ends early", "streamed"],
)
def test_stopped_after_every_epoch(
    base: jobs.TrainModel, tmp_path: Path, make_reporter: Any, monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any], streamed: bool
) -> None:
    job = named(replace(base, fitting=replace(base.fitting, **changes)), tmp_path, "stopped")
    if streamed:
        monkeypatch.setattr("core.training.data.prepare.MEGABYTE", 500)  # a budget of 64 MB is then 32 kB
        job = replace(job, memory=64)
    expected, stops, reporter = whole(job, tmp_path, make_reporter), 0, make_reporter()
    while stopped(job, stops + 1, reporter := make_reporter()):
        stops += 1
        assert not os.path.exists(job.output)
    assert ("streamed" in reporter.texts) is streamed
    assert stops == job.fitting.epochs or ("training ends here" in reporter.texts and 2 < stops < job.fitting.epochs)
    assert both(job) == expected
    assert not os.path.exists(kept_path(job.output))


def short(base: jobs.TrainModel, tmp_path: Path) -> jobs.TrainModel:
    return named(replace(base, fitting=replace(base.fitting, epochs=2)), tmp_path, "short")


@pytest.fixture(scope="module")
def expected_of_short(base: jobs.TrainModel, folder: Path) -> tuple[bytes, bytes]:
    job = replace(short(base, folder), resume=False)
    train.run(job, Reporter(lambda event: None))
    return both(job)


def run(job: jobs.TrainModel, make_reporter: Any) -> str:
    reporter = make_reporter()
    train.run(job, reporter)
    return str(reporter.texts)


def test_killed_while_the_model_is_written(
    base: jobs.TrainModel, tmp_path: Path, make_reporter: Any, monkeypatch: pytest.MonkeyPatch, expected_of_short: Any
) -> None:
    job = short(base, tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(keras_trainee, "write_folder", pulled)
        with pytest.raises(Stopped):
            train.run(job, make_reporter())
    texts = run(job, make_reporter)
    assert "All 2 epochs were finished" in texts and "Epoch 2/2" not in texts
    assert both(job) == expected_of_short


def test_another_training_starts_afresh_and_says_what_changed(
    base: jobs.TrainModel, tmp_path: Path, make_reporter: Any, patches: Callable[[int], jobs.PatchSet], expected_of_short: Any
) -> None:
    job = short(base, tmp_path)
    changed = replace(job, fitting=replace(job.fitting, epochs=3, learning_rate=0.5), validation=patches(2))
    assert stopped(changed, 1, make_reporter())
    texts = run(job, make_reporter)
    for words in ("EPOCHS changed from 3 to 2", "LEARNING_RATE changed from 0.5 to 0.001", "the validation patches changed (patches2.tif"):
        assert words in texts
    assert "Going on" not in texts and both(job) == expected_of_short


def test_where_the_outputs_go_does_not_matter(base: jobs.TrainModel, tmp_path: Path, make_reporter: Any) -> None:
    job = short(base, tmp_path)
    assert stopped(job, 1, make_reporter())
    assert "Going on from epoch 2 of 2" in run(replace(job, output_last="", memory=job.memory + 1), make_reporter)


def test_damaged_epochs_go(base: jobs.TrainModel, tmp_path: Path, make_reporter: Any) -> None:
    job = short(base, tmp_path)
    assert stopped(job, 1, make_reporter())
    file = Path(kept_path(job.output)) / "epoch"
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    assert "is damaged" in run(job, make_reporter)
    assert not file.parent.exists()


def test_without_resume_leftovers_go(tmp_path: Path) -> None:
    checkpoint = Checkpoint(str(tmp_path / "model"))
    checkpoint.write(1, {})
    checkpoint.close()
    assert resume.NothingKept(str(tmp_path / "model")).history is None
    assert os.listdir(tmp_path) == []


def test_a_cancel_keeps_finished_epochs_and_only_them(base: jobs.TrainModel, tmp_path: Path, make_reporter: Any) -> None:
    class Impatient(make_reporter):  # type: ignore[misc]
        epoch = 2

        def progress(self, fraction: float, what: str = "") -> None:
            if what.startswith(f"Epoch {self.epoch}"):
                self.cancelled.set()
            super().progress(fraction, what)

    job = short(base, tmp_path)
    reporter = Impatient()
    reporter.epoch = 1
    with pytest.raises(Cancelled):
        train.run(job, reporter)
    assert not os.path.exists(kept_path(job.output))
    reporter = Impatient()
    with pytest.raises(Cancelled):
        train.run(job, reporter)
    assert "run it again with RESUME" in reporter.texts and sorted(os.listdir(kept_path(job.output))) == ["epoch", "lock"]


@pytest.mark.parametrize("again", [True, False])
def test_two_trainings_onto_one_output(base: jobs.TrainModel, tmp_path: Path, make_reporter: Any, again: bool) -> None:
    job, other = replace(short(base, tmp_path), resume=again), Checkpoint(str(tmp_path / "short"))
    with pytest.raises(CannotWrite, match="Another run is writing"):
        train.run(job, make_reporter())
    other.close()


@pytest.mark.parametrize("place", [0, 15, 16, 300, -1])
def test_no_damage_goes_unseen(tmp_path: Path, place: int) -> None:
    checkpoint, file = Checkpoint(str(tmp_path / "model")), Path(kept_path(str(tmp_path / "model"))) / "epoch"
    assert checkpoint.empty and checkpoint.read() is None
    arrays = {"a/0": np.arange(5, dtype=np.float16), "a/1": np.array(3, np.int64), "none": np.empty((0, 2))}
    checkpoint.write({"said": [1, None, 0.1]}, arrays)
    told, found = checkpoint.read() or (None, {})
    assert told == {"said": [1, None, 0.1]} and found.keys() == arrays.keys()
    for name, array in arrays.items():
        np.testing.assert_array_equal(found[name], array, strict=True)
    whole = file.read_bytes()
    for content in (whole[:place], whole[:place] + bytes([whole[place] ^ 4]) + whole[place:][1:], bytes(len(whole))):
        file.write_bytes(content)
        assert checkpoint.read() is None
    checkpoint.remove()
    assert not file.parent.exists()


def test_a_full_disk_is_told_and_the_epoch_before_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(file: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    checkpoint = Checkpoint(str(tmp_path / "model"))
    checkpoint.write(1, {"a": np.zeros(3)})
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(CannotWrite, match=r"Disk full.*model"):
        checkpoint.write(2, {"a": np.ones(3)})
    assert (checkpoint.read() or (None,))[0] == 1
    assert sorted(os.listdir(checkpoint.path)) == ["epoch", "lock"]


def test_a_history_is_remembered_to_the_last_figure() -> None:
    regression = Regression((ValueScores("height", 0.1, 1 / 3, None, -0.0, 7), ValueScores("mass", 1e-300, 2e300, 0.7, 0.1, 0)))
    results = Result("classes", score(np.array([[3, 1, 2], [0, 4, 0]]), ["a", "b"]), True), Result("values", regression)
    epochs = [Epoch(1, 0.1, None, 1e-3, 2.5, Measured(1 / 3, results, np.empty(0, np.float32))), Epoch(2, None, 0.5, 0.0, 0.1, None)]
    history = History("iou", epochs, epochs[0], [np.ones(2)], drops=2, waited=1)
    again = from_plain(json.loads(json.dumps(to_plain(history))), history.weights)
    np.testing.assert_equal([vars(epoch) for epoch in again.epochs][1], vars(epochs[1]))
    assert repr(again) == repr(history) and again.best is again.epochs[0]
    assert again.epochs[0].merit("iou") == epochs[0].merit("iou")
