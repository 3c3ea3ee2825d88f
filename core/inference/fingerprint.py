"""What the pixels of a run depend on: parameters, files, software."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from ..fingerprint import Fingerprint, images, software, stamps
from ..jobs import ServeModel
from ..model.loading.load import device_in_use
from ..raster.identity import Identity, identity

# What the pixels do not depend on, or what stands apart. (The block size has a rule of its own: core/inference/resume.py.)
NOT_COUNTED = {"sources", "products", "memory", "block_size", "resume", "trust"}


def fingerprint(job: ServeModel, evaluator: str) -> Fingerprint:
    """Of a run whose images and model were opened already. `evaluator`: the form in which the model is applied.

    Raises:
        CannotRead: a file vanished in the meantime.
    """
    files: dict[str, Identity] = {f"source {i}": images(source.images) for i, source in enumerate(job.sources, start=1)}
    if job.mask:
        files["the mask"] = identity(job.mask)
    files["the model"] = stamps(job.model)
    return {**dict(_parameters(job)), **files, **software(), "the way of computing": evaluator, "the device": device_in_use()}


def _parameters(job: ServeModel) -> Iterator[tuple[str, Any]]:
    values = asdict(job)
    yield from ((f"parameter {name.upper()}", value) for name, value in values.items() if name not in NOT_COUNTED)
    for i, source in enumerate(values["sources"], start=1):
        yield from ((f"{name.upper()} of source {i}", value) for name, value in source.items())
    for i, product in enumerate(values["products"], start=1):
        yield from ((f"{name.upper()} of output {i}", value) for name, value in product.items() if name != "path")
