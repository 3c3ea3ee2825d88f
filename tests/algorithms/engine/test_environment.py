"""Which Python runs the engine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from qgis.core import QgsSettings
from tensorscape.algorithms.engine import environment, installation
from tensorscape.core.errors import EngineMissing


@pytest.fixture(autouse=True)
def cache(qgis_app, tmp_path, monkeypatch):
    """A user without setting, variable or environment."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "cache"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv(environment.VARIABLE, raising=False)
    QgsSettings().remove(environment.SETTING)
    yield environment.cache_folder()
    QgsSettings().remove(environment.SETTING)


def make(folder: Path, gpu: bool = False) -> str:
    """An environment as `install` leaves it, with a Python that has no packages."""
    python = installation.python_of(folder)
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)
    (folder / installation.MARKER).write_text(json.dumps({"requirements": installation.fingerprint(gpu)}))
    return str(python)


def test_without_any_the_way_out_is_named():
    with pytest.raises(EngineMissing, match=r"Check the engine.*Create or repair"):
        environment.find_python()


def test_the_setting_goes_before_the_variable_and_the_variable_before_the_cache(cache, tmp_path, monkeypatch):
    made = make(cache / f"engine-py3.11-{installation.fingerprint(False)}")
    assert environment.find_python() == made
    for name in ("variable", "setting"):
        (tmp_path / name).touch()
    monkeypatch.setenv(environment.VARIABLE, str(tmp_path / "variable"))
    assert environment.find_python() == str(tmp_path / "variable")
    QgsSettings().setValue(environment.SETTING, str(tmp_path / "setting"))
    assert environment.find_python() == str(tmp_path / "setting")


def test_a_named_python_that_does_not_exist_is_an_error_and_not_passed_over(monkeypatch):
    monkeypatch.setenv(environment.VARIABLE, "/no/python")
    with pytest.raises(EngineMissing, match="variable TENSORSCAPE_PYTHON: expected the path of a Python, received /no/python"):
        environment.find_python()


def test_environments_of_other_requirements_and_half_made_ones_are_not_found(cache):
    make(cache / "engine-py3.11-0123456789")
    half = cache / f"engine-py3.12-{installation.fingerprint(False)}"
    make(half)
    (half / installation.MARKER).unlink()
    with pytest.raises(EngineMissing):
        environment.find_python()


def test_of_several_the_one_made_last_is_taken(cache):
    old = cache / f"engine-py3.11-{installation.fingerprint(False)}"
    new = cache / f"engine-py3.11-{installation.fingerprint(True)}"
    make(old)
    python = make(new, gpu=True)
    os.utime(old, (1, 1))
    assert environment.find_python() == python


def test_versions_are_read_without_importing_and_missing_packages_are_named():
    versions = environment.versions_of(sys.executable)
    assert versions["python"].startswith("3.")
    assert environment.missing_packages({"python": "3.11", "tensorflow": "2.21"}) == list(environment._PACKAGES)
    complete = {**dict.fromkeys(environment._PACKAGES, "1"), "tensorflow-cpu": "2.21"}
    assert environment.missing_packages(complete) == []
    del complete["tensorflow-cpu"]
    assert environment.missing_packages(complete) == ["tensorflow"]


def test_a_python_without_the_packages_and_one_that_does_not_run_are_told_apart():
    with pytest.raises(EngineMissing, match=r"lacks packages that the engine needs: .*tensorflow"):
        environment.check_packages(sys.executable)
    with pytest.raises(EngineMissing, match="does not run"):
        environment.check_packages("/bin/false")


def test_create_makes_what_is_missing_or_unsound_and_only_that(cache, monkeypatch):
    made: list[Path] = []
    monkeypatch.setattr(environment, "install", lambda folder, *_: made.append(folder) or "fresh")
    assert environment.create(False, print) == "fresh"
    assert made[0].parent == cache
    assert made[0].name.endswith(installation.fingerprint(False))
    python = make(made[0])
    assert environment.create(False, print) == "fresh", "its packages are missing: repaired"
    monkeypatch.setattr(environment, "check_packages", lambda python: None)
    assert environment.create(False, print) == python
    assert len(made) == 2
    assert environment.create(True, print) == "fresh", "for a GPU it is another environment"


def test_the_proxy_of_qgis_becomes_variables_with_its_password_quoted():
    assert environment.proxy_variables("", 0) == {}
    assert environment.proxy_variables("proxy.here", 3128)["HTTPS_PROXY"] == "http://proxy.here:3128"
    assert environment.proxy_variables("p", 1, "me", "a:b@c")["HTTP_PROXY"] == "http://me:a%3Ab%40c@p:1"  # pragma: allowlist secret


def test_as_a_script_it_prints_the_path_last_and_needs_no_qgis(tmp_path, cache):
    script = Path(environment.__file__)
    folder = tmp_path / "engine"
    python = make(folder)
    fake = tmp_path / "qgis" / "__init__.py"  # the Makefile runs it before QGIS is there
    fake.parent.mkdir()
    fake.write_text("raise RuntimeError('qgis was imported')\n")
    command = [sys.executable, str(script)]
    variables = {**os.environ, "PYTHONPATH": str(tmp_path), environment.VARIABLE: python}
    done = subprocess.run(command, capture_output=True, text=True, env=variables, cwd=tmp_path)
    assert done.stdout.splitlines()[-1] == python, done.stderr
    del variables[environment.VARIABLE]
    done = subprocess.run(command, capture_output=True, text=True, env=variables, cwd=tmp_path)
    assert done.returncode == 1
    assert "Create or repair" in done.stderr
