"""A training that was stopped goes on: the same weights, to the last bit, as if it had not been."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core import jobs
from core.errors import Cancelled, CannotWrite
from core.kept import kept_path
from core.model import create
from core.model.folder import read_trainable
from core.training import resume, train
from core.training.checkpoint import Checkpoint
from core.training.loop import Epoch, History
from core.training.measure import Measured, Result
from core.training.metrics import Regression, ValueScores, score
from core.training.remembered import from_plain, to_plain

ROOT = Path(__file__).resolve().parents[3]
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
    from core.reporting import Reporter

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


def stop_after(monkeypatch: pytest.MonkeyPatch, epochs: int) -> None:
    """Let a training end so suddenly, after the checkpoint of this epoch, that nothing is tidied up but the lock."""
    keep = resume.Kept.epoch

    def epoch(self: resume.Kept, history: History) -> None:
        keep(self, history)
        if len(history.epochs) == epochs:
            raise Stopped

    monkeypatch.setattr(resume.Kept, "epoch", epoch)


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
    assert "Going on from epoch" in reporter.texts
    assert both(job) == expected  # of another process, too: so two plain runs of one seed are equal
    assert not [name for name in os.listdir(tmp_path) if name.startswith(".")]


@pytest.mark.parametrize(
    ("changes", "memory"),
    [
        ({}, None),
        ({"accumulation": 2, "patience": 3, "learning_rate": 3e-2}, None),
        ({"optimizer": "sgd", "schedule": "cosine", "warmup": 2, "epochs": 5}, 64),
    ],
    ids=["held", "accumulated, ends early", "streamed"],
)
def test_stopped_after_every_epoch(
    base: jobs.TrainModel, tmp_path: Path, make_reporter: Any, monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any], memory: int | None
) -> None:
    job = named(replace(base, fitting=replace(base.fitting, **changes)), tmp_path, "stopped")
    if memory:
        monkeypatch.setattr("core.training.prepare.MEGABYTE", 500)  # a budget of 64 MB is then 32 kB
        job = replace(job, memory=memory)
    expected = whole(job, tmp_path, make_reporter)
    epoch, texts = 0, ""
    while True:
        epoch += 1
        reporter = make_reporter()
        with monkeypatch.context() as patch:
            stop_after(patch, epoch)
            try:
                train.run(job, reporter)
                break
            except Stopped:
                assert not os.path.exists(job.output)
        texts = reporter.texts
    assert ("streamed" in texts) is bool(memory)
    assert both(job) == expected
    assert epoch == job.fitting.epochs + 1 or job.fitting.patience  # stopped once after each
    assert not os.path.exists(kept_path(job.output))
