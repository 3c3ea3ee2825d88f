"""Test-time augmentation: the mean over flips and quarter turns of the image, each map turned back.

A model that is to map what is seen from above has no reason to prefer one direction, but does; the mean over the directions is smoother
and mostly better (with flips: Krizhevsky et al., *ImageNet classification with deep convolutional neural networks*, NIPS 2012; the group of
eight: Cohen & Welling, *Group equivariant convolutional networks*, ICML 2016). Each patch is turned about its own centre; turning a whole
window, with the places of the patches in it, does just that, so that any evaluator can be turned.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from ..errors import BadParameter
from .combine import Combination, Rule
from .evaluate import Evaluator, Outputs
from .patches import Patches, Starts
from .plan import AxisPlan, Plan


@dataclass(frozen=True)
class Turn:
    """One of the eight ways to lay a square on itself: rows and columns swapped, then upside down, then left to right."""

    swapped: bool = False
    upside_down: bool = False
    mirrored: bool = False

    def apply(self, image: np.ndarray) -> np.ndarray:
        """An image (rows, cols, …) turned: a view."""
        return self._flip(image.swapaxes(0, 1) if self.swapped else image)

    def undo(self, image: np.ndarray) -> np.ndarray:
        """The image that was turned: a view."""
        flipped = self._flip(image)
        return flipped.swapaxes(0, 1) if self.swapped else flipped

    def of_patches(self, patches: Patches) -> Patches:
        """All patches turned, in the turned window."""
        windows = tuple(np.ascontiguousarray(self.apply(source)) for source in patches.sources)  # patches are cut from them quicker so
        return Patches(windows, tuple(map(self._of_starts, patches.starts)))

    def _flip(self, image: np.ndarray) -> np.ndarray:
        return image[:: -1 if self.upside_down else 1, :: -1 if self.mirrored else 1]

    def _of_starts(self, starts: Starts) -> Starts:
        rows, cols = starts[::-1] if self.swapped else starts
        return _from_the_end(rows) if self.upside_down else rows, _from_the_end(cols) if self.mirrored else cols


FLIPS = tuple(Turn(False, *flips) for flips in product((False, True), repeat=2))
TURNS = {"flips": FLIPS, "all": (*FLIPS, *(Turn(True, turn.upside_down, turn.mirrored) for turn in FLIPS))}  # jobs.AUGMENTATIONS


class Augmented(Evaluator):
    """Any evaluator, applied to every turn of a block.

    Args:
        inner: gives the origins of the rules.

    Raises:
        BadParameter: quarter turns of what is not the same down and across.
    """

    def __init__(self, inner: Evaluator, rules: dict[str, Rule], turns: Sequence[Turn]) -> None:
        super().__init__(inner.model, inner.inputs, tuple(rules), inner.plan, inner.check)
        self._inner, self._rules, self._turns = inner, rules, tuple(turns)
        if any(turn.swapped for turn in turns):
            check_square(inner.plan)

    def _whole(self, patches: Patches) -> Outputs:
        combination: Combination | None = None
        for turn in self._turns:
            turned = self._inner._whole(turn.of_patches(patches))
            values = {name: turn.undo(image) for name, image in turned.items()}
            combination = combination or Combination(self._rules, next(iter(values.values())).shape[:2])
            combination.add(values, 1 / len(self._turns))
        return combination.outputs() if combination else {}


def check_square(plan: Plan) -> None:
    """Raises:
    BadParameter: patches that would not fit a model, or that would show another place, after a quarter turn.
    """
    down, across = _geometry(plan.rows), _geometry(plan.cols)
    if down != across:
        raise BadParameter(
            "Quarter turns (AUGMENTATION=all)",
            expected="square receptive and expression fields, and sources whose spacings have the same ratio down and across",
            received=f"{down} down, {across} across",
            remedy="Use the flips (AUGMENTATION=flips).",
        )


def _geometry(axis: AxisPlan) -> str:
    fields = ", ".join(f"{field} (ratio {source.ratio})" for field, source in zip(axis.fields, axis.sources, strict=True))
    return f"receptive fields {fields}, expression field {axis.expression_field}, halo {axis.halo}"


def _from_the_end(starts: np.ndarray) -> np.ndarray:
    return starts[-1] - starts[::-1]
