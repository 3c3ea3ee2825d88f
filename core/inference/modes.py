"""How a model is applied: in blocks where it can be, else patch by patch, and densely where that gives the same; blended and turned on
request."""

from __future__ import annotations

from ..errors import BadModel, BadParameter
from ..jobs import ServeModel
from ..reporting import Reporter
from .augment import TURNS, Augmented
from .blend import Blended
from .combine import origins, rules_for
from .dense import dense_if_equal
from .evaluate import Evaluator, FullyConvolutional, PatchBased
from .setup import Setup


def choose_evaluator(job: ServeModel, setup: Setup, reporter: Reporter) -> Evaluator:
    """The evaluator of a run.

    Raises:
        BadModel: the mode that the user asks for cannot serve these sources.
        BadParameter: overlap or quarter turns of what cannot have them.
    """
    if job.augmentation == "none":
        return _evaluator(job, setup, setup.wanted, reporter)
    turns, rules = TURNS[job.augmentation], rules_for(setup.wanted, setup.model, setup.contract)
    evaluator = Augmented(_evaluator(job, setup, origins(rules), reporter), rules, turns)
    reporter.info(f"Test-time augmentation ({job.augmentation}): every block is computed {len(turns)} times, and the mean is written.")
    return evaluator


def _evaluator(job: ServeModel, setup: Setup, outputs: tuple[str, ...], reporter: Reporter) -> Evaluator:
    """Of the image as it lies."""
    by_blocks = _by_blocks(job, setup)
    reporter.info(f"Mode: {'fully convolutional' if by_blocks else 'patch-based'}; outputs {', '.join(setup.wanted)}.")
    if job.overlap:
        return _blended(setup, outputs, reporter)
    kind = FullyConvolutional if by_blocks else PatchBased
    evaluator = kind(setup.model, setup.geometry.inputs, outputs, setup.plan, reporter.check)
    if isinstance(evaluator, PatchBased) and job.mode == "automatic":
        return dense_if_equal(evaluator, setup.reader(job.edges), reporter)
    return evaluator


def _by_blocks(job: ServeModel, setup: Setup) -> bool:
    if job.mode == "fully_convolutional" and job.overlap:
        raise BadParameter(
            "Overlap in fully convolutional mode: whole blocks have no expression fields to blend",
            expected=0,
            received=job.overlap,
            remedy="Use MODE=automatic.",
        )
    uneven = setup.plan.uneven_sources()
    if job.mode == "fully_convolutional" and uneven:
        down, across = setup.plan.rows.steps(), setup.plan.cols.steps()
        steps = ", ".join(f"source {i + 1} by {down[i]} × {across[i]} pixels" for i in uneven)
        raise BadModel("Fully convolutional mode needs windows that move by whole pixels", received=steps, remedy="Use patch-based mode.")
    able = bool(setup.geometry.fully_convolutional) and not uneven and not job.overlap
    return job.mode == "fully_convolutional" or (job.mode == "automatic" and able)


def _blended(setup: Setup, outputs: tuple[str, ...], reporter: Reporter) -> Evaluator:
    rules = rules_for(outputs, setup.model, setup.contract)
    evaluator = Blended(setup.model, setup.geometry.inputs, rules, setup.plan, reporter.check)
    (height, width), (down, across) = evaluator.field, evaluator.steps
    reporter.info(
        f"Overlap: expression fields of {height} × {width}, {down} × {across} output pixels apart, are blended: "
        f"every output is computed {evaluator.times:.3g} times."
    )
    return evaluator
