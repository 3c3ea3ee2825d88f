"""A training whose process is killed goes on as if it had not been: the weights are equal to the last bit."""

from __future__ import annotations

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

from core.jobs import ImageLosses, TrainSuperresolution, to_dict
from core.kept import kept_path
from core.model.folder import read_trainable
from core.superresolution import train


def killed(job: TrainSuperresolution, told: bytes, folder: Path, repository: Path) -> None:
    """Run it as a user does, and kill its process (SIGKILL) when it tells this."""
    path = folder / "job.json"
    path.write_text(json.dumps(to_dict(job)), encoding="utf-8")
    with subprocess.Popen([sys.executable, "-m", "core", str(path)], cwd=repository, stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        assert any(told in line for line in process.stderr), "it ended before"
        process.kill()


def weights(path: str) -> list[np.ndarray]:
    found: list[np.ndarray] = read_trainable(path)[0].get_weights()
    return found


@pytest.mark.parametrize(("network", "epochs"), [("light", 20), ("sr4rs", 5)])  # enough to be killed in time
def test_killed_after_an_epoch(
    make_job: Callable[..., TrainSuperresolution], network: str, epochs: int, tmp_path: Path, repository: Path, make_reporter: Any
) -> None:
    losses = ImageLosses(adversarial="wgan" if network == "sr4rs" else "none")
    job = make_job(network=network, losses=losses, resume=True, output_html=str(tmp_path / "report.html"))
    job = replace(job, fitting=replace(job.fitting, epochs=epochs, pretrain=1, schedule="cosine"))
    killed(job, b"Epoch 3/", tmp_path, repository)
    assert not os.path.exists(job.output) and not os.path.exists(job.output_html) and os.path.exists(kept_path(job.output))
    reporter, whole = make_reporter(), replace(job, output=str(tmp_path / "whole"), output_html="", resume=False)
    again, through = train.run(job, reporter), train.run(whole, make_reporter())
    assert "Going on after epoch" in reporter.texts and "Epoch 2/" not in reporter.texts and f"Epoch {epochs}/" in reporter.texts
    for one, other in zip(weights(job.output), weights(whole.output), strict=True):
        np.testing.assert_array_equal(one, other)
    assert again["PSNR"] == through["PSNR"] and again["BEST_EPOCH"] == through["BEST_EPOCH"]
    assert f"{epochs} epochs in" in Path(job.output_html).read_text(encoding="utf-8")
    assert not os.path.exists(kept_path(job.output))
