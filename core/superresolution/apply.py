"""The job superresolve: a model served so that what it writes is the input itself with smaller pixels."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from ..inference import serve
from ..jobs import Product, ServeModel, Serving, Superresolve
from ..reporting import Reporter


def run(job: Superresolve, reporter: Reporter) -> dict[str, Any]:
    """Serve the model; outputs: OUTPUT (path), BLOCK_SIZE, WIDTH and HEIGHT (of the output, in pixels).

    Models take and give pixel values, not what scale and offset make of them: these are written as the input has them.
    """
    given = {field.name: getattr(job, field.name) for field in fields(Serving)}
    product = Product(job.output, job.outputs, job.dtype, as_source=True)
    return serve.run(ServeModel(**given, products=(product,)), reporter)
