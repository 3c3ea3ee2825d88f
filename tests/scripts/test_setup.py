"""Parts are set up once, and again when what they were made from changes; Debian packages only where they are missing."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from scripts import apt, setup
from scripts.workspace import Failure, run_logged

# Stands for apt-get: fails with what the file `trouble` says, until an update, and writes down what it was asked.
APT = """#!{python}
import pathlib, sys
here = pathlib.Path(__file__).parent
with open(here / "calls", "a") as calls:
    calls.write(" ".join(sys.argv[1:]) + "\\n")
if "update" in sys.argv:
    (here / "trouble").unlink(missing_ok=True)
elif (here / "trouble").exists():
    sys.exit((here / "trouble").read_text())
"""
DPKG = """#!{python}
print("git installed\\nmake config-files")
"""


@pytest.fixture
def stamps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(setup, "STAMPS", tmp_path / "stamps")
    return tmp_path


@pytest.fixture
def debian(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, text in (("apt-get", APT), ("dpkg-query", DPKG)):
        (tmp_path / name).write_text(text.format(python=sys.executable))
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr("scripts.workspace.LOGS", tmp_path / "logs")
    return tmp_path


def test_a_part_is_made_once_and_again_when_its_requirements_change(stamps: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[list[str]] = []
    monkeypatch.setattr(setup, "run_logged", lambda command, name: calls.append(command))
    requirements = setup.ROOT / "tests" / "requirements.txt"
    for _ in range(2):
        setup._install("part", sys.executable, requirements, [])
    assert len(calls) == 1
    other = setup.ROOT / "scripts" / "requirements-lint.txt"
    setup._install("part", sys.executable, requirements, [other])
    assert len(calls) == 2


def test_a_part_whose_python_is_gone_is_made_again(stamps: Path) -> None:
    requirements = [setup.ENGINE_REQUIREMENTS]
    setup._stamp("part", requirements, str(stamps / "python"))
    assert not setup._stamped("part", requirements)
    (stamps / "python").touch()
    assert setup._stamped("part", requirements)


def test_without_an_engine_the_remedy_is_named(stamps: Path) -> None:
    with pytest.raises(Failure, match="make engine"):
        setup.engine_python()


def test_every_part_has_its_line_in_the_help() -> None:
    for part in setup.PARTS:
        assert f"\n    {part} " in (setup.__doc__ or "")


def test_installed_packages_are_left_alone(debian: Path) -> None:
    apt.ensure(["git"])
    assert not (debian / "calls").exists()


def test_a_removed_package_that_left_its_settings_is_installed(debian: Path) -> None:
    apt.ensure(["git", "make"])
    (call,) = (debian / "calls").read_text().splitlines()
    assert call.endswith(" make")
    assert "--no-install-recommends" in call
    assert "DPkg::Lock::Timeout=300" in call


def test_package_lists_are_fetched_only_when_they_are_needed(debian: Path) -> None:
    (debian / "trouble").write_text("E: Unable to locate package make")
    apt.ensure(["make"])
    assert [call.split()[0] for call in (debian / "calls").read_text().splitlines()] == ["install", "update", "install"]


def test_without_root_and_sudo_the_remedy_is_named(debian: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    monkeypatch.setattr(apt.shutil, "which", lambda name: None if name == "sudo" else name)
    with pytest.raises(Failure, match="as root"):
        apt.ensure(["make"])


def test_a_failed_program_shows_the_end_of_its_output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scripts.workspace.LOGS", tmp_path)
    code = "import sys; print('line\\n' * 100, 'the reason'); sys.exit(3)"
    with pytest.raises(Failure, match=r"(?s)exit status 3.*the reason") as failure:
        run_logged([sys.executable, "-c", code], "program")
    assert len(str(failure.value).splitlines()) < 40
