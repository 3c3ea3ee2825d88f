"""Jobs as JSON carries them, and the paths that they write."""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import Any

from ..errors import BadParameter
from ..fields import from_plain
from . import classification, extraction, sampling, serving, superresolution, tools, training
from .base import Job

_MODULES = (sampling, extraction, training, serving, classification, superresolution, tools)
JOBS: dict[str, type[Job]] = {
    job.name: job for module in _MODULES for job in vars(module).values() if isinstance(job, type) and issubclass(job, Job) and job.name
}


def to_dict(job: Job) -> dict[str, Any]:
    """The job as plain values that JSON can carry."""
    return {"job": job.name, **asdict(job)}


def from_dict(values: dict[str, Any]) -> Job:
    """The job that `to_dict` described. Missing fields take their defaults.

    Raises:
        BadParameter: unknown job, unknown field, or a value of the wrong type or range.
    """
    job_class = JOBS.get(str(values.get("job")))
    if job_class is None:
        raise BadParameter("Unknown job", expected=", ".join(sorted(JOBS)), received=values.get("job"))
    return from_plain(job_class, {name: value for name, value in values.items() if name != "job"})


def outputs_of(job: Job) -> list[str]:
    """Paths that the job writes, inside its nested parts too."""
    return [path for path in _outputs(job) if path]


def _outputs(part: Any) -> list[str]:
    found: list[str] = []
    for field in fields(part):
        value = getattr(part, field.name)
        if isinstance(value, tuple):
            for item in value:
                found += _outputs(item) if hasattr(item, "__dataclass_fields__") else []
        elif hasattr(value, "__dataclass_fields__"):
            found += _outputs(value)
        elif field.name.startswith("output_") or field.name in ("output", "rates", "rejected", "path"):
            found.append(value)
    return found
