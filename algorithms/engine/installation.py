"""Makes the engine's environment: `venv`, then `pip`, with progress, a cancel, and errors in plain words.

Standard library only. An environment cannot be moved once it is made, so it is made in place; a marker file, written last,
says that it is complete and of which requirements.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Callable

from ...core.errors import Cancelled, CannotWrite, EngineMissing
from . import processes
from .interpreters import Interpreter

REQUIREMENTS = Path(__file__).resolve().parents[2] / "resources" / "engine-requirements.txt"
MARKER = "tensorscape-engine.json"
NEEDED_GB = {False: 3.0, True: 10.0}  # by GPU. Installed it measures 2.1 GB; the rest is for pip, which unpacks beside it
Report = Callable[[float, str], None]

# Where pip finds packages is the user's choice and may come from its variables; where it puts them may not.
_PIP_NETWORK = frozenset({
    "PIP_CERT", "PIP_CLIENT_CERT", "PIP_PROXY", "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PIP_NO_INDEX",
    "PIP_TRUSTED_HOST", "PIP_DEFAULT_TIMEOUT", "PIP_RETRIES", "PIP_CACHE_DIR", "PIP_CONFIG_FILE",
})  # fmt: skip
_SELF_TEST = "import numpy, rasterio, fiona, pyogrio, tensorflow"
_TROUBLES = (
    (("no space left", "errno 28", "not enough space"), "The disk is full.", "Free {needed:.0f} GB, then try again."),
    (("certificate_verify_failed", "sslerror"), "The package server's certificate was not accepted.",
     "A proxy probably stands between: give pip its certificate (PIP_CERT), then try again."),
    (("proxyerror", "407 proxy"), "The proxy refused the connection.", "Check Settings > Options > Network, then try again."),
    (("newconnectionerror", "name resolution", "getaddrinfo failed", "network is unreachable", "connecttimeout", "readtimeout",
      "max retries exceeded", "connection refused", "connection reset"), "The package server cannot be reached.",
     "Check the network and Settings > Options > Network (proxy), then try again."),
    (("no matching distribution", "could not find a version", "requires-python"),
     "A package does not exist for this Python and this computer.", "Install another Python (3.11 or 3.12, 64 bit), then try again."),
    (("permission denied", "errno 13", "access is denied"), "The folder cannot be written.", "Check its permissions, then try again."),
)  # fmt: skip


def requirements(gpu: bool) -> str:
    """The lines that pip is given: `tensorflow-cpu`, or TensorFlow with NVIDIA's libraries."""
    text = REQUIREMENTS.read_text(encoding="utf-8")
    return text.replace("tensorflow-cpu>=", "tensorflow[and-cuda]>=") if gpu else text


def fingerprint(gpu: bool) -> str:
    """Short hash of the requirements: an environment of other requirements is another environment."""
    return hashlib.sha256(requirements(gpu).encode()).hexdigest()[:10]


def python_of(folder: Path) -> Path:
    """The Python of an environment."""
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def is_complete(folder: Path, gpu: bool) -> bool:
    """Whether the environment was made to its end, of today's requirements, and its base Python still exists."""
    try:
        made_of = json.loads((folder / MARKER).read_text(encoding="utf-8"))["requirements"]
    except (OSError, ValueError, KeyError):
        return False
    return bool(made_of == fingerprint(gpu)) and python_of(folder).exists()


