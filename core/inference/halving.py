"""Goes on with smaller blocks where memory runs out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise, product

import numpy as np

from ..errors import OutOfMemory
from ..raster.grid import Window
from ..reporting import Reporter
from .evaluate import BlockPixels, Outputs
from .plan import Plan, Span


def out_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory ran out: ours, numpy's or TensorFlow's, of the processor or the GPU."""
    return isinstance(error, (OutOfMemory, MemoryError)) or type(error).__name__ == "ResourceExhaustedError"


class Halving:
    """Computes a block; where there is no memory for it, its quarters, and from then on every block in parts of that size.

    The pixels in hand are cut, not read again, and the values are the same. With one expression field left it gives up. Suits a GPU
    above all: on a processor, TensorFlow most often ends the whole engine, which is what the trial (trial.py) is there to prevent.

    Attributes:
        limit: expression fields on a side that are computed at once; None: as they come.
    """

    def __init__(self, compute: Callable[[BlockPixels], Outputs], plan: Plan, reporter: Reporter) -> None:
        self._compute, self.plan, self._reporter = compute, plan, reporter
        self.limit: int | None = None

    def __call__(self, pixels: BlockPixels) -> Outputs:
        """The outputs of a block.

        Raises:
            OutOfMemory: for one expression field.
        """
        side = max(last - first for first, last in (pixels.block.rows, pixels.block.cols))
        if self.limit is not None and side > self.limit:
            return self._in_parts(pixels, self.limit)
        try:
            return self._compute(pixels)
        except Exception as error:
            if not out_of_memory(error):
                raise
            if side == 1:
                raise OutOfMemory(
                    "Not even the smallest block fits in memory", remedy="Close other programs.", details=str(error)
                ) from error
        # outside of the handler: there, the error would still hold what the failed call had in memory
        self.limit = (side + 1) // 2
        self._reporter.warn(f"Out of memory: going on with blocks of {self.limit * self.plan.rows.expression_field} output pixels.")
        return self._in_parts(pixels, self.limit)

    def _in_parts(self, pixels: BlockPixels, size: int) -> Outputs:
        whole: Outputs = {}
        window = pixels.block.window
        for part in parts(pixels, self.plan, size):
            at = _slices(part.block.window, window)
            for name, values in self(part).items():
                if name not in whole:
                    whole[name] = np.empty((window.height, window.width, values.shape[2]), values.dtype)
                whole[name][at] = values
        return whole


def parts(pixels: BlockPixels, plan: Plan, size: int) -> Iterator[BlockPixels]:
    """A block in parts of at most `size` × `size` whole expression fields, as views of its pixels."""
    block, around = pixels.block, plan.windows(pixels.block)
    for rows, cols in product(_cut(block.rows, size), _cut(block.cols, size)):
        row, height = _within(rows, plan.rows.expression_field, block.window.row, block.window.height)
        col, width = _within(cols, plan.cols.expression_field, block.window.col, block.window.width)
        part = replace(block, rows=rows, cols=cols, window=Window(row, col, height, width))
        windows = zip(pixels.sources, plan.windows(part), around, strict=True)
        sources = tuple(source[_slices(window, whole)] for source, window, whole in windows)
        yield BlockPixels(part, sources, pixels.valid[_slices(part.window, block.window)])


def _cut(span: Span, size: int) -> list[Span]:
    return list(pairwise([*range(span[0], span[1], size), span[1]]))


def _within(blocks: Span, field: int, start: int, length: int) -> tuple[int, int]:
    """First output and number of outputs of the EF blocks, cut at what is written."""
    first, last = max(blocks[0] * field, start), min(blocks[1] * field, start + length)
    return first, last - first


def _slices(part: Window, whole: Window) -> tuple[slice, slice]:
    row, col = part.row - whole.row, part.col - whole.col
    return slice(row, row + part.height), slice(col, col + part.width)
