"""The features of the bands of a block, from the pixels to the array that a classifier takes.

Every source is read where it lies: no source is resampled onto another. The pixel of a source is the one that the one rule
(core/raster/alignment.py) gives for the output pixel as footprint, with source 1 as the anchor: of a coarser source the pixel that holds
the centre, of a finer one the middle one. So a fine source 1 keeps its detail beside a coarse one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np

from ..inference.patches import Patches
from ..inference.plan import Block, Plan, make_plan
from ..raster.alignment import Alignment
from ..raster.grid import Window
from ..raster.source import Source
from .recipe import Recipe

Index = np.ndarray | slice


def band_plan(alignment: Alignment, recipe: Recipe, scale: Fraction, output: Window) -> Plan:
    """Which pixels of every source are read for the outputs of a window; `scale`: spacing of the output ÷ that of source 1."""
    fields = [(recipe.side, recipe.side)] * len(recipe.counts)
    return make_plan(replace(alignment, anchor=0), fields, (1, 1), scale, output)


class BandReader:
    """Called with a block from one thread only (its sources are not thread-safe)."""

    def __init__(self, sources: Sequence[Source], plan: Plan, recipe: Recipe) -> None:
        self.sources, self.plan, self.recipe = sources, plan, recipe

    def __call__(self, block: Block) -> tuple[np.ndarray, np.ndarray]:
        """The features (rows, cols, features) in single precision, and where every source has data (rows, cols).

        A neighbourhood is what of it has data: pixels without, and what lies outside the image, do not count.
        """
        with np.errstate(all="ignore"):  # what cannot be computed, or held in single precision, has no data: whoever classifies sees to it
            return self._read(block)

    def _read(self, block: Block) -> tuple[np.ndarray, np.ndarray]:
        block = self.plan.block(block.window)  # of a model with an expression field, it counts in those
        shape, recipe = (block.window.height, block.window.width), self.recipe
        features, valid = np.empty((*shape, recipe.count), np.float32), np.ones(shape, bool)
        values = features[:, :, : sum(recipe.counts)] if recipe.bands else np.empty((*shape, sum(recipe.counts)), np.float32)
        starts = Patches.of(self.plan, block, (np.empty(0),) * len(self.sources)).starts
        first, after = 0, sum(recipe.counts) * recipe.bands
        for source, window, (rows, cols) in zip(self.sources, self.plan.windows(block), starts, strict=True):
            pixels, has_data = source.read_valid(window, "replicate")
            middle = _steps(rows + recipe.side // 2), _steps(cols + recipe.side // 2)
            values[:, :, first : first + source.count] = pixels[middle[0]][:, middle[1]]
            valid &= has_data[middle[0]][:, middle[1]]
            if recipe.neighbourhood:
                for figure in statistics(pixels, has_data, recipe.neighbourhood):
                    features[:, :, after : after + source.count] = figure[_steps(rows)][:, _steps(cols)]
                    after += source.count
            first += source.count
        for place, (a, b) in enumerate(recipe.indices, start=recipe.count - len(recipe.indices)):
            features[:, :, place] = normalised_difference(values[:, :, a], values[:, :, b])
        return features, valid


def statistics(pixels: np.ndarray, has_data: np.ndarray, side: int) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of every square of `side` pixels that lies in the array: each (rows − side + 1, cols − side + 1, bands).

    Over the pixels with data; 0 where there are none. Sums go from pixel to pixel in the same order everywhere, so that a square has the
    same figures in every block.
    """
    values = np.where(has_data[:, :, np.newaxis], pixels, 0).astype(np.float64)
    count = np.maximum(_box_sums(has_data[:, :, np.newaxis].astype(np.float64), side), 1)
    mean = _box_sums(values, side) / count
    variance = _box_sums(np.square(values, out=values), side) / count - mean**2
    return mean, np.sqrt(np.maximum(variance, 0))


def normalised_difference(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(a − b) ÷ (a + b); 0 where that is 0 ÷ 0 or has no bound."""
    total = a + b
    return np.divide(a - b, total, out=np.zeros_like(total), where=total != 0)


def _box_sums(values: np.ndarray, side: int) -> np.ndarray:
    for axis in (0, 1):
        length = values.shape[axis] - side + 1
        parts = (values[first : first + length] if axis == 0 else values[:, first : first + length] for first in range(side))
        total = next(parts).copy()
        for part in parts:
            total += part
        values = total
    return values


def _steps(index: np.ndarray) -> Index:
    """Neighbouring pixels as a slice, which copies nothing."""
    first, last = int(index[0]), int(index[-1])
    return slice(first, last + 1) if last + 1 - first == len(index) and (np.diff(index) == 1).all() else index