def install(folder: Path, base: Interpreter, gpu: bool, report: Report, cancelled: Callable[[], bool], proxy: Mapping[str, str]) -> str:
    """Make the environment in `folder`, replacing what is there, and return its Python.

    Args:
        report: takes the fraction done and a text.
        proxy: environment variables that name the proxy.

    Raises:
        EngineMissing, CannotWrite: what stood in the way, and what to do.
        Cancelled: nothing is left of the half-made environment.
    """
    _check_place(folder, gpu)
    installer = _Installer(folder, gpu, report, cancelled, proxy)
    try:
        report(0.0, f"Making an environment of Python {base.version[0]}.{base.version[1]} in {folder}")
        installer.call([base.path, "-m", "venv", "--clear", str(folder)], "The environment cannot be made.")
        installer.install_packages()
        report(0.93, "Testing the environment")
        installer.call([str(python_of(folder)), "-c", _SELF_TEST], "The packages were installed, but do not run on this computer.")
    except Cancelled:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    (folder / MARKER).write_text(json.dumps({"requirements": fingerprint(gpu), "gpu": gpu}), encoding="utf-8")
    report(1.0, "The environment is ready")
    return str(python_of(folder))


def _check_place(folder: Path, gpu: bool) -> None:
    if folder.exists() and any(folder.iterdir()) and not (folder / "pyvenv.cfg").is_file():
        raise CannotWrite(f"{folder} holds something else than an environment", remedy="Choose a new or an empty folder.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CannotWrite(f"Cannot make the folder {folder} ({error.strerror})", remedy="Choose another one.") from error
    free = shutil.disk_usage(folder).free / 1e9
    if free < NEEDED_GB[gpu]:
        raise CannotWrite(
            f"Not enough disk space in {folder}", expected=f"{NEEDED_GB[gpu]:.0f} GB", received=f"{free:.1f} GB", remedy="Free some."
        )


class _Installer:
    """Runs the programs that make an environment, and reads progress and troubles from what they print."""

    def __init__(self, folder: Path, gpu: bool, report: Report, cancelled: Callable[[], bool], proxy: Mapping[str, str]) -> None:
        self._folder, self._gpu, self._report, self._cancelled = folder, gpu, report, cancelled
        kept = {name: value for name, value in os.environ.items() if name in _PIP_NETWORK}
        self._environment = {**processes.clean_environment(os.environ), **kept, **proxy}
        self._packages = 0

    def install_packages(self) -> None:
        """Give pip the requirements."""
        lines = self._folder / "requirements.txt"
        lines.write_text(requirements(self._gpu), encoding="utf-8")
        options = ["--no-input", "--disable-pip-version-check", "--progress-bar", "off", "--requirement", str(lines)]
        self.call([str(python_of(self._folder)), "-m", "pip", "install", *options], "The engine's packages cannot be installed.")

    def call(self, command: list[str], failure: str) -> None:
        """Run a program to its end; `failure` begins the error's message."""
        printed: list[str] = []
        status = processes.run(command, self._environment, lambda line: self._follow(line, printed), self._cancelled)
        if status != 0:
            output = "\n".join(printed[-200:])
            reason, remedy = explain(output, status)
            raise EngineMissing(f"{failure} {reason}", remedy=remedy.format(needed=NEEDED_GB[self._gpu]), details=output)

    def _follow(self, line: str, printed: list[str]) -> None:
        printed.append(line)
        word, _, rest = line.strip().partition(" ")
        if word == "Collecting":  # about 60 packages, but only pip knows, and only at the end: approach, never arrive
            self._packages += 1
            self._report(0.05 + 0.7 * (1 - 0.96**self._packages), f"Fetching {rest}")
        elif word == "Downloading" and "MB" in rest:
            self._report(0.05 + 0.7 * (1 - 0.96**self._packages), f"Downloading {rest}")
        elif word == "Installing" and rest.startswith("collected"):
            self._report(0.75, "Installing the packages (a few minutes)")


def explain(output: str, status: int) -> tuple[str, str]:
    """Reason and remedy, in plain words, of an installation that ended with `status` after printing `output`."""
    lower = output.lower()
    for signs, reason, remedy in _TROUBLES:
        if any(sign in lower for sign in signs):
            return reason, remedy
    said = [line for line in output.splitlines() if line.strip()]
    errors = [line for line in said if "error" in line.lower()]
    return (errors or said or [""])[-1].strip() or f"The program {processes.describe_end(status)}.", "See the log for all that was printed."
