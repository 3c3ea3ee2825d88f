"""How a model is applied: in blocks where it can be, else patch by patch, and densely where that gives the same."""

from __future__ import annotations

from ..errors import BadModel
from ..jobs import ServeModel
from ..reporting import Reporter
from .dense import dense_if_equal
from .evaluate import Evaluator, FullyConvolutional, PatchBased
from .setup import Setup


def choose_evaluator(job: ServeModel, setup: Setup, reporter: Reporter) -> Evaluator:
    """The evaluator of a run.

    Raises:
        BadModel: the mode that the user asks for cannot serve these sources.
    """
    uneven = setup.plan.uneven_sources()
    if job.mode == "fully_convolutional" and uneven:
        down, across = setup.plan.rows.steps(), setup.plan.cols.steps()
        steps = ", ".join(f"source {i + 1} by {down[i]} × {across[i]} pixels" for i in uneven)
        raise BadModel("Fully convolutional mode needs windows that move by whole pixels", received=steps, remedy="Use patch-based mode.")
    able = bool(setup.geometry.fully_convolutional) and not uneven
    by_blocks = job.mode == "fully_convolutional" or (job.mode == "automatic" and able)
    reporter.info(f"Mode: {'fully convolutional' if by_blocks else 'patch-based'}; outputs {', '.join(setup.wanted)}.")
    kind = FullyConvolutional if by_blocks else PatchBased
    evaluator = kind(setup.model, setup.geometry.inputs, setup.wanted, setup.plan, reporter.check)
    if isinstance(evaluator, PatchBased) and job.mode == "automatic":
        return dense_if_equal(evaluator, setup.reader(job.edges), reporter)
    return evaluator
