"""Training on several devices and machines, in processes of their own: TensorFlow's devices are settled when it starts."""

from __future__ import annotations

import json
import os
import signal
import socket
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
from core.errors import BadParameter
from core.jobs import Fitting, TrainModel, to_dict
from core.model import create
from core.model.backend import keras, tf
from core.model.folder import read_trainable
from core.training import distribution, train

ROOT = Path(__file__).resolve().parents[3]
Make = Callable[..., Any]
TWO_DEVICES = """
import sys
from core.model.backend import tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
from core.__main__ import main
sys.exit(max(main([job]) for job in sys.argv[1:]))
"""


@pytest.fixture
def make_job(make_patches: Make, tmp_path: Path, make_reporter: Any) -> Make:
    """21 samples in batches of 10: the last one has a single sample, for two replicas. By gradient descent: Adam would blow up rounding."""

    def make(output: str, distribution: str = "none", count: int = 7, **fitting: Any) -> TrainModel:
        model = tmp_path / "untrained"
        if not model.exists():
            create.run(jobs.CreateModel("cnn16", (2,), 3, output=str(model)), make_reporter())
        settings = {"epochs": 3, "batch_size": 10, "optimizer": "sgd", "learning_rate": 1e-2, **fitting}
        patches = make_patches(f"t{count}", count=count), make_patches("v", seed=1, count=2)
        return TrainModel(str(model), *patches, Fitting(**settings), distribution=distribution, output=str(tmp_path / output))

    return make


def weights(path: str) -> np.ndarray:
    return np.concatenate([array.ravel() for array in read_trainable(path)[0].get_weights()])


def start(
    folder: Path, name: str, *told: TrainModel, program: tuple[str, ...] = ("-m", "core"), **variables: str
) -> subprocess.Popen[bytes]:
    """Jobs in a process of their own; its log lies in `folder`."""
    files = [folder / f"{name}{place}.json" for place in range(len(told))]
    for file, job in zip(files, told, strict=True):
        file.write_text(json.dumps(to_dict(job)), encoding="utf-8")
    command = [sys.executable, *program, *map(str, files)]
    with (folder / f"{name}.log").open("wb") as log:
        return subprocess.Popen(command, cwd=ROOT, env=os.environ | variables, stdout=subprocess.DEVNULL, stderr=log)


def start_workers(jobs_of_workers: list[TrainModel], folder: Path) -> list[subprocess.Popen[bytes]]:
    sockets = [socket.socket() for _ in jobs_of_workers]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    addresses = [f"127.0.0.1:{one.getsockname()[1]}" for one in sockets]
    for one in sockets:
        one.close()
    tasks = [{"cluster": {"worker": addresses}, "task": {"type": "worker", "index": place}} for place in range(len(addresses))]
    pairs = zip(jobs_of_workers, tasks, strict=True)
    return [start(folder, f"worker{place}", job, TF_CONFIG=json.dumps(task)) for place, (job, task) in enumerate(pairs)]


def log_of(folder: Path, name: str) -> str:
    return (folder / f"{name}.log").read_text(encoding="utf-8", errors="replace")


def test_two_devices_train_as_one(make_job: Make, tmp_path: Path, reporter: Any) -> None:
    """Batch normalisation sees half of each batch, but its moving averages are of the whole: seen where weights hardly move."""
    alone = [
        make_job("plain"),
        make_job("parts", accumulation=3, optimizer="adamw", learning_rate=1e-4, epochs=1),
        replace(make_job("normalised", count=8, batch_size=12, epochs=1, learning_rate=1e-12), model=normalised(tmp_path)),
    ]
    both = [replace(job, distribution="mirrored", output=job.output + "2") for job in alone]
    process = start(tmp_path, "both", *both, program=("-c", TWO_DEVICES))
    for job in alone:
        train.run(job, reporter)
    assert process.wait(120) == 0, log_of(tmp_path, "both")
    assert log_of(tmp_path, "both").count("2 devices share every batch") == 3
    for one, two in zip(alone[:2], both[:2], strict=True):
        np.testing.assert_allclose(weights(two.output), weights(one.output), rtol=1e-4, atol=1e-6)
    one, two = (np.asarray(read_trainable(job.output)[0].get_layer("batch").moving_mean) for job in (alone[2], both[2]))
    np.testing.assert_allclose(two, one, rtol=1e-4)
    assert np.abs(one).max() > 1


def normalised(folder: Path) -> str:
    layers, source = keras.layers, keras.Input((16, 16, 2))
    x = layers.BatchNormalization(name="batch")(layers.Conv2D(4, 16)(source))
    keras.Model(source, layers.Dense(3, activation="softmax")(layers.Flatten()(x))).save(folder / "normalised.keras")
    return str(folder / "normalised.keras")


def test_several_machines_do_not_resume(reporter: Any) -> None:
    with pytest.raises(BadParameter, match="RESUME"):
        train.run(TrainModel(output="x", resume=True, distribution="multiworker"), reporter)


