"""How a training was set, as rows of a table: first what differs from the defaults."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import fields
from typing import Any

from ...jobs import Job, PairSet, Part, PatchSet, TrainModel

Row = tuple[str, str]
_SHORT = ("l1", "l2", "vgg", "gan", "mtf")


def settings(job: Job) -> tuple[list[Row], list[Row]]:
    """What the user set otherwise than usual, and all else, in the order of core/jobs/. Files are not among them."""
    changed: list[Row] = []
    usual: list[Row] = []
    for name, value, default in _walk(job):
        (changed if value != default else usual).append((in_words(name), _text(value)))
    return changed, usual


def _walk(part: Part) -> Iterator[tuple[str, Any, Any]]:
    """Name, value and default of every setting, those of nested parts among them."""
    for field in fields(part):
        value = getattr(part, field.name)
        if isinstance(value, Part):
            if not isinstance(value, (PatchSet, PairSet)):
                yield from _walk(value)
        elif not isinstance(part, Job) or (field.name != "model" and not field.name.startswith("output")):
            yield field.name, value, field.default


def in_words(name: str) -> str:
    """A field's name as people read it: "learning_rate" is "Learning rate", "mtf" is "MTF"."""
    words = " ".join(word.upper() if word in _SHORT else word for word in name.split("_"))
    return words[:1].upper() + words[1:]


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None or value == "":
        return "–"
    return f"{value:g}" if isinstance(value, float) else str(value)


def files(job: TrainModel) -> list[Row]:
    """The model and the patches that it learnt from."""
    rows = [("Model to begin with", job.model)]
    for role, patches in (("Training", job.training), ("Validation", job.validation)):
        rows += [(f"{role} patches", path) for path in patches.sources]
        rows += [(f"{role} labels", path) for path in patches.labels]
        rows += [(f"{role} records", patches.records)] if patches.records else []
    return [(what, os.path.normpath(path)) for what, path in rows]
