"""Reads what a block needs: every source's window, and where the outputs have data."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ..raster.grid import Window
from ..raster.source import Source
from .evaluate import BlockPixels
from .plan import AxisPlan, Block, Plan, Span


def everywhere(window: Window) -> np.ndarray:
    """The mask of a run that has none: every output is wanted."""
    return np.ones((window.height, window.width), bool)


class BlockReader:
    """Called with a block from one thread only (its sources are not thread-safe).

    Args:
        dtypes: of the model's inputs, one a source.
        edges: what stands for the pixels outside an image; "valid": outputs that would need them are no-data.
        mask: which outputs of a window are wanted, (rows, cols). If given, no more is read of a block than it takes to see that none of its
            outputs is wanted and has data. None: every block is read whole.
    """

    def __init__(
        self,
        sources: Sequence[Source],
        dtypes: Sequence[np.dtype],
        plan: Plan,
        edges: str,
        mask: Callable[[Window], np.ndarray] | None = None,
    ) -> None:
        self.sources, self.dtypes, self.plan, self.edges, self.mask = sources, dtypes, plan, edges, mask
        self._heights, self._widths = [source.grid.height for source in sources], [source.grid.width for source in sources]

    def __call__(self, block: Block) -> BlockPixels:
        """The block's pixels. NaN becomes 0: one NaN would otherwise spoil every output whose receptive field holds it."""
        valid = self.mask(block.window) if self.mask else everywhere(block.window)
        if not valid.any():
            return BlockPixels(block, (), valid, outside_mask=True)
        if self.edges == "valid":
            valid &= self._inside(block)
        arrays = []
        for i, (source, window) in enumerate(zip(self.sources, self.plan.windows(block), strict=True)):
            at_once = self.dtypes[i] if np.issubdtype(source.dtype, np.integer) else None  # no NaN, nothing to round: straight to its type
            pixels, has_data = source.read_valid(window, "reflect" if self.edges == "valid" else self.edges, at_once)
            valid &= self._at_outputs(i, block, window, has_data)
            if self.mask and not valid.any():
                return BlockPixels(block, (), valid)
            arrays.append(pixels if at_once else _as_type(_without_nan(pixels), self.dtypes[i]))
        return BlockPixels(block, tuple(arrays), valid)

    def _at_outputs(self, i: int, block: Block, window: Window, has_data: np.ndarray) -> np.ndarray:
        """The mask of source i's window, looked up under the centre of every output pixel."""
        outputs = block.window
        rows = self.plan.rows.centres((outputs.row, outputs.row + outputs.height), self._heights)[i]
        cols = self.plan.cols.centres((outputs.col, outputs.col + outputs.width), self._widths)[i]
        needed = Window(int(rows[0]), int(cols[0]), int(rows[-1] - rows[0]) + 1, int(cols[-1] - cols[0]) + 1)
        if not _holds(window, needed):  # a model whose receptive field is smaller than its footprint
            window, has_data = needed, self.sources[i].valid(needed)
        looked_up: np.ndarray = has_data[_steps(rows - window.row)][:, _steps(cols - window.col)]
        return looked_up

    def _inside(self, block: Block) -> np.ndarray:
        """Outputs whose windows lie inside every image."""
        outputs = block.window
        rows = _inside(self.plan.rows, block.rows, (outputs.row, outputs.row + outputs.height), self._heights)
        cols = _inside(self.plan.cols, block.cols, (outputs.col, outputs.col + outputs.width), self._widths)
        return np.logical_and.outer(rows, cols)


def _inside(axis: AxisPlan, blocks: Span, outputs: Span, sizes: Sequence[int]) -> np.ndarray:
    """For every output along one axis, whether the windows of all EF blocks that hold it lie inside the images of these sizes."""
    inside = np.ones(outputs[1] - outputs[0], bool)
    for j in range(*blocks):
        if not _fits(axis.starts(j), axis.fields, sizes):
            first = j * axis.step - outputs[0]
            inside[max(first, 0) : max(first + axis.expression_field, 0)] = False
    return inside


def _fits(starts: Sequence[int], fields: Sequence[int], sizes: Sequence[int]) -> bool:
    return all(start >= 0 and start + field <= size for start, field, size in zip(starts, fields, sizes, strict=True))


def _holds(window: Window, part: Window) -> bool:
    return (
        window.row <= part.row
        and window.col <= part.col
        and part.row + part.height <= window.row + window.height
        and part.col + part.width <= window.col + window.width
    )


def _steps(index: np.ndarray) -> slice | np.ndarray:
    """Neighbouring pixels as a slice, which copies nothing; pixels further apart, or the same one several times, as they are."""
    first, last = int(index[0]), int(index[-1])
    return slice(first, last + 1) if last + 1 - first == len(index) and (np.diff(index) == 1).all() else index


def _without_nan(pixels: np.ndarray) -> np.ndarray:
    if np.issubdtype(pixels.dtype, np.floating):
        np.copyto(pixels, 0, where=np.isnan(pixels))
    return pixels


def _as_type(pixels: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """For the model. Means of whole numbers (resampled sources) are rounded for one that takes whole numbers, not cut off."""
    if np.issubdtype(dtype, np.integer) and np.issubdtype(pixels.dtype, np.floating):
        np.rint(pixels, out=pixels)
    return pixels.astype(dtype, copy=False)
