"""The choice of a base Python."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from tensorscape.algorithms.engine.interpreters import Interpreter, candidates, pick, probe
from tensorscape.core.errors import EngineMissing


def python(path: str, minor: int, has_venv: bool = True) -> Interpreter:
    return Interpreter(path, (3, minor), has_venv)


def test_the_first_that_can_do_it_is_taken():
    assert pick(iter([python("/old", 9), python("/bare", 11, has_venv=False), python("/good", 12), python("/later", 11)])).path == "/good"


def test_a_missing_module_is_named_by_its_debian_package():
    with pytest.raises(EngineMissing, match=r"/bare cannot make environments.*apt install python3\.11-venv"):
        pick(iter([python("/bare", 11, has_venv=False), python("/old", 9)]))


def test_unsupported_versions_are_named():
    with pytest.raises(EngineMissing, match=r"expected version 3\.10 to 3\.13, received 3\.14, 3\.9\. Install one"):
        pick(iter([python("/old", 9), python("/new", 14)]))
    with pytest.raises(EngineMissing, match="received none"):
        pick(iter([]))


def test_probe_tells_the_version_of_a_real_python_and_refuses_what_is_none(tmp_path):
    found = probe(sys.executable)
    assert found is not None
    assert found.version == sys.version_info[:2]
    fake = tmp_path / "python3"
    fake.write_text("#!/bin/sh\necho Hello\n")
    fake.chmod(0o755)
    assert probe(str(fake)) is None
    assert probe(str(tmp_path / "missing")) is None


def test_candidates_exist_and_come_once_and_qgis_itself_is_none(monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "executable", str(tmp_path / "qgis-bin"))
    (tmp_path / "qgis-bin").touch()
    found = list(candidates())
    real = [Path(path).resolve() for path in found]
    assert found
    assert len(set(real)) == len(real)
    assert all(path.is_file() for path in real)
    assert tmp_path / "qgis-bin" not in real
