"""Expression fields that overlap, and are blended: for models whose results are weak near the border of what they give.

Every output is the weighted mean of what all the expression fields that hold it give. The weight falls linearly with the distance to the
nearer border, along each axis: the feathering of image mosaics (Szeliski, *Image Alignment and Stitching: A Tutorial*, 2006, section 6.2).
Where two expression fields overlap, one fades in as the other fades out. Every block computes all the expression fields that touch it
and needs nothing from its neighbours, so blocks may come in any order, be left out, or be done again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from math import ceil, prod

import numpy as np

from ..model.loading.load import LoadedModel
from .combine import Combination, Rule, origins
from .evaluate import Outputs, PatchBased
from .patches import Patches
from .plan import Plan

BATCH_PIXELS = 2**18  # of one source in one call: models that blend give large images, with many values held for each pixel


class Blended(PatchBased):
    """Overlapping patches, each computed by itself and blended: any model, at the price of (EF ÷ step)² times the work."""

    def __init__(self, model: LoadedModel, inputs: Sequence[str], rules: dict[str, Rule], plan: Plan, check: Callable[[], None]) -> None:
        super().__init__(model, inputs, origins(rules), plan, check)
        self.rules = rules
        self.steps = plan.rows.step, plan.cols.step
        down, across = (weights(field, step) for field, step in zip(self.field, self.steps, strict=True))
        self._weights = np.multiply.outer(down, across)[:, :, np.newaxis]

    @property
    def times(self) -> float:
        """How many times every output is computed."""
        return prod(field / step for field, step in zip(self.field, self.steps, strict=True))

    def _whole(self, patches: Patches) -> Outputs:
        shape = tuple((count - 1) * step + field for count, step, field in zip(patches.count, self.steps, self.field, strict=True))
        combination = Combination(self.rules, shape)  # type: ignore[arg-type]  # rows and cols
        for down, across in self._batches(patches.count):
            self.check()
            arrays = patches.picked(self.sizes, down, across)
            results = self.model.run(dict(zip(self.inputs, arrays, strict=True)), self.outputs)
            values = {name: self._as_patches(name, result, len(down)) for name, result in results.items()}
            for i, (row, col) in enumerate(zip(down * self.steps[0], across * self.steps[1], strict=True)):
                place = slice(row, row + self.field[0]), slice(col, col + self.field[1])
                combination.add({name: of_all[i] for name, of_all in values.items()}, self._weights, place)
        return combination.outputs()

    def _batches(self, count: tuple[int, int]) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Numbers, down and across, of the patches of every batch, in the order of rows."""
        pixels = max(height * width for height, width in self.sizes)
        at_once = max(1, BATCH_PIXELS // pixels)
        numbers = np.indices(count).reshape(2, -1)
        yield from zip(*(np.array_split(axis, ceil(len(axis) / at_once)) for axis in numbers), strict=True)


def weights(field: int, step: int) -> np.ndarray:
    """The weight of each of an expression field's outputs along one axis, never 0.

    w(t) = min(t + ½, EF − t − ½), over the sum of w over all the expression fields that hold this output: they add up to 1 everywhere,
    so that nothing has to be divided at the end.
    """
    places = np.arange(field)
    distance = np.minimum(places, places[::-1]) + 0.5
    together = np.array([distance[place % step :: step].sum() for place in places])
    return distance / together
