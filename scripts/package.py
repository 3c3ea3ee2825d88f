"""The plugin as a zip that QGIS installs and its repository accepts: `make package`.

The repository's rules: one top folder that is a Python identifier, metadata.txt with its required keys, a LICENSE, no compiled
files, no shell scripts, at most 25 MB. The same files always give the same zip, byte for byte.
"""

from __future__ import annotations

import configparser
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

from .workspace import BUILD, PLUGIN, ROOT, Failure, guarded, say

CONTENT = ("__init__.py", "plugin.py", "metadata.txt", "LICENSE", "README.md", "CHANGELOG.md", "algorithms", "core", "resources", "i18n")
SUFFIXES = (".py", ".txt", ".md", ".svg", ".png", ".qml", ".model3", ".qm", ".json", ".html", ".css", ".ttf", "")
REQUIRED = ("name", "description", "version", "qgisMinimumVersion", "author", "email", "about", "tracker", "repository")
LIMIT_BYTES = 25 * 1024 * 1024
LONG_AGO = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip can say


def metadata(root: Path) -> dict[str, str]:
    """The keys of metadata.txt, in their own case.

    Raises:
        Failure: the file or a key that the repository requires is missing.
    """
    parser = configparser.ConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # keep qgisMinimumVersion as it is
    parser.read(root / "metadata.txt", encoding="utf-8")
    values = dict(parser["general"]) if parser.has_section("general") else {}
    missing = [key for key in REQUIRED if not values.get(key, "").strip()]
    if missing:
        raise Failure(f"metadata.txt: expected the keys {', '.join(REQUIRED)}, without {', '.join(missing)}.")
    return values


def content(root: Path) -> Iterator[Path]:
    """The files of the plugin, in the order of their names: of the kinds that a plugin needs, nothing hidden, nothing compiled."""
    for name in CONTENT:
        path = root / name
        inside = sorted(path.rglob("*")) if path.is_dir() else [path]
        yield from (found for found in inside if found.is_file() and _belongs(found.relative_to(root)))


def build(root: Path, folder: Path) -> Path:
    """Write the zip into `folder` and return its path.

    Raises:
        Failure: the plugin would be refused.
    """
    version = metadata(root)["version"]
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{PLUGIN}-{version}.zip"
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in content(root):
            entry = zipfile.ZipInfo(f"{PLUGIN}/{path.relative_to(root).as_posix()}", LONG_AGO)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, path.read_bytes())
    _check(target)
    return target


def _belongs(path: Path) -> bool:
    hidden = any(part.startswith((".", "__pycache__")) for part in path.parts)
    return not hidden and path.suffix in SUFFIXES


def _check(target: Path) -> None:
    with zipfile.ZipFile(target) as archive:
        names = archive.namelist()
    missing = [name for name in ("__init__.py", "metadata.txt", "LICENSE") if f"{PLUGIN}/{name}" not in names]
    if missing:
        raise Failure(f"{target} lacks {', '.join(missing)}.")
    size = target.stat().st_size
    if size > LIMIT_BYTES:
        raise Failure(f"{target}: expected at most {LIMIT_BYTES // 2**20} MB, received {size / 2**20:.1f} MB.")


def main() -> int:
    """Make the zip of this checkout."""
    target = build(ROOT, BUILD)
    say(f"{target} ({target.stat().st_size / 1024:.0f} KB). In QGIS: Plugins > Manage and Install Plugins > Install from ZIP.")
    return 0


if __name__ == "__main__":
    sys.exit(guarded(main))
