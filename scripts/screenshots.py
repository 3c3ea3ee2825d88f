"""Photographs QGIS at work for docs/images: the toolbox, a dialog, the map in the canvas. Wants `make demo` done, and Xvfb.

    python3 -m scripts.screenshots [FOLDER]

QGIS itself runs scripts/screenshots_inside.py, in a window that nobody sees and in a profile that is thrown away.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Optional

from . import qgis, setup
from .workspace import BUILD, ROOT, Failure, guarded, say, tail

DEMO = BUILD / "demo"
INSIDE = ROOT / "scripts" / "screenshots_inside.py"
PICTURES = ("toolbox.png", "dialog.png", "map.png")
SCREEN = "1480x920x24"
TIMEOUT_S = 240


def photograph(folder: Path) -> None:
    """Run QGIS; the pictures are in `folder` afterwards.

    Raises:
        Failure: Xvfb or the demo is missing, or QGIS did not get through; with what it said.
    """
    if not shutil.which("xvfb-run"):
        raise Failure("xvfb-run was not found. Install the package xvfb.")
    if not (DEMO / "map.tif").exists():
        raise Failure("The demo is missing. Run: make demo")
    with tempfile.TemporaryDirectory() as temporary:
        profile, made = Path(temporary) / "profile", Path(temporary) / "pictures"
        made.mkdir()
        engine = setup.engine_python()
        qgis.enable(profile, engine)
        variables = {**qgis.environment(profile, engine), "QT_QPA_PLATFORM": "xcb", "SCREENSHOTS": str(made), "SCREENSHOTS_DEMO": DEMO.name}
        command = ["xvfb-run", "-a", "-s", f"-screen 0 {SCREEN}", "qgis", "--nologo", "--noversioncheck", "--code", str(INSIDE)]
        said = _run(command, variables)
        missing = [name for name in PICTURES if not (made / name).exists()]
        if missing:
            raise Failure(f"QGIS made no {', '.join(missing)}:\n{tail(said)}")
        folder.mkdir(parents=True, exist_ok=True)
        for name in PICTURES:
            shutil.copy(made / name, folder / name)
            say(str(folder / name))


def _run(command: list[str], variables: dict[str, str]) -> str:
    """What the program said. After TIMEOUT_S it is ended, with the programs that it started: xvfb-run alone would leave QGIS behind."""
    # In the folder of the demo: the pictures show short paths, and none of this machine's.
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env=variables,
        cwd=BUILD,
        start_new_session=True,
    )
    try:
        return process.communicate(timeout=TIMEOUT_S)[0]
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGTERM)
        return process.communicate()[0]


def main(given: Optional[list[str]] = None) -> int:
    """Photograph into the folder named, docs/images by default."""
    given = sys.argv[1:] if given is None else given
    photograph(Path(given[0]).resolve() if given else ROOT / "docs" / "images")
    return os.EX_OK


if __name__ == "__main__":
    sys.exit(guarded(main))
