"""The features of whole blocks: read in one thread, computed in another; and how large the blocks are."""

from __future__ import annotations

from dataclasses import dataclass
from math import isqrt
from typing import TYPE_CHECKING

import numpy as np

from ..inference.plan import Block
from ..stream import DEPTH
from .opening import Opened

if TYPE_CHECKING:  # it imports TensorFlow, which bands alone do not need
    from ..inference.evaluate import BlockPixels, Outputs

SIZES = (64, 128, 256, 512, 1024, 2048)  # output pixels on a side
PIXELS_A_CORE = 1 << 18  # of a block: enough to keep each busy
HELD = DEPTH + 3  # blocks at once: in a queue, in a thread's hand, and as they are written


@dataclass(frozen=True)
class Loaded:
    """A block that is read: `bands`, its features of the bands (rows, cols, features) in single precision, or None where there are none;
    `pixels` for the model, or None; `valid` (rows, cols). `outside_mask`: nothing of it is wanted."""

    bands: np.ndarray | None
    pixels: BlockPixels | None
    valid: np.ndarray
    outside_mask: bool = False


class FeatureReader:
    """Called with a block from one thread only. A block without data, or outside the mask, is not read further than to see that."""

    def __init__(self, opened: Opened) -> None:
        self._opened = opened

    def __call__(self, block: Block) -> Loaded:
        """The block's pixels."""
        opened, pixels = self._opened, None
        if opened.deep:
            pixels = opened.deep.reader(block)
            valid, outside = pixels.valid, pixels.outside_mask
        else:
            valid = opened.mask(block.window) if opened.mask else np.ones((block.window.height, block.window.width), bool)
            outside = not valid.any()
        if not opened.bands or not valid.any():
            return Loaded(None, pixels, valid, outside)
        bands, has_data = opened.bands(block)
        return Loaded(bands, pixels, valid & has_data)


def stacked(bands: np.ndarray | None, outputs: Outputs | None) -> np.ndarray:
    """Features of the bands and of the model, (rows, cols, features) in single precision."""
    parts = [] if bands is None else [bands]
    parts += [values.astype(np.float32, copy=False) for values in (outputs or {}).values()]
    return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=2)


def block_size(pixel_bytes: int, room: int, cores: int) -> int:
    """Side of the blocks of a run on bands: large enough for all cores, within the room (bytes) that HELD of them may take."""
    most = isqrt(max(room // (HELD * pixel_bytes), 1))
    wanted = next((size for size in SIZES if size**2 >= cores * PIXELS_A_CORE), SIZES[-1])
    fitting = max((size for size in SIZES if size <= most), default=SIZES[0])
    return min(wanted, fitting)


def pixel_bytes(opened: Opened, written: int) -> int:
    """Of a block on its way, for each output pixel: pixels, features, what is computed of them; `written`: bytes of the outputs."""
    recipe, plan = opened.recipe, opened.plan
    read = sum(
        source.count * source.dtype.itemsize * float(down.ratio * across.ratio) ** -1
        for source, down, across in zip(opened.sources, plan.rows.sources, plan.cols.sources, strict=True)
    )
    return round(read) + 4 * recipe.count + written + 48 * sum(recipe.counts) * bool(recipe.neighbourhood)
