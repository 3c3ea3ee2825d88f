"""Child processes: their variables, their ends."""

from __future__ import annotations

import os
import sys
import time

import pytest
from tensorscape.algorithms.engine import processes
from tensorscape.core.errors import Cancelled


def test_the_environment_keeps_the_users_variables_and_drops_those_of_qgis():
    given = {
        "HOME": "/home/a", "PATH": "/bin", "HTTPS_PROXY": "http://p", "TENSORSCAPE_PYTHON": "/p", "CUDA_VISIBLE_DEVICES": "0",
        "PYTHONHOME": "x", "PYTHONPATH": "x", "PIP_TARGET": "x", "GDAL_DATA": "x", "PROJ_LIB": "x", "DYLD_LIBRARY_PATH": "x",
        "LD_LIBRARY_PATH": "x", "LD_PRELOAD": "x", "VIRTUAL_ENV": "x",
    }  # fmt: skip
    kept = {"HOME", "PATH", "HTTPS_PROXY", "TENSORSCAPE_PYTHON", "CUDA_VISIBLE_DEVICES"}
    assert processes.clean_environment(given) == {name: value for name, value in given.items() if name in kept}


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (-9, "was killed (signal 9): most likely out of memory; lower 'Memory budget' and close other programs"),
        (-15, "was killed (signal 15)"),
        (-4, "crashed (signal 4): this processor lacks instructions (AVX) that TensorFlow needs"),
        (-11, "crashed (signal 11): a library crashed"),
        (0xC0000005, "crashed (exit status 0xc0000005): a library crashed"),
        (1, "ended (exit status 1)"),
        (-200, "crashed (signal 200)"),
    ],
)
def test_an_exit_status_is_put_in_words(code, words):
    assert processes.describe_end(code) == words


def test_run_passes_lines_on_and_returns_the_status():
    lines: list[str] = []
    code = "import sys; print('one'); print('two', file=sys.stderr); sys.exit(7)"
    assert processes.run([sys.executable, "-u", "-c", code], dict(os.environ), lines.append, lambda: False) == 7
    assert lines == ["one", "two"]


def test_run_is_cancelled_with_all_that_it_started():
    started: list[int] = []
    code = (
        "import subprocess, sys, time; print(subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']).pid); time.sleep(60)"
    )
    begin = time.monotonic()
    with pytest.raises(Cancelled):
        processes.run([sys.executable, "-u", "-c", code], dict(os.environ), lambda line: started.append(int(line)), lambda: bool(started))
    assert time.monotonic() - begin < 3
    deadline = time.monotonic() + 3
    while _is_running(started[0]):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_child_is_not_in_our_group_lest_ctrl_c_reach_it():
    process = processes.start([sys.executable, "-c", "import time; time.sleep(60)"], os.environ)
    assert os.getpgid(process.pid) != os.getpgid(0)
    processes.kill(process)
    assert process.returncode == -9
    processes.kill(process)  # a second time: gone already, no error


def _is_running(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False
