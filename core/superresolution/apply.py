"""The job superresolve: a model served so that what it writes is the input itself with smaller pixels."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from ..errors import BadModel
from ..inference import serve
from ..inference.setup import Setup
from ..jobs import Product, ServeModel, Serving, Superresolve
from ..model.geometry.model_geometry import read_graph
from ..model.probabilities import gives_classes
from ..reporting import Reporter

OTHERWISE = "Apply this model with 'Serve model'."


def run(job: Superresolve, reporter: Reporter) -> dict[str, Any]:
    """Serve the model; outputs: OUTPUT (path), BLOCK_SIZE, WIDTH and HEIGHT (of the output, in pixels).

    Models take and give pixel values, not what scale and offset make of them: these are written as the input has them.

    Raises:
        BadModel: the model makes no image, or one with larger pixels; or it fuses images whose pixel sizes are in another ratio.
    """
    given = {field.name: getattr(job, field.name) for field in fields(Serving)}
    product = Product(job.output, job.outputs, job.dtype, as_source=True)
    return serve.run(ServeModel(**given, products=(product,)), reporter, lambda setup: _check(setup, reporter))


def _check(setup: Setup, reporter: Reporter) -> None:
    """A model may leave pixels as large as they are (it takes noise or haze away): that is said, for it may be the wrong model."""
    for name in setup.wanted:
        kind = _kind(setup, name)
        if kind != "values":
            raise BadModel(f"Output {name} of the model", expected="an image", received=kind, remedy=OTHERWISE)
    _check_ratios(setup)
    scale = setup.geometry.scale_factor
    if scale > 1:
        raise BadModel("Pixels of the model", expected="smaller than the input's", received=f"{scale} times as large", remedy=OTHERWISE)
    if scale == 1:
        reporter.info("The model makes pixels as large as those of the input: none becomes smaller.")


def _check_ratios(setup: Setup) -> None:
    """Fusion lays pixel on pixel: what is finer than the model thinks would be laid beside its place."""
    seen = read_graph(setup.model)[setup.wanted[0]].inputs
    scales = [seen[name].scale_factor if name in seen else None for name in setup.geometry.inputs]
    for number, (scale, axis) in enumerate(zip(scales, setup.plan.rows.sources, strict=True), start=1):
        if scales[0] and scale and axis.ratio != scales[0] / scale:
            raise BadModel(
                f"Pixels of input {number}", expected=f"{scales[0] / scale} of the size of those of the first input",
                received=axis.ratio, remedy="Give the images in the order of the model's inputs, with the pixel sizes it was made for.",
            )  # fmt: skip


def _kind(setup: Setup, name: str) -> str:
    """What an output is, in the words of the contract; of a foreign model what its graph tells, if it can be read."""
    if setup.contract:
        return next((output.kind for output in setup.contract.outputs if output.name == name), "values")
    return "classes" if not setup.geometry.unknown and gives_classes(setup.model, name) else "values"
