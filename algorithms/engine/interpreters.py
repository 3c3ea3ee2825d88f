"""Which Python can be the base of the engine's environment. Inside QGIS `sys.executable` may be QGIS itself, so it is never asked.

Standard library only.
"""

from __future__ import annotations

import glob
import os
import shutil
import subprocess  # nosec B404: see processes.py
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ...core.errors import EngineMissing
from .processes import clean_environment

OLDEST, NEWEST = (3, 10), (3, 13)  # those that TensorFlow's wheels are made for
_PROBE = "import importlib.util, sys; print(*sys.version_info[:2], int(importlib.util.find_spec('ensurepip') is not None))"


@dataclass(frozen=True)
class Interpreter:
    """A Python that runs here. `has_venv`: it can make environments; Debian ships that apart."""

    path: str
    version: tuple[int, int]
    has_venv: bool

    @property
    def supported(self) -> bool:
        """Whether TensorFlow exists for it."""
        return OLDEST <= self.version <= NEWEST


def choose_interpreter() -> Interpreter:
    """The first supported Python that can make environments: QGIS's own, then those on the PATH and in the usual places.

    Raises:
        EngineMissing: none; with what to install.
    """
    return pick(found for path in candidates() if (found := probe(path)) is not None)


def pick(found: Iterator[Interpreter]) -> Interpreter:
    """The choice among interpreters, in their order."""
    without_venv: Interpreter | None = None
    others: list[str] = []
    for interpreter in found:
        if interpreter.supported and interpreter.has_venv:
            return interpreter
        if interpreter.supported:
            without_venv = without_venv or interpreter
        else:
            others.append("{}.{}".format(*interpreter.version))
    if without_venv is not None:
        package = "python{}.{}-venv".format(*without_venv.version)
        raise EngineMissing(
            f"{without_venv.path} cannot make environments: its module ensurepip is missing",
            remedy=f"Install the package {package} (Debian, Ubuntu: apt install {package}), then try again.",
        )
    raise EngineMissing(
        "No Python that TensorFlow supports was found",
        expected="version {}.{} to {}.{}".format(*OLDEST, *NEWEST),
        received=", ".join(sorted(set(others))) or "none",
        remedy="Install one (Debian, Ubuntu: apt install python3 python3-venv; Windows, macOS: from python.org), then try again.",
    )


def candidates() -> Iterator[str]:
    """Paths where a Python may be, best first, each once."""
    seen: set[str] = set()
    for path in _places():
        if path and os.path.isfile(path) and os.path.realpath(path) not in seen:
            seen.add(os.path.realpath(path))
            yield path


def probe(path: str) -> Interpreter | None:
    """What the Python at `path` is, or None if it does not run (Windows has a fake one that opens the shop)."""
    options = {"capture_output": True, "text": True, "timeout": 20, "env": clean_environment(os.environ)}
    try:
        done = subprocess.run([path, "-c", _PROBE], check=True, **options)  # type: ignore[call-overload]  # nosec B603: a list, no shell
        major, minor, has_venv = (int(word) for word in done.stdout.split())
    except (OSError, subprocess.SubprocessError, ValueError):
        return None
    return Interpreter(path, (major, minor), bool(has_venv))


def _places() -> Iterator[str | None]:
    versions = [f"{OLDEST[0]}.{minor}" for minor in range(NEWEST[1], OLDEST[1] - 1, -1)]
    own = "{}.{}".format(*sys.version_info[:2])
    base = Path(sys.base_prefix)
    yield from (str(base / "python.exe"), str(base / "bin" / f"python{own}"), str(base / "bin" / "python3"))
    yield from (shutil.which(f"python{version}") for version in versions)
    yield from (shutil.which("python3"), shutil.which("python"))
    for folder in ("/opt/homebrew/bin", "/usr/local/bin", "/usr/bin"):
        yield from (f"{folder}/python{version}" for version in versions)
    yield from (f"/Library/Frameworks/Python.framework/Versions/{version}/bin/python3" for version in versions)
    for root in (os.path.join(os.environ.get("LOCALAPPDATA", ""), "Programs", "Python"), os.environ.get("PROGRAMFILES", ""), "C:\\"):
        for version in versions:
            yield from glob.glob(os.path.join(glob.escape(root), f"Python{version.replace('.', '')}", "python.exe"))