def test_with_one_device_nothing_is_shared(make_job: Make, reporter: Any) -> None:
    train.run(make_job("one", epochs=1, distribution="mirrored"), reporter)
    assert "there is nothing to share" in reporter.texts


def test_two_machines_train_as_one_and_the_chief_alone_writes(make_job: Make, tmp_path: Path, reporter: Any) -> None:
    alone = make_job("alone")
    report, table = str(tmp_path / "both.html"), str(tmp_path / "both.csv")  # made by the chief, while the other waits
    both = replace(alone, distribution="multiworker", output=str(tmp_path / "both"), output_html=report, output_csv=table)
    other = tmp_path / "other"  # holds something of the user's: who would write there would fail
    other.mkdir()
    (other / "mine.txt").write_text("mine", encoding="utf-8")
    workers = start_workers([both, replace(both, output=str(other))], tmp_path)
    train.run(alone, reporter)
    for place, worker in enumerate(workers):
        assert worker.wait(120) == 0, log_of(tmp_path, f"worker{place}")
    np.testing.assert_allclose(weights(both.output), weights(alone.output), rtol=1e-4, atol=1e-6)
    assert os.listdir(other) == ["mine.txt"] and "Epoch" not in log_of(tmp_path, "worker1")
    assert "Epoch 3/3" in log_of(tmp_path, "worker0") and os.path.exists(report) and os.path.exists(table)


def test_who_is_left_alone_says_so(make_job: Make, tmp_path: Path) -> None:
    job = make_job("never", epochs=100_000, distribution="multiworker")
    chief, other = start_workers([job, job], tmp_path)
    try:
        deadline = time.monotonic() + 100
        while "Epoch 2/" not in log_of(tmp_path, "worker0"):
            assert time.monotonic() < deadline and chief.poll() is None, log_of(tmp_path, "worker0")
            time.sleep(0.1)
        other.send_signal(signal.SIGINT)
        assert (other.wait(60), chief.wait(60)) == (130, 1)
    finally:
        chief.kill()
        other.kill()
    assert "Another worker has left the training" in log_of(tmp_path, "worker0")
    assert not os.path.exists(job.output) and not list(tmp_path.glob(".never*"))


def test_who_waits_for_the_others_can_be_cancelled(make_job: Make, tmp_path: Path) -> None:
    job = make_job("never", distribution="multiworker")
    waiting, absent = {"worker": ["127.0.0.1:1", "127.0.0.1:2"]}, {"type": "worker", "index": 1}
    process = start(tmp_path, "waiting", job, TF_CONFIG=json.dumps({"cluster": waiting, "task": absent}))
    try:
        while "waits for the others" not in log_of(tmp_path, "waiting"):
            assert process.poll() is None, log_of(tmp_path, "waiting")
            time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        assert process.wait(20) != 0
    finally:
        process.kill()


def test_an_engine_that_has_used_tensorflow_joins_no_machines(monkeypatch: Any, reporter: Any) -> None:
    tf.zeros(1)
    monkeypatch.setenv(
        "TF_CONFIG", json.dumps({"cluster": {"worker": ["127.0.0.1:1", "127.0.0.1:2"]}, "task": {"type": "worker", "index": 0}})
    )
    handler = signal.getsignal(signal.SIGINT)
    with pytest.raises(BadParameter, match="python -m core"):
        distribution.muster(jobs.TrainModel(distribution="multiworker"), reporter)
    assert signal.getsignal(signal.SIGINT) is handler


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"cluster": {"worker": ["a:1"]}, "task": {"type": "worker", "index": 1}}'])
def test_a_wrong_tf_config_is_told(monkeypatch: Any, text: str) -> None:
    monkeypatch.setenv("TF_CONFIG", text)
    with pytest.raises(BadParameter, match="TF_CONFIG"):
        distribution.cluster()


def test_nobody_says_which_machines(monkeypatch: Any) -> None:
    for name in ("TF_CONFIG", "SLURM_PROCID"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(BadParameter, match="SLURM"):
        distribution.cluster()


def test_slurm_numbers_its_tasks_in_the_order_of_its_nodes(monkeypatch: Any) -> None:
    monkeypatch.delenv("TF_CONFIG", raising=False)
    told = {"PROCID": "2", "STEP_NUM_TASKS": "4", "STEP_NODELIST": "node[9-10],gpu1", "STEP_TASKS_PER_NODE": "1,2,1"}
    for name, value in told.items():
        monkeypatch.setenv(f"SLURM_{name}", value)
    found = distribution.cluster()
    assert found.cluster_spec().as_dict() == {"worker": ["node9:8888", "node10:8888", "node10:8889", "gpu1:8888"]}
    assert (found.task_type, found.task_id) == ("worker", 2)
    monkeypatch.delenv("SLURM_STEP_NODELIST")
    with pytest.raises(BadParameter, match="srun"):
        distribution.cluster()
