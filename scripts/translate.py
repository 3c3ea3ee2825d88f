"""Collects the texts to translate into i18n/tensorscape_LANGUAGE.ts and compiles them to .qm: `make translate [LANGUAGES="de fr"]`.

pylupdate5 reads the literals in `tr("…")`, with the class around them as the context, and in `translate("Context", "…")`. Without it and
lrelease (Debian: pyqt5-dev-tools, qttools5-dev-tools) nothing is done, and that is said.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from pathlib import Path

from . import apt
from .workspace import PLUGIN, ROOT, Failure, guarded, run_logged, say

FOLDER = ROOT / "i18n"
ASKS = re.compile(r"\b(tr|translate)\(")
PACKAGES = ("pyqt5-dev-tools", "qttools5-dev-tools")
COMPILERS = ("/usr/lib/qt5/bin/lrelease", "lrelease", "lrelease-qt5")


def sources(root: Path) -> list[str]:
    """The files whose texts are shown to users, relative to the checkout."""
    found = [root / "plugin.py", *sorted((root / "algorithms").rglob("*.py"))]
    return [str(path.relative_to(root)) for path in found if path.is_file() and ASKS.search(path.read_text(encoding="utf-8"))]


def languages(folder: Path, asked: str) -> list[str]:
    """Those asked for and those that there are, in alphabetical order."""
    there = {path.stem.removeprefix(f"{PLUGIN}_") for path in folder.glob(f"{PLUGIN}_*.ts")}
    return sorted(there | set(asked.split()))


def main() -> int:
    """Update the .ts files, then compile them."""
    wanted = languages(FOLDER, os.environ.get("LANGUAGES", ""))
    if not wanted:
        say('No translations yet. Begin one with its language code: make translate LANGUAGES="de"')
        return 0
    apt.ensure(PACKAGES)
    collect, compiler = shutil.which("pylupdate5"), next(filter(None, map(shutil.which, COMPILERS)), None)
    if not collect or not compiler:
        raise Failure("pylupdate5 and lrelease were not found. Install PyQt5's and Qt 5's development tools.")
    files = [str(FOLDER / f"{PLUGIN}_{language}.ts") for language in wanted]
    for file in files:
        run_logged([collect, "-noobsolete", *sources(ROOT), "-ts", file], "translate")
        run_logged([compiler, "-silent", file], "translate")
        say(f"{Path(file).relative_to(ROOT)}: texts collected and compiled")
    return 0


if __name__ == "__main__":
    sys.exit(guarded(main))
