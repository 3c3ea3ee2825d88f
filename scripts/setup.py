"""Sets up what the other targets need: `python3 -m scripts.setup PART …`; every part only once.

    system       Debian packages: QGIS and its Python
    engine       the engine's Python environment, in build/engine
    engine-tests pytest and hypothesis in it
    qgis-tests   a Python environment that sees PyQGIS and has pytest-qgis, in build/venv-qgis
    lint         ruff, mypy, bandit and detect-secrets, in build/venv-lint

A stamp in build/stamps holds a hash of what a part was made from: it is made again when that changes, and only then.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from . import apt
from .workspace import BUILD, LOGS, ROOT, Failure, guarded, run_logged, say, system_python, tail

SYSTEM_PACKAGES = ("python3", "python3-venv", "qgis", "python3-qgis", "qgis-providers", "xvfb", "xauth")
ENVIRONMENT_SCRIPT = ROOT / "algorithms" / "engine" / "environment.py"
ENGINE_REQUIREMENTS = ROOT / "resources" / "engine-requirements.txt"
ENGINE_FOLDER = BUILD / "engine"
STAMPS = BUILD / "stamps"


def system() -> None:
    """Debian packages; elsewhere QGIS has to be there already."""
    apt.ensure(SYSTEM_PACKAGES)
    if not any(shutil.which(name) for name in ("qgis_process.bin", "qgis_process")):
        raise Failure("qgis_process was not found. Install QGIS 3.22 or later, so that qgis_process is on the PATH.")


def engine() -> None:
    """The engine's environment, made by the plugin's own code: the demo and the tests use what the user will get."""
    made_from = [ENGINE_REQUIREMENTS]
    if _stamped("engine", made_from):
        return
    say("Making the engine's Python environment in build/engine (TensorFlow, rasterio, …; about 2 GB, a few minutes)")
    command = [system_python(), str(ENVIRONMENT_SCRIPT), "--create", "--folder", str(ENGINE_FOLDER)]
    LOGS.mkdir(parents=True, exist_ok=True)
    log = LOGS / "engine.log"
    with open(log, "wb") as errors:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors, text=True, cwd=ROOT)
    lines = done.stdout.strip().splitlines()
    if done.returncode or not lines or not os.path.exists(lines[-1]):
        said = tail(log.read_text(errors="replace")) + "\n" + tail(done.stdout)
        raise Failure(f"The engine's environment could not be made (exit status {done.returncode}):\n{said.strip()}")
    _stamp("engine", made_from, lines[-1])


def engine_tests() -> None:
    """What the engine's tests need on top of the engine."""
    engine()
    _install("engine-tests", engine_python(), ROOT / "tests" / "requirements.txt", [ENGINE_REQUIREMENTS])


def qgis_tests() -> None:
    """QGIS's own Python with its packages, and pytest-qgis beside them."""
    system()
    _venv("qgis-tests", BUILD / "venv-qgis", ROOT / "tests" / "requirements-qgis.txt", ["--system-site-packages"])


def lint() -> None:
    """The tools of `make lint`. mypy reads the types of the engine's libraries, so the engine is needed too."""
    engine_tests()
    _venv("lint", BUILD / "venv-lint", ROOT / "scripts" / "requirements-lint.txt", [])


PARTS = {"system": system, "engine": engine, "engine-tests": engine_tests, "qgis-tests": qgis_tests, "lint": lint}


def engine_python() -> str:
    """The Python of the engine that `engine` made.

    Raises:
        Failure: it was not made yet.
    """
    try:
        return str(json.loads((STAMPS / "engine.json").read_text())["python"])
    except (OSError, ValueError, KeyError) as error:
        raise Failure("The engine's environment is missing. Run: make engine") from error


def venv_python(folder: Path) -> str:
    """The Python of a virtual environment."""
    return str(folder / "Scripts" / "python.exe" if os.name == "nt" else folder / "bin" / "python")


def _venv(part: str, folder: Path, requirements: Path, options: Sequence[str]) -> None:
    python = venv_python(folder)
    if not _stamped(part, [requirements]):
        say(f"Making a Python environment in {folder.relative_to(ROOT)}")
        run_logged([system_python(), "-m", "venv", "--clear", *options, str(folder)], part)
    _install(part, python, requirements, [])


def _install(part: str, python: str, requirements: Path, also_made_from: Sequence[Path]) -> None:
    made_from = [requirements, *also_made_from]
    if _stamped(part, made_from):
        return
    say(f"Installing {requirements.relative_to(ROOT)}")
    run_logged([python, "-m", "pip", "install", "--disable-pip-version-check", "-q", "-r", str(requirements)], part)
    _stamp(part, made_from, python)


def _stamped(part: str, made_from: Sequence[Path]) -> bool:
    try:
        stamp = json.loads((STAMPS / f"{part}.json").read_text())
    except (OSError, ValueError):
        return False
    return stamp.get("key") == _key(made_from) and os.path.exists(stamp.get("python", ""))


def _stamp(part: str, made_from: Sequence[Path], python: str) -> None:
    STAMPS.mkdir(parents=True, exist_ok=True)
    (STAMPS / f"{part}.json").write_text(json.dumps({"key": _key(made_from), "python": python}))


def _key(made_from: Sequence[Path]) -> str:
    """What a part depends on: the files, the checkout's place (environments hold absolute paths) and the system's Python."""
    digest = hashlib.sha256(f"{ROOT} {os.path.realpath(system_python())}".encode())
    for path in made_from:
        digest.update(path.read_bytes())
    return digest.hexdigest()


def main() -> int:
    """Set up the parts that the command line names."""
    unknown = [name for name in sys.argv[1:] if name not in PARTS]
    if unknown or len(sys.argv) < 2:
        raise Failure(f"Unknown part {' '.join(unknown)!r}: expected one or more of {', '.join(PARTS)}.")
    for name in sys.argv[1:]:
        PARTS[name]()
    return 0


if __name__ == "__main__":
    sys.exit(guarded(main))
