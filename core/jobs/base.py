"""What every job is made of, and what several of them choose from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ..fields import validate

NODATA_RULES = ("all", "any")
RESAMPLINGS = ("none", "nearest", "bilinear", "cubic")
PRECISIONS = ("full", "fast")

Extent = tuple[float, float, float, float]  # xmin, ymin, xmax, ymax


@dataclass(frozen=True)
class Part:
    """What jobs are made of, and a job itself: checked when it is made."""

    def __post_init__(self) -> None:
        validate(self)


@dataclass(frozen=True)
class Job(Part):
    """Root of all jobs. `name` is the job's id on the wire and the id of the algorithm that makes it."""

    name: ClassVar[str] = ""
