"""QGIS with this checkout as its plugin, in a profile of its own, so that nobody's own QGIS is touched.

python3 -m scripts.qgis run tensorscape:servemodel --SOURCE1=…     qgis_process
python3 -m scripts.qgis --desktop                                  QGIS itself
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Optional, Union

from . import setup
from .workspace import BUILD, PLUGIN, ROOT, Failure, guarded, tail

PROFILE = BUILD / "profile"
PLUGIN_FOLDER = BUILD / "plugins"
DROPPED = ("PYTHON", "VIRTUAL_ENV", "GDAL_", "PROJ_")  # another Python's or GDAL's settings would break QGIS's own
Value = Union[str, int, float, Path, list[Union[str, Path]]]


def program() -> str:
    """qgis_process. Debian 12's is a wrapper that passes an option which the program refuses: there, the program itself.

    Raises:
        Failure: QGIS is not installed.
    """
    for name in ("qgis_process.bin", "qgis_process"):
        path = shutil.which(name)
        if path:
            return path
    raise Failure("qgis_process was not found. Install QGIS 3.22 or later.")


def environment(profile: Path, engine: str, plugin_folder: Path = PLUGIN_FOLDER) -> dict[str, str]:
    """The environment variables under which QGIS takes our plugin, profile and engine."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(DROPPED)}
    kept.setdefault("QT_QPA_PLATFORM", "offscreen")
    return {
        **kept,
        "QGIS_PLUGINPATH": str(plugin_folder),
        "QGIS_CUSTOM_CONFIG_PATH": str(profile),
        "TENSORSCAPE_PYTHON": engine,
    }


def link_plugin(folder: Path = PLUGIN_FOLDER) -> Path:
    """The folder that QGIS looks for plugins in: the checkout, under the plugin's name, whatever its own is."""
    folder.mkdir(parents=True, exist_ok=True)
    link = folder / PLUGIN
    if not link.is_symlink() or link.resolve() != ROOT:
        link.unlink(missing_ok=True)
        link.symlink_to(ROOT, target_is_directory=True)
    return folder


def enable(profile: Path, engine: str) -> None:
    """Switch the plugin on in the profile, once.

    Raises:
        Failure: QGIS does not find it, or cannot load it.
    """
    link_plugin()
    settings = profile / "profiles" / "default" / "QGIS" / "QGIS3.ini"
    if settings.exists() and f"{PLUGIN}=true" in settings.read_text(errors="replace"):
        return
    profile.mkdir(parents=True, exist_ok=True)
    command = [program(), "plugins", "enable", PLUGIN]
    done = subprocess.run(command, capture_output=True, text=True, env=environment(profile, engine))
    if done.returncode:
        raise Failure(f"QGIS cannot enable the plugin:\n{tail(done.stdout + done.stderr)}")


def arguments(algorithm: str, parameters: Mapping[str, Value]) -> list[str]:
    """The arguments of qgis_process that run an algorithm. A list becomes its parameter repeated, QGIS's way to write one."""
    given = [(name, item) for name, value in parameters.items() for item in (value if isinstance(value, list) else [value])]
    return ["run", algorithm, *(f"--{name}={item}" for name, item in given)]


def results(output: str) -> dict[str, Any]:
    """The results in what `qgis_process --json` prints, whatever a plugin printed before."""
    start = output.find("{")
    try:
        return dict(json.loads(output[start:])["results"]) if start >= 0 else {}
    except (ValueError, KeyError):
        return {}


def desktop(engine: str) -> int:
    """Open QGIS; returns when it is closed."""
    variables = environment(PROFILE, engine)
    if os.environ.get("QT_QPA_PLATFORM") is None:
        variables.pop("QT_QPA_PLATFORM")
    return subprocess.call(["qgis"], env=variables)


def main(given: Optional[list[str]] = None) -> int:
    """Pass the command line on to QGIS."""
    given = sys.argv[1:] if given is None else given
    engine = setup.engine_python()
    enable(PROFILE, engine)
    if given == ["--desktop"]:
        return desktop(engine)
    return subprocess.call([program(), *given], env=environment(PROFILE, engine))


if __name__ == "__main__":
    sys.exit(guarded(main))
