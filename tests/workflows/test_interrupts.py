"""Whatever interrupts a run: it ends within two seconds, says so, leaves nothing half-written, and the next run works.

Real qgis_process, real engine, and an algorithm that would take minutes.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from scripts import qgis

pytestmark = pytest.mark.skipif(
    not (shutil.which("qgis_process.bin") or shutil.which("qgis_process")), reason="qgis_process is not installed"
)

LIMIT_S = 2.0
START_S = 60.0  # of QGIS and the engine, on a busy machine


class Running:
    """qgis_process in the middle of a job: its engine has begun to write."""

    def __init__(self, profile: Path, folder: Path, log: Path) -> None:
        self.folder, self.log = folder, log
        words = qgis.arguments("tensorscape:createdemoscene", {"SIZE": 4096, "DATES": 1, "OUTPUT": folder})
        with open(log, "wb") as output:
            self.process = subprocess.Popen(
                [qgis.program(), *words], stdout=output, stderr=subprocess.STDOUT, env=qgis.environment(profile, sys.executable)
            )
        self._wait(lambda: bool(self.files()), START_S)
        self.engine = next(child for child in psutil.Process(self.process.pid).children() if "--serve" in child.cmdline())

    def files(self) -> list[str]:
        """Everything in the output folder and beside it, but no empty folder."""
        return [name for _, _, names in os.walk(self.folder.parent) for name in names]

    def end(self) -> int:
        """The exit status, which has to come in time."""
        begin = time.monotonic()
        status = self.process.wait(10)
        assert time.monotonic() - begin < LIMIT_S, f"qgis_process took {time.monotonic() - begin:.1f} s to end"
        self._wait(self.engine_ended, LIMIT_S - (time.monotonic() - begin))
        return status

    def engine_ended(self) -> bool:
        """A zombie has ended: it only waits for somebody to ask."""
        try:
            return self.engine.status() == psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return True

    def said(self) -> str:
        """What it printed."""
        return self.log.read_text(errors="replace")

    def _wait(self, condition: Callable[[], bool], seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, f"waited {seconds:.1f} s in vain; qgis_process said:\n{self.said()}"
            time.sleep(0.02)


@pytest.fixture
def running(profile: Path, tmp_path: Path) -> Iterator[Running]:
    run = Running(profile, tmp_path / "out" / "scene", tmp_path / "log.txt")
    yield run
    run.process.kill()
    run.process.wait()


def test_ctrl_c_cancels(running: Running) -> None:
    running.process.send_signal(signal.SIGINT)
    assert running.end() == 1
    assert running.files() == []
    assert "The job was cancelled." in running.said()


def test_a_killed_engine_is_an_error_that_says_so_and_the_next_run_works(
    running: Running, process: Callable[..., Any], tmp_path: Path
) -> None:
    running.engine.kill()
    assert running.end() == 1
    assert running.files() == []
    assert "The engine was killed (signal 9): most likely out of memory; lower 'Memory budget'" in running.said()
    run = process("createdemoscene", SIZE=64, DATES=1, OUTPUT=tmp_path / "next")
    assert run.status == 0, run.text
    assert os.path.isfile(run.results["IMAGE10"])


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_the_engine_does_not_outlive_qgis(running: Running, number: signal.Signals) -> None:
    running.process.send_signal(number)
    assert running.end() == -number
    assert running.files() == []


def test_checkengine_reports(process: Callable[..., Any], tmp_path: Path) -> None:
    run = process("checkengine", OUTPUT_HTML=tmp_path / "report.html")
    assert run.status == 0, run.text
    assert run.results["TENSORFLOW_VERSION"].startswith("2.")
    assert run.results["OUTPUT_HTML"] == str(tmp_path / "report.html")
    assert "Test computation" in (tmp_path / "report.html").read_text()


def test_a_named_python_that_is_missing_fails_with_the_reason(profile: Path) -> None:
    command = [qgis.program(), *qgis.arguments("tensorscape:checkengine", {})]
    done = subprocess.run(command, capture_output=True, text=True, env=qgis.environment(profile, "/no/such/python"), timeout=START_S)
    assert done.returncode == 1
    assert "The variable TENSORSCAPE_PYTHON: expected the path of a Python, received /no/such/python." in done.stderr
