"""Making an environment: with a fake venv and pip, which print what the real ones were seen to print."""

from __future__ import annotations

import os
import shutil
import stat
import time
from collections import namedtuple
from pathlib import Path
from typing import Any

import pytest
from tensorscape.algorithms.engine import installation
from tensorscape.algorithms.engine.installation import explain, fingerprint, install, is_complete, python_of, requirements
from tensorscape.algorithms.engine.interpreters import Interpreter
from tensorscape.core.errors import Cancelled, CannotWrite, EngineMissing

# What is called as `python -m venv --clear FOLDER` makes FOLDER/bin/python, a copy of itself, which then plays pip and the self-test.
FAKE_PYTHON = """#!/bin/sh
case "$*" in
*venv*) mkdir -p "$4/bin" && touch "$4/pyvenv.cfg" && cp "$0" "$4/bin/python" ;;
*pip*) echo "Collecting numpy>=2.1"; echo "  Downloading tensorflow_cpu-2.21.0.whl (250.1 MB)"
    echo "INDEX=$PIP_INDEX_URL TARGET=$PIP_TARGET PROXY=$HTTPS_PROXY"
    echo "Installing collected packages: numpy"; PIP_END ;;
*import*) SELF_TEST_END ;;
esac
"""


def fake(tmp_path: Path, pip_end: str = "exit 0", self_test_end: str = "exit 0") -> Interpreter:
    path = tmp_path / "fake-python"
    path.write_text(FAKE_PYTHON.replace("PIP_END", pip_end).replace("SELF_TEST_END", self_test_end))
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return Interpreter(str(path), (3, 11), True)


def make(folder: Path, base: Interpreter, **others: Any) -> str:
    given = {"gpu": False, "report": lambda *_: None, "cancelled": lambda: False, "proxy": {}, **others}
    return install(folder, base, **given)


@pytest.fixture(autouse=True)
def _enough_space(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: namedtuple("Usage", "total used free")(10**12, 0, 10**12))


def test_a_made_environment_is_complete_and_returns_its_python(tmp_path):
    told: list[tuple[float, str]] = []
    folder = tmp_path / "a folder" / "engine"
    python = make(folder, fake(tmp_path), report=lambda fraction, text: told.append((fraction, text)))
    assert python == str(folder / "bin" / "python") == str(python_of(folder))
    assert is_complete(folder, gpu=False)
    assert not is_complete(folder, gpu=True)
    fractions = [fraction for fraction, _ in told]
    assert fractions == sorted(fractions)
    assert fractions[0] == 0.0
    assert fractions[-1] == 1.0
    assert any("Downloading tensorflow_cpu" in text for _, text in told)


def test_the_marker_is_written_last(tmp_path):
    for base in (fake(tmp_path, pip_end="exit 1"), fake(tmp_path, self_test_end="exit 1")):
        with pytest.raises(EngineMissing):
            make(tmp_path / "engine", base)
        assert not is_complete(tmp_path / "engine", gpu=False)
    make(tmp_path / "engine", fake(tmp_path))  # a half-made one is replaced
    assert is_complete(tmp_path / "engine", gpu=False)


def test_other_requirements_or_a_lost_base_make_it_incomplete(tmp_path, monkeypatch):
    make(tmp_path / "engine", fake(tmp_path))
    other = tmp_path / "requirements.txt"
    other.write_text("numpy==99\n")
    with monkeypatch.context() as patch:
        patch.setattr(installation, "REQUIREMENTS", other)
        assert not is_complete(tmp_path / "engine", gpu=False)
    python_of(tmp_path / "engine").unlink()
    assert not is_complete(tmp_path / "engine", gpu=False)


def test_pip_gets_the_users_sources_and_the_proxy_but_no_target(tmp_path, monkeypatch):
    monkeypatch.setenv("PIP_INDEX_URL", "http://mirror")
    monkeypatch.setenv("PIP_TARGET", "/of/somebody")
    with pytest.raises(EngineMissing) as caught:
        make(tmp_path / "engine", fake(tmp_path, pip_end="exit 1"), proxy={"HTTPS_PROXY": "http://proxy:1"})
    assert "INDEX=http://mirror TARGET= PROXY=http://proxy:1" in caught.value.details


def test_a_cancel_stops_pip_and_leaves_nothing(tmp_path):
    heard: list[str] = []
    start = time.monotonic()
    with pytest.raises(Cancelled):
        make(
            tmp_path / "engine",
            fake(tmp_path, pip_end="sleep 60"),
            report=lambda _, text: heard.append(text),
            cancelled=lambda: any("Installing" in text for text in heard),
        )
    assert time.monotonic() - start < 2
    assert not (tmp_path / "engine").exists()


def test_a_folder_with_something_else_is_not_touched(tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(CannotWrite, match="something else"):
        make(tmp_path, fake(tmp_path))
    assert (tmp_path / "thesis.txt").exists()


def test_too_little_space_is_told_before_anything_is_fetched(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: namedtuple("Usage", "total used free")(10**12, 0, 5 * 10**8))
    with pytest.raises(CannotWrite, match=r"expected 3 GB, received 0\.5 GB"):
        make(tmp_path / "engine", fake(tmp_path))
    assert os.listdir(tmp_path / "engine") == []


def test_packages_that_do_not_run_here_are_found_out(tmp_path):
    with pytest.raises(EngineMissing, match=r"were installed, but do not run on this computer\..*crashed \(signal 4\)"):
        make(tmp_path / "engine", fake(tmp_path, self_test_end="kill -ILL $$"))


@pytest.mark.parametrize(
    ("printed", "words"),
    [
        ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device", "disk is full"),
        ("WARNING: Retrying (...) NewConnectionError('<pip...>: Failed to establish a new connection: [Errno -3] Temporary failure in name "
         "resolution')\nERROR: No matching distribution found for numpy", "cannot be reached"),
        ("WARNING: Retrying after connection broken by 'ProxyError('Cannot connect to proxy.', OSError('Tunnel: 407'))", "proxy"),
        ("SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED]", "certificate"),
        ("ERROR: Could not find a version that satisfies the requirement tensorflow-cpu", "does not exist"),
        ("ERROR: Could not install packages due to an OSError: [Errno 13] Permission denied: '/x'", "cannot be written"),
        ("Collecting a\nERROR: something new\nnotice: more", "ERROR: something new"),
        ("", "ended (exit status 1)"),
    ],
)  # fmt: skip
def test_troubles_are_put_in_plain_words(printed, words):
    reason, remedy = explain(printed, 1)
    assert words in reason
    assert remedy


def test_a_gpu_means_tensorflow_with_nvidias_libraries():
    assert "tensorflow-cpu>=" in requirements(gpu=False)
    assert "tensorflow[and-cuda]>=" in requirements(gpu=True)
    assert "tensorflow-cpu>=" not in requirements(gpu=True)
    assert fingerprint(gpu=True) != fingerprint(gpu=False)
