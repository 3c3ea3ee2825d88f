"""Images and model opened, aligned and held against each other: the features of every pixel of the output grid, ready to be read."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..errors import BadParameter
from ..inference.plan import Block, Plan
from ..inference.sources import open_sources
from ..jobs import ServeModel
from ..raster.alignment import align
from ..raster.grid import Grid, Window
from ..raster.mask import GridMask
from ..raster.source import Source
from ..reporting import Reporter
from .bands import BandReader, band_plan
from .recipe import Recipe

if TYPE_CHECKING:  # it imports TensorFlow, which bands alone do not need
    from .deep import DeepFeatures

Judge = Callable[[Sequence[Source]], Recipe]  # looks at the sources, refuses them, or says what to compute of them


@dataclass(frozen=True)
class Opened:
    """The features of the pixels of an output grid.

    Attributes:
        grid: the output grid of the whole reference; of a model, its own.
        plan: what is written, in blocks.
        bands: reads features of the bands; None: there are none.
        deep: computes features of a model; None: there are none.
        mask: pixels of the grid that are wanted; None: all.
    """

    sources: tuple[Source, ...]
    grid: Grid
    plan: Plan
    recipe: Recipe
    bands: BandReader | None
    deep: DeepFeatures | None
    mask: GridMask | None

    def at(self, block: Block, rows: np.ndarray, cols: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The features of some pixels of a block, (pixels, features), and which of them have data (pixels,)."""
        parts, valid = [], np.ones(len(rows), bool)
        if self.bands:
            features, has_data = self.bands(block)
            place = rows - block.window.row, cols - block.window.col
            parts.append(features[place])
            valid &= has_data[place]
        if not valid.any():
            return np.zeros((len(rows), 0), np.float32), valid
        if self.deep:
            values, has_data = self.deep.at(block, rows, cols)
            parts.append(values)
            valid &= has_data
        return np.concatenate(parts, axis=1), valid


def open_features(job: ServeModel, judge: Judge, exits: contextlib.ExitStack, reporter: Reporter) -> Opened:
    """Open what a job names, closed by `exits`; a job without a model takes the bands alone.

    Raises:
        BadParameter: no source, or no features at all.
        BadModel: the sources do not suit the model.
        GridMismatch: the sources do not lie on each other.
    """
    if not job.sources:
        raise BadParameter("Sources", expected="at least one", received="none")
    return _with_model(job, judge, exits, reporter) if job.model else _bands_alone(job, judge, exits, reporter)


def _bands_alone(job: ServeModel, judge: Judge, exits: contextlib.ExitStack, reporter: Reporter) -> Opened:
    sources = open_sources(job, exits, reporter)
    recipe = judge(sources)
    if not recipe.count:
        raise BadParameter("Features", expected="bands, a neighbourhood, indices or a model", received="none")
    for i, source in enumerate(sources, start=1):
        size = f"{source.grid.height} × {source.grid.width} pixels, {source.count} bands"
        reporter.info(f"Source {i}: {', '.join(Path(path).name for path in source.paths)}; {size}.")
    alignment = align([source.grid for source in sources])
    for remark in alignment.remarks:
        reporter.warn(remark)
    grid = sources[0].grid
    output = grid.window_of(job.extent) if job.extent else Window(0, 0, grid.height, grid.width)
    plan = band_plan(alignment, recipe, Fraction(1), output)
    mask = exits.enter_context(GridMask(job.mask, grid, output)) if job.mask else None
    if mask and mask.remark:
        reporter.warn(mask.remark)
    return Opened(sources, grid, plan, recipe, BandReader(sources, plan, recipe), None, mask)


def _with_model(job: ServeModel, judge: Judge, exits: contextlib.ExitStack, reporter: Reporter) -> Opened:
    from ..inference.setup import set_up
    from .deep import DeepFeatures

    setup = set_up(job, exits, reporter)
    recipe = judge(setup.sources)
    grid = setup.sources[0].grid.rescaled(setup.geometry.scale_factor)
    deep = DeepFeatures.of(job, setup, reporter)
    plan = band_plan(align([s.grid for s in setup.sources]), recipe, setup.geometry.scale_factor, setup.plan.output)
    bands = BandReader(setup.sources, plan, recipe) if recipe.count else None
    return Opened(setup.sources, grid, setup.plan, recipe, bands, deep, setup.mask)
