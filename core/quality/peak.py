"""The peak L of PSNR and SSIM: the largest difference that values could have."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..raster.grid import Window
from ..reporting import Reporter
from ..stream import Stream
from .pair import Block, Pair


@dataclass(frozen=True)
class Peak:
    """In pixel values; 0 if there is none. `origin`: where it comes from, in words."""

    value: float
    origin: str


def find_peak(pair: Pair, given: float, reporter: Reporter) -> Peak:
    """The one given; else 255 for bytes, and of other types the range (greatest − least value) of the reference, all bands together.

    The range of the type, 65535, would flatter images of 16 bits, whose sensors give 10 to 14: PSNR would gain 16 dB by nothing. The range
    of the data is what scikit-image asks for where the type tells nothing, and a percentile of it no other program could repeat. It differs
    from scene to scene, though: PSNR and SSIM are to be compared between scenes with one peak given for all (10000 for Sentinel-2).
    """
    if given > 0:
        return Peak(given, "as given")
    if pair.reference.dtype == np.uint8:
        return Peak(255.0, "of whole numbers of 8 bits")
    reporter.phase("Measuring the range of the reference")
    least, greatest = _range(pair, reporter)
    if least > greatest:
        return Peak(0.0, "unknown, since there is no data")
    return Peak(greatest - least, f"the range of the reference, {least:.6g} to {greatest:.6g}")


def _range(pair: Pair, reporter: Reporter) -> tuple[float, float]:
    """Of the pixels that are compared."""
    found = [np.inf, -np.inf]

    def widen(block: Block) -> None:
        values = block.reference[block.valid]
        if values.size:
            found[:] = min(found[0], float(values.min())), max(found[1], float(values.max()))

    stream: Stream[Window, Block, None] = Stream(lambda window: pair.read(window, 0), widen, lambda window, nothing: None)
    stream.run(pair.windows(), pair.count, reporter)
    return found[0], found[1]
