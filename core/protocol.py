"""What the plugin and the engine say to each other: JSON objects, one a line, over the engine's standard streams.

To the engine (standard input)::

    {"type": "run", "id": 7, "job": {"job": "servemodel", ...}}     run this job (core/jobs/); one at a time
    {"type": "cancel", "id": 7}                                       stop it
    {"type": "shutdown"}                                              leave; a closed standard input says the same

From the engine (standard output, and nothing else ever goes there)::

    {"type": "ready", "version": 1, "pid": 4711}                      first line: the engine can take jobs
    {"type": "log", "id": 7, "level": "info", "text": "..."}          level: info, warning or debug
    {"type": "progress", "id": 7, "fraction": 0.25, "text": "..."}    fraction in [0, 1]
    {"type": "result", "id": 7, "outputs": {...}}                     the job's end, exactly one of these three
    {"type": "error", "id": 7, "kind": "...", "message": "...", "details": "..."}
    {"type": "cancelled", "id": 7}

Rasters and vectors travel by path, never through the pipe. Until a job has ended well, the engine writes every output under its
`partial_path`; so whoever sees the engine die knows what to remove (`leftovers`).

Standard library only: both processes import this module.
"""

from __future__ import annotations

import glob
import json
import os
from collections.abc import Iterator
from typing import Any

VERSION = 1
ENDINGS = frozenset({"result", "error", "cancelled"})
CANCEL_GRACE_S = 1.2  # how long a job may take to stop by itself; then its process ends. The user's limit is 2 s.


def encode(message: dict[str, Any]) -> bytes:
    """One message as one line. NaN and infinity are refused: other JSON readers do not know them."""
    return json.dumps(message, ensure_ascii=True, allow_nan=False, separators=(",", ":")).encode("ascii") + b"\n"


def decode(line: bytes) -> dict[str, Any]:
    """The message of one line.

    Raises:
        ValueError: the line is no JSON object with a "type": something else wrote into the pipe.
    """
    message = json.loads(line)
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        raise ValueError(f"not a message: {line[:200]!r}")
    return message


def partial_path(path: str, pid: int) -> str:
    """Where the engine with this process id writes the output `path` until it is complete: beside it, hidden, same suffix."""
    folder, name = os.path.split(os.path.normpath(path))  # QGIS may end a folder's name with a slash
    stem, suffix = os.path.splitext(name)
    return os.path.join(folder, f".{stem}.partial-{pid}{suffix}")


def leftovers(job: dict[str, Any], pid: int) -> list[str]:
    """Unfinished outputs that a dead engine left in the folders that its job names."""
    paths = {os.path.normpath(text) for text in _strings(job) if os.path.isabs(text)}
    folders = {os.path.dirname(path) for path in paths} | {path for path in paths if os.path.isdir(path)}
    names = (f".*.partial-{pid}", f".*.partial-{pid}.*")  # with the dot: process 47 must not take what 4711 is writing
    patterns = (os.path.join(glob.escape(folder), name) for folder in sorted(folders) for name in names)
    return [path for pattern in patterns for path in glob.glob(pattern)]


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _strings(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _strings(item)
