"""Runs a model over one block: patch by patch, or the block in one fully convolutional call."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ..errors import BadModel
from ..model.loading.load import LoadedModel
from .patches import Patches
from .plan import Block, Plan

BATCH_BYTES = 48_000_000  # of patches in one call: large enough for TensorFlow's threads, small enough for the cache and any memory
Outputs = dict[str, np.ndarray]  # (rows, cols, channels) each


@dataclass(frozen=True)
class BlockPixels:
    """A block with its windows read: `sources` (rows, cols, bands) each; `valid` (rows, cols) of the outputs that have data.

    A block that is not to be computed has no sources; `outside_mask`: because no output of it is wanted.
    """

    block: Block
    sources: tuple[np.ndarray, ...]
    valid: np.ndarray
    outside_mask: bool = False


class Evaluator(ABC):
    """A model with a plan. Calling it gives the block's outputs, cut to the window that is written."""

    def __init__(self, model: LoadedModel, inputs: Sequence[str], outputs: Sequence[str], plan: Plan, check: Callable[[], None]) -> None:
        self.model, self.inputs, self.outputs, self.plan, self.check = model, inputs, outputs, plan, check
        self.field = plan.rows.expression_field, plan.cols.expression_field
        self.halo = plan.rows.halo, plan.cols.halo

    def __call__(self, pixels: BlockPixels) -> Outputs:
        """The named outputs of a block.

        Raises:
            BadModel: the model gives another number of values than its geometry says.
        """
        block, window = pixels.block, pixels.block.window
        row, col = window.row - block.rows[0] * self.plan.rows.step, window.col - block.cols[0] * self.plan.cols.step
        whole = self._whole(Patches.of(self.plan, block, pixels.sources))
        return {name: values[row : row + window.height, col : col + window.width] for name, values in whole.items()}

    @abstractmethod
    def _whole(self, patches: Patches) -> Outputs:
        """The outputs of whole EF blocks, as one image."""


class FullyConvolutional(Evaluator):
    """The block's windows in one call. Suits models that take any size; every output pixel costs its share only."""

    def _whole(self, patches: Patches) -> Outputs:
        down, across = patches.count
        arrays = {name: source[np.newaxis] for name, source in zip(self.inputs, patches.sources, strict=True)}
        self.check()
        results = self.model.run(arrays, self.outputs)
        expected = down * self.field[0] + 2 * self.halo[0], across * self.field[1] + 2 * self.halo[1]
        return {name: self._as_image(name, values, expected) for name, values in results.items()}

    def _as_image(self, name: str, values: np.ndarray, expected: tuple[int, int]) -> np.ndarray:
        if values.ndim < 3:
            raise BadModel(
                f"Output {name} gives one result a patch: it has no rows and columns to make a map of a block",
                received=" × ".join(map(str, values.shape)) or "one value",
                remedy="Choose the patch-based mode (MODE=patch_based), or another output.",
            )
        image = values[..., np.newaxis] if values.ndim == 3 else values
        if image.ndim != 4 or image.shape[:3] != (1, *expected):
            raise BadModel(
                f"Output {name} in fully convolutional mode",
                expected=f"1 × {expected[0]} × {expected[1]} × channels",
                received=" × ".join(map(str, values.shape)),
                remedy="Check receptive field, expression field and scale factor, or use the patch-based mode.",
            )
        return without_halo(image[0], self.halo)


class PatchBased(Evaluator):
    """Every window as a patch of its own, in batches. Suits any model; overlapping patches are computed again and again."""

    @property
    def sizes(self) -> list[tuple[int, int]]:
        """(height, width) of each source's patches."""
        return list(zip(self.plan.rows.fields, self.plan.cols.fields, strict=True))

    def _whole(self, patches: Patches) -> Outputs:
        (down, across), views = patches.count, patches.views(self.sizes)
        patch_bytes = sum(view.itemsize * math.prod(view.shape[2:]) for view in views)
        rows_at_once = max(1, BATCH_BYTES // (patch_bytes * across))
        parts = [self._rows(views, first, min(first + rows_at_once, down)) for first in range(0, down, rows_at_once)]
        return {name: np.concatenate([part[name] for part in parts]) for name in self.outputs}

    def _rows(self, views: list[np.ndarray], first: int, last: int) -> Outputs:
        self.check()
        across = views[0].shape[1]
        batch = {name: view[first:last].reshape(-1, *view.shape[2:]) for name, view in zip(self.inputs, views, strict=True)}
        results = self.model.run(batch, self.outputs)
        return {name: self._as_image(name, values, last - first, across) for name, values in results.items()}

    def _as_image(self, name: str, values: np.ndarray, down: int, across: int) -> np.ndarray:
        """What the model gives for a grid of patches, as one image."""
        patches = self._as_patches(name, values, down * across)
        (height, width), channels = self.field, patches.shape[-1]
        image = patches.reshape(down, across, height, width, channels).transpose(0, 2, 1, 3, 4)
        return image.reshape(down * height, across * width, channels)

    def _as_patches(self, name: str, values: np.ndarray, count: int) -> np.ndarray:
        """Outputs of shape [n], [n, c], [n, h, w] or [n, h, w, c] as [n, h, w, c], without the halo."""
        height, width = (field + 2 * halo for field, halo in zip(self.field, self.halo, strict=True))
        channels = values.shape[-1] if values.ndim in (2, 4) else 1
        if values.ndim not in (1, 2, 3, 4) or values.size != count * height * width * channels:
            raise BadModel(
                f"Output {name} in patch-based mode",
                expected=f"{height} × {width} values a patch",
                received=" × ".join(map(str, values.shape[1:])) or "one",
                remedy="Check the expression field.",
            )
        return without_halo(values.reshape(count, height, width, channels), self.halo)


def without_halo(values: np.ndarray, halo: tuple[int, int]) -> np.ndarray:
    """Outputs (…, rows, cols, channels) without those that depend on where the window ends."""
    rows, cols = (slice(margin, -margin or None) for margin in halo)
    return values[..., rows, cols, :]
