"""The engine's Python: which one is used, what it has, and how it is made.

In this order: the plugin's setting, the variable TENSORSCAPE_PYTHON, the environment that the plugin itself made in the user's cache.

Standard library only, QGIS inside functions: the Makefile calls it too, without QGIS, and reads the path from the last line::

    python3 algorithms/engine/environment.py [--create] [--gpu] [--folder DIR]
"""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":  # a script has no package: give the plugin's folder, whatever its name is, the name of the plugin
    import importlib.util

    _root = Path(__file__).resolve().parents[2]
    _spec = importlib.util.spec_from_file_location("tensorscape", _root / "__init__.py", submodule_search_locations=[str(_root)])
    sys.modules["tensorscape"] = importlib.util.module_from_spec(_spec)  # type: ignore[arg-type]  # never None with a location
    __package__ = "tensorscape.algorithms.engine"

import argparse
import json
import os
import subprocess  # nosec B404: see processes.py
from typing import Callable
from urllib.parse import quote

from ...core.errors import EngineMissing, TensorscapeError
from .installation import Report, fingerprint, install, is_complete, python_of
from .interpreters import choose_interpreter
from .processes import clean_environment

SETTING = "tensorscape/python"
VARIABLE = "TENSORSCAPE_PYTHON"
_PACKAGES = ("numpy", "rasterio", "fiona", "pyogrio", "scikit-learn", "matplotlib", "psutil", "pystac")
_TENSORFLOWS = ("tensorflow-cpu", "tensorflow", "tensorflow-intel", "tensorflow-macos")
_VERSIONS = """
import importlib.metadata as metadata, json, sys
found = {"python": "%d.%d.%d" % sys.version_info[:3]}
for name in sys.argv[1:]:
    try:
        found[name] = metadata.version(name)
    except metadata.PackageNotFoundError:
        pass
print(json.dumps(found))
"""


def find_python() -> str:
    """The Python that runs the engine. Looks at files only, so it can be asked before every job.

    Raises:
        EngineMissing: nothing was found, or what a setting names does not exist.
    """
    chosen = chosen_python()
    if chosen is not None:
        return chosen
    made = [folder for gpu in (True, False) for folder in _made(gpu)]
    if not made:
        raise EngineMissing(
            "The engine's Python environment was not found",
            remedy="Run the algorithm 'Check the engine' with 'Create or repair': it makes one (about 2 GB, once).",
        )
    return str(python_of(max(made, key=lambda folder: folder.stat().st_mtime)))


def chosen_python() -> str | None:
    """The Python that the user named, or None.

    Raises:
        EngineMissing: he named one that does not exist.
    """
    for where, path in ((f"The setting {SETTING}", _setting()), (f"The variable {VARIABLE}", os.environ.get(VARIABLE, ""))):
        if path and os.path.isfile(path):
            return path
        if path:
            raise EngineMissing(where, expected="the path of a Python", received=path, remedy="Correct it or remove it.")
    return None


def versions_of(python: str) -> dict[str, str]:
    """Versions of Python and of the engine's packages in it, without importing any of them; what is missing is not there.

    Raises:
        EngineMissing: it does not run.
    """
    try:
        done = subprocess.run(  # nosec B603: a list, no shell
            [python, "-c", _VERSIONS, *_PACKAGES, *_TENSORFLOWS],
            env=clean_environment(os.environ), capture_output=True, text=True, timeout=60, check=True,
        )  # fmt: skip
        return dict(json.loads(done.stdout))
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        details = str(getattr(error, "stderr", "") or error)
        raise EngineMissing(f"{python} does not run", remedy="Name another Python, or create the environment.", details=details) from error


def missing_packages(versions: dict[str, str]) -> list[str]:
    """Packages that the engine needs and that `versions_of` did not find."""
    missing = [name for name in _PACKAGES if name not in versions]
    return missing if any(name in versions for name in _TENSORFLOWS) else [*missing, "tensorflow"]


