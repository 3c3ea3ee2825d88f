"""Dense evaluation of a patch-based model in a run: built for its sources, checked on the image at hand, used only if it gives the same."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..model.dense.evaluation import PatchGrid, densify
from ..model.dense.patch_map import NotDense
from ..model.loading.frozen import FrozenGraph
from ..reporting import Reporter
from .evaluate import BlockPixels, Evaluator, Outputs, PatchBased
from .patches import Patches
from .places import places
from .plan import AxisPlan, Block

PLACES, SIDE = 6, 5  # blocks of so many outputs on a side, at so many places of the image, are compared
TOLERANCE = 1e-4  # of the largest value: single precision, added up in another order


class Dense(PatchBased):
    """All patches of a block in one pass (core/model/dense/evaluation.py). Suits patch-based models of convolutions; equal values, far
    quicker.

    Raises:
        NotDense: when made, for a model that has no dense form.
    """

    def __init__(self, patches: PatchBased) -> None:
        super().__init__(patches.model, patches.inputs, patches.outputs, patches.plan, patches.check)
        rows, cols = _grid(self.plan.rows), _grid(self.plan.cols)
        grids = {
            name: PatchGrid((height, width), (down, across) if down and across else None)
            for name, (height, down), (width, across) in zip(self.inputs, rows, cols, strict=True)
        }
        self._function = densify(FrozenGraph(self.model), grids, self.outputs)

    def _whole(self, patches: Patches) -> Outputs:
        self.check()
        arrays = {name: source[np.newaxis] for name, source in zip(self.inputs, patches.sources, strict=True)}
        down, across = patches.count
        results = self._function(arrays, dict(zip(self.inputs, patches.starts, strict=True)))
        return {name: self._as_image(name, values.numpy(), down, across) for name, values in results.items()}


def dense_if_equal(patches: PatchBased, read: Callable[[Block], BlockPixels], reporter: Reporter) -> Evaluator:
    """The dense form of an evaluator if there is one and it gives the same values at some places of this image; else the evaluator."""
    try:
        dense = Dense(patches)
    except NotDense as reason:
        reporter.info(f"No dense evaluation: {reason}. Every patch is computed by itself.")
        return patches
    except Exception as error:  # a graph that the rewriting does not understand must not end a run that works without it
        reporter.info(f"No dense evaluation ({type(error).__name__}: {error}). Every patch is computed by itself.")
        return patches
    for block in places(patches.plan, PLACES, SIDE):
        pixels = read(block)
        difference = largest_difference(patches(pixels), dense(pixels))
        if difference > TOLERANCE:
            reporter.warn(
                f"Dense evaluation differs from the patches ({difference:.2g} of the largest value): every patch is computed by itself."
            )
            return patches
    reporter.info(f"Dense evaluation: the same as the patches at {PLACES * SIDE**2} pixels of this image.")
    return dense


def largest_difference(one: Outputs, other: Outputs) -> float:
    """The largest difference of any output, relative to its largest value; 1 for classes that differ."""
    return max(_difference(one[name], other[name]) for name in one)


def _difference(one: np.ndarray, other: np.ndarray) -> float:
    if not np.issubdtype(one.dtype, np.floating):
        return float((one != other).any())
    if not (np.isfinite(one) == np.isfinite(other)).all():
        return 1.0
    finite = np.isfinite(one)
    scale = float(np.abs(one[finite]).max(initial=1e-6))
    return float(np.abs(one[finite] - other[finite]).max(initial=0.0)) / scale


def _grid(axis: AxisPlan) -> list[tuple[int, int]]:
    """Size and step of each source's patches; step 0 where it is not whole."""
    return [(field, int(step) if step.denominator == 1 else 0) for field, step in zip(axis.fields, axis.steps(), strict=True)]
