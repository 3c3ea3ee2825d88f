"""Runs a model over one block: patch by patch, or the block in one fully convolutional call."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ..errors import BadModel
from ..model.load import LoadedModel
from .plan import AxisPlan, Block, Plan, Span

BATCH_BYTES = 48_000_000  # of patches in one call: large enough for TensorFlow's threads, small enough for the cache and any memory
Outputs = dict[str, np.ndarray]  # (rows, cols, channels) each


@dataclass(frozen=True)
class BlockPixels:
    """A block with its windows read: `sources` (rows, cols, bands) each; `valid` (rows, cols) of the outputs that have data."""

    block: Block
    sources: tuple[np.ndarray, ...]
    valid: np.ndarray


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
        row, col = window.row - block.rows[0] * self.field[0], window.col - block.cols[0] * self.field[1]
        whole = self._whole(pixels)
        return {name: values[row : row + window.height, col : col + window.width] for name, values in whole.items()}

    @abstractmethod
    def _whole(self, pixels: BlockPixels) -> Outputs:
        """The outputs of whole EF blocks."""

    def _size(self, block: Block) -> tuple[int, int]:
        """EF blocks down and across."""
        return block.rows[1] - block.rows[0], block.cols[1] - block.cols[0]


class FullyConvolutional(Evaluator):
    """The block's windows in one call. Suits models that take any size; every output pixel costs its share only."""

    def _whole(self, pixels: BlockPixels) -> Outputs:
        down, across = self._size(pixels.block)
        arrays = {name: source[np.newaxis] for name, source in zip(self.inputs, pixels.sources, strict=True)}
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

    def _whole(self, pixels: BlockPixels) -> Outputs:
        down, across = self._size(pixels.block)
        patches = self._patch_views(pixels)
        patch_bytes = sum(view.strides[-1] * int(np.prod(view.shape[2:])) for view in patches)
        rows_at_once = max(1, BATCH_BYTES // (patch_bytes * across))
        parts = [self._rows(patches, first, min(first + rows_at_once, down)) for first in range(0, down, rows_at_once)]
        return {name: np.concatenate([part[name] for part in parts]) for name in self.outputs}

    def _patch_views(self, pixels: BlockPixels) -> list[np.ndarray]:
        """One array a source, (blocks down, blocks across, rows, cols, bands), without copying where windows move evenly."""
        return [
            _patches(source, *self._starts(pixels.block, i), self.plan.rows.fields[i], self.plan.cols.fields[i])
            for i, source in enumerate(pixels.sources)
        ]

    def _starts(self, block: Block, source: int) -> tuple[np.ndarray, np.ndarray]:
        return _relative_starts(self.plan.rows, block.rows, source), _relative_starts(self.plan.cols, block.cols, source)

    def _rows(self, patches: list[np.ndarray], first: int, last: int) -> Outputs:
        self.check()
        across = patches[0].shape[1]
        batch = {name: view[first:last].reshape(-1, *view.shape[2:]) for name, view in zip(self.inputs, patches, strict=True)}
        results = self.model.run(batch, self.outputs)
        return {name: self._as_image(name, values, last - first, across) for name, values in results.items()}

    def _as_image(self, name: str, values: np.ndarray, down: int, across: int) -> np.ndarray:
        """Outputs of shape [n], [n, c], [n, h, w] or [n, h, w, c] as one image."""
        height, width = (field + 2 * halo for field, halo in zip(self.field, self.halo, strict=True))
        channels = values.shape[-1] if values.ndim in (2, 4) else 1
        if values.ndim not in (1, 2, 3, 4) or values.size != down * across * height * width * channels:
            raise BadModel(
                f"Output {name} in patch-based mode",
                expected=f"{height} × {width} values a patch",
                received=" × ".join(map(str, values.shape[1:])) or "one",
                remedy="Check the expression field.",
            )
        patches = without_halo(values.reshape(down, across, height, width, channels), self.halo)
        (height, width), image = self.field, patches.transpose(0, 2, 1, 3, 4)
        return image.reshape(down * height, across * width, channels)


def without_halo(values: np.ndarray, halo: tuple[int, int]) -> np.ndarray:
    """Outputs (…, rows, cols, channels) without those that depend on where the window ends."""
    rows, cols = (slice(margin, -margin or None) for margin in halo)
    return values[..., rows, cols, :]


def _relative_starts(axis: AxisPlan, blocks: Span, source: int) -> np.ndarray:
    """First pixel of each EF block's window in the window of all of them."""
    step = axis.steps()[source]
    if step.denominator == 1 and axis.steps()[axis.anchor].denominator == 1:  # the windows move evenly: no need to ask for each
        return np.arange(blocks[1] - blocks[0]) * int(step)
    starts = np.array([axis.starts(j)[source] for j in range(*blocks)])
    return starts - starts[0]


def _patches(source: np.ndarray, rows: np.ndarray, cols: np.ndarray, height: int, width: int) -> np.ndarray:
    views = np.lib.stride_tricks.sliding_window_view(source, (height, width), axis=(0, 1)).transpose(0, 1, 3, 4, 2)
    down, across = _even_step(rows), _even_step(cols)
    if down and across:
        return views[::down][: len(rows), ::across][:, : len(cols)]
    return views[np.ix_(rows, cols)]


def _even_step(starts: np.ndarray) -> int:
    """The step between starts if it is always the same, else 0."""
    if len(starts) == 1:
        return 1
    steps = np.diff(starts)
    return int(steps[0]) if steps[0] > 0 and (steps == steps[0]).all() else 0