def check_packages(python: str) -> None:
    """Look whether the engine can start there.

    Raises:
        EngineMissing: it does not run, or packages are missing; they are named.
    """
    missing = missing_packages(versions_of(python))
    if missing:
        raise EngineMissing(
            f"{python} lacks packages that the engine needs: {', '.join(missing)}",
            remedy="Run 'Check the engine' with 'Create or repair', or, if you named this Python yourself, install them there.",
        )


def create(gpu: bool, report: Report, cancelled: Callable[[], bool] = lambda: False, folder: Path | None = None) -> str:
    """The Python of the plugin's own environment, which is made first unless it is there, complete and sound.

    Args:
        gpu: with NVIDIA's libraries, for computers that have such a GPU.
        report: takes the fraction done and a text.
        folder: where; None for the user's cache, in a folder named after the Python version and the requirements.

    Raises:
        EngineMissing, CannotWrite: what stood in the way, and what to do.
        Cancelled: the user stopped it.
    """
    complete = _made(gpu) if folder is None else [folder] if is_complete(folder, gpu) else []
    for python in map(str, map(python_of, complete)):
        if _is_sound(python):
            return python
    base = choose_interpreter()
    place = folder or cache_folder() / f"engine-py{base.version[0]}.{base.version[1]}-{fingerprint(gpu)}"
    return install(place, base, gpu, report, cancelled, _proxy())


def _is_sound(python: str) -> bool:
    try:
        check_packages(python)
    except EngineMissing:
        return False
    return True


def cache_folder() -> Path:
    """Where this user's programs keep what they can make again."""
    if os.name == "nt":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "tensorscape"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "tensorscape"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tensorscape"


def _made(gpu: bool) -> list[Path]:
    return [folder for folder in sorted(cache_folder().glob(f"engine-py*-{fingerprint(gpu)}")) if is_complete(folder, gpu)]


def _setting() -> str:
    """The plugin's setting; none outside QGIS."""
    if "qgis" not in sys.modules:
        return ""
    from qgis.core import QgsSettings

    return str(QgsSettings().value(SETTING, "") or "")


def _proxy() -> dict[str, str]:
    """QGIS's proxy as the variables that pip reads: not on the command line, where others could see the password."""
    if "qgis" not in sys.modules:
        return {}
    from qgis.core import QgsNetworkAccessManager
    from qgis.PyQt.QtNetwork import QNetworkProxy

    proxy = QgsNetworkAccessManager.instance().fallbackProxy()
    if proxy.type() != QNetworkProxy.ProxyType.HttpProxy:  # pip needs one more package to speak SOCKS
        return {}
    return proxy_variables(proxy.hostName(), proxy.port(), proxy.user(), proxy.password())


def proxy_variables(host: str, port: int, user: str = "", password: str = "") -> dict[str, str]:  # nosec B107: no password
    """The environment variables that name an HTTP proxy."""
    if not host:
        return {}
    login = f"{quote(user, safe='')}:{quote(password, safe='')}@" if user else ""
    return {name: f"http://{login}{host}:{port}" for name in ("HTTP_PROXY", "HTTPS_PROXY")}


def main(arguments: list[str] | None = None) -> int:
    """The command line; prints the path of the engine's Python last."""
    parser = argparse.ArgumentParser(description="Find or create the Python environment of Tensorscape's engine.")
    parser.add_argument("--create", action="store_true", help="make it unless it is there")
    parser.add_argument("--gpu", action="store_true", help="with NVIDIA's libraries")
    parser.add_argument("--folder", type=Path, help="where, instead of the user's cache")
    options = parser.parse_args(arguments)
    try:
        folder = options.folder.resolve() if options.folder else None
        python = create(options.gpu, _say, folder=folder) if options.create else find_python()
    except TensorscapeError as error:
        print(error.details, error, sep="\n", file=sys.stderr)
        return 1
    print(python)
    return 0


def _say(fraction: float, text: str) -> None:
    print(f"{fraction:4.0%} {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
