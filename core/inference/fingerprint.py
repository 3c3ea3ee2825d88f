"""What the pixels of a run depend on: parameters, files, software. Two runs with one fingerprint write the same pixels."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ..jobs import ServeModel
from ..model.backend import tf
from ..model.load import device_in_use
from ..raster.identity import GDAL, Identity, identity, stamp

# What the pixels do not depend on, or what stands apart. (The block size has a rule of its own: core/inference/resume.py.)
NOT_COUNTED = {"sources", "products", "memory", "block_size", "resume", "trust"}
PLUGIN = Path(__file__).resolve().parents[2]

Fingerprint = dict[str, Any]  # what it is, in the user's words → a plain value, or the identity of files


def fingerprint(job: ServeModel, evaluator: str) -> Fingerprint:
    """Of a run whose images and model were opened already. `evaluator`: the form in which the model is applied.

    Raises:
        CannotRead: a file vanished in the meantime.
    """
    files: dict[str, Identity] = {f"source {i}": _images(source.images) for i, source in enumerate(job.sources, start=1)}
    if job.mask:
        files["the mask"] = identity(job.mask)
    files["the model"] = {path: stamp(path) for path in _files(job.model)}
    return {**dict(_parameters(job)), **files, **_software(), "the way of computing": evaluator, "the device": device_in_use()}


def changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """What differs, one sentence each: "parameter EDGES changed from reflect to zero", "source 1 changed (scene.tif)"."""
    names = [*old, *(name for name in new if name not in old)]
    return [_in_words(name, old.get(name), new.get(name)) for name in names if _text(old.get(name)) != _text(new.get(name))]


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


def _parameters(job: ServeModel) -> Iterator[tuple[str, Any]]:
    values = asdict(job)
    yield from ((f"parameter {name.upper()}", value) for name, value in values.items() if name not in NOT_COUNTED)
    for i, source in enumerate(values["sources"], start=1):
        yield from ((f"{name.upper()} of source {i}", value) for name, value in source.items())
    for i, product in enumerate(values["products"], start=1):
        yield from ((f"{name.upper()} of output {i}", value) for name, value in product.items() if name != "path")


def _images(paths: tuple[str, ...]) -> Identity:
    return {file: found for path in paths for file, found in identity(path).items()}


def _files(model: str) -> list[str]:
    return sorted(str(path) for path in (Path(model), *Path(model).rglob("*")) if path.is_file())


def _software() -> dict[str, str]:
    lines = (PLUGIN / "metadata.txt").read_text(encoding="utf-8").splitlines()
    version = next((line.partition("=")[2] for line in lines if line.startswith("version=")), "")
    return {"Tensorscape": version, "TensorFlow": tf.__version__, "GDAL": GDAL}
