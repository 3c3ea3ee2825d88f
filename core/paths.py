"""Which files a job reads and which it writes, and that no file is both."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

from .errors import CannotWrite
from .jobs import Job, outputs_of


def inputs_of(job: Job) -> list[str]:
    """Absolute paths that the job is given and does not write."""
    unmatched = Counter(outputs_of(job))
    inputs = []
    for text in _strings(job):
        if unmatched[text] > 0:
            unmatched[text] -= 1
        elif os.path.isabs(text):
            inputs.append(text)
    return inputs


def check_paths(job: Job) -> None:
    """Refuse a job that would overwrite one of its inputs, or write two outputs under one name.

    Raises:
        CannotWrite: naming the path.
    """
    inputs = {_real(path): path for path in inputs_of(job)}
    seen: set[str] = set()
    for output in outputs_of(job):
        real = _real(output)
        if real in inputs:
            raise CannotWrite(f"The output {output} is also an input", remedy="Choose another name for the output.")
        if real in seen:
            raise CannotWrite(f"Two outputs have the same name, {output}", remedy="Choose another name for one of them.")
        seen.add(real)


def _real(path: str) -> str:
    return os.path.normcase(os.path.realpath(path))


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from _strings(item)
    elif is_dataclass(value):
        for field in fields(value):
            yield from _strings(getattr(value, field.name))
