"""Reads a `.keras` file, a network that can be trained, and only what such a file may hold: layers of Keras itself, and no code.

Keras' safe mode refuses Python that is stored in the file (`Lambda` layers). It has been got round before by configurations that name
other objects than layers (CVE-2025-1550, CVE-2025-8747), so the configuration is read as data first, and everything that it names
has to belong to Keras.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from typing import Any

from ...errors import BadModel
from ..backend import keras

CONFIGURATION = "config.json"
LARGEST_CONFIGURATION = 64_000_000  # bytes, unpacked
_PACKAGES = ("keras", "builtins")
_CODE = frozenset(("Lambda", "TorchModuleWrapper", "JaxLayer", "FlaxLayer", "TFSMLayer", "__lambda__", "get_file"))


def read_network(path: str) -> Any:
    """The network in a `.keras` file.

    Raises:
        BadModel: the file is damaged, or holds or names code.
    """
    code = sorted(set(_code(_configuration(path))))
    if code:
        raise BadModel(
            f"The network {path} holds code: it was not loaded",
            expected="layers of Keras",
            received=", ".join(code),
            remedy="Build it without these layers; or export it as a SavedModel, which can be served.",
        )
    try:
        return keras.models.load_model(path, compile=False, safe_mode=True)
    except Exception as error:  # a damaged file fails in many ways: zip, JSON, HDF5, Keras itself
        raise _damaged(path, error) from error


def _configuration(path: str) -> Any:
    try:
        with zipfile.ZipFile(path) as archive:
            if archive.getinfo(CONFIGURATION).file_size > LARGEST_CONFIGURATION:
                raise ValueError(f"{CONFIGURATION} is too large")
            return json.loads(archive.read(CONFIGURATION))
    except (OSError, KeyError, ValueError, RecursionError, zipfile.BadZipFile) as error:
        raise _damaged(path, error) from error


def _code(part: Any) -> Iterator[str]:
    """Whatever a configuration names that is none of Keras' own, or that runs code."""
    waiting = [part]
    while waiting:
        part = waiting.pop()
        waiting += part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
        if not isinstance(part, dict) or not isinstance(part.get("class_name"), str):
            continue
        name, module = part["class_name"], part.get("module")
        if name in _CODE:
            yield name
        elif isinstance(module, str) and module.split(".")[0] not in _PACKAGES:
            yield f"{module}.{name}"


def _damaged(path: str, error: Exception) -> BadModel:
    return BadModel(f"The network {path} is damaged", remedy="Create or train the model again.", details=str(error))
