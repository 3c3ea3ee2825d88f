"""Goes on with smaller blocks where memory runs out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from ..errors import OutOfMemory
from ..raster.grid import Window
from ..reporting import Reporter
from .evaluate import BlockPixels, Outputs
from .plan import Plan


def out_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory ran out: ours, numpy's or TensorFlow's, of the processor or the GPU."""
    return isinstance(error, (OutOfMemory, MemoryError)) or type(error).__name__ == "ResourceExhaustedError"


class Halving:
    """Computes a block; where there is no memory for it, its quarters, and from then on every block in parts of that size.

    The pixels in hand are cut, not read again, and the values are the same. With one expression field left, it gives up. Suits a GPU
    above all: on a processor, TensorFlow most often ends the whole engine, which is what the trial (trial.py) is there to prevent.

    Attributes:
        limit: output pixels on a side that are computed at once; None: as they come.
    """

    def __init__(self, compute: Callable[[BlockPixels], Outputs], plan: Plan, reporter: Reporter) -> None:
        self._compute, self.plan, self._reporter = compute, plan, reporter
        self.limit: int | None = None

    def __call__(self, pixels: BlockPixels) -> Outputs:
        """The outputs of a block.

        Raises:
            OutOfMemory: for a block that cannot be cut.
        """
        window = pixels.block.window
        if self.limit is not None and self._count(window, self.limit) > 1:
            return self._in_parts(pixels, self.limit)
        half = (max(window.height, window.width) + 1) // 2
        try:
            return self._compute(pixels)
        except Exception as error:
            if not out_of_memory(error):
                raise
            if self._count(window, half) == 1:
                raise OutOfMemory(
                    "Not even the smallest block fits in memory", remedy="Close other programs.", details=str(error)
                ) from error
        # outside of the handler: there, the error would still hold what the failed call had in memory
        self._reporter.warn(f"Out of memory: going on with blocks of {half} output pixels.")
        self.limit = half
        return self._in_parts(pixels, half)

    def _count(self, window: Window, size: int) -> int:
        """How many blocks of a size would give the window."""
        return replace(self.plan, output=window).count(size)

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
    """A block in blocks of at most `size` output pixels on a side, or one expression field; views of its pixels."""
    window, around = pixels.block.window, plan.windows(pixels.block)
    for part in replace(plan, output=window).blocks(size):
        windows = zip(pixels.sources, plan.windows(part), around, strict=True)
        sources = tuple(source[_slices(needed, whole)] for source, needed, whole in windows)
        yield replace(pixels, block=part, sources=sources, valid=pixels.valid[_slices(part.window, window)])


def _slices(part: Window, whole: Window) -> tuple[slice, slice]:
    row, col = part.row - whole.row, part.col - whole.col
    return slice(row, row + part.height), slice(col, col + part.width)
