"""What the result of a run depends on, apart from the run itself: two runs with one fingerprint write the same. And what differs between
two of them, in the user's words."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .model.backend import keras, tf
from .raster.identity import GDAL, Identity, identity, stamp

PLUGIN = Path(__file__).resolve().parents[1]

Fingerprint = dict[str, Any]  # what it is, in the user's words → a plain value, or the identity of files


def changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """What differs, one sentence each: "parameter EDGES changed from reflect to zero", "source 1 changed (scene.tif)"."""
    names = [*old, *(name for name in new if name not in old)]
    return [_in_words(name, old.get(name), new.get(name)) for name in names if _text(old.get(name)) != _text(new.get(name))]


def images(paths: tuple[str, ...]) -> Identity:
    """The identity of all files of these images.

    Raises:
        CannotRead: a file vanished in the meantime.
    """
    return {file: found for path in paths for file, found in identity(path).items()}


def stamps(path: str) -> Identity:
    """Of a file, or of all files in a folder."""
    files = sorted(str(file) for file in (Path(path), *Path(path).rglob("*")) if file.is_file())
    return {file: stamp(file) for file in files}


def software() -> dict[str, str]:
    """Versions of what computes."""
    lines = (PLUGIN / "metadata.txt").read_text(encoding="utf-8").splitlines()
    version = next((line.partition("=")[2] for line in lines if line.startswith("version=")), "")
    return {"Tensorscape": version, "TensorFlow": tf.__version__, "Keras": keras.__version__, "GDAL": GDAL}


def _in_words(name: str, old: Any, new: Any) -> str:
    if not (isinstance(old, Mapping) or isinstance(new, Mapping)):
        return f"{name} changed from {_plain(old)} to {_plain(new)}"
    before, after = old or {}, new or {}
    files = [file for file in {**before, **after} if _text(before.get(file)) != _text(after.get(file))]
    return f"{name} changed ({', '.join(map(os.path.basename, files))})"


def _text(value: Any) -> str:
    """For comparison: a NaN equals itself, and a tuple equals the list that JSON made of it."""
    return json.dumps(value, sort_keys=True)


def _plain(value: Any) -> str:
    return "none" if value in (None, "", []) else str(value)
