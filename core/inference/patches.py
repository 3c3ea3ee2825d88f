"""The patches of a block: one window a source, and where in it the patches start."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .plan import AxisPlan, Block, Plan, Span

Starts = tuple[np.ndarray, np.ndarray]  # first row of every patch down, first column of every patch across, in the window


@dataclass(frozen=True)
class Patches:
    """What an evaluator is given. Patches are in the order of rows; the first starts where the window does, the last ends where it ends.

    Attributes:
        sources: the windows, (rows, cols, bands) each.
        starts: of the patches in each source's window.
    """

    sources: tuple[np.ndarray, ...]
    starts: tuple[Starts, ...]

    @classmethod
    def of(cls, plan: Plan, block: Block, sources: tuple[np.ndarray, ...]) -> Patches:
        """The patches of a block whose windows are read."""
        places = [(_starts(plan.rows, block.rows, i), _starts(plan.cols, block.cols, i)) for i in range(len(sources))]
        return cls(sources, tuple(places))

    @property
    def count(self) -> tuple[int, int]:
        """Patches down and across."""
        return len(self.starts[0][0]), len(self.starts[0][1])

    def views(self, sizes: Sequence[tuple[int, int]]) -> list[np.ndarray]:
        """One array a source, (patches down, patches across, rows, cols, bands), without copying where the patches move evenly."""
        return [_views(*of_one) for of_one in zip(self.sources, self.starts, sizes, strict=True)]

    def picked(self, sizes: Sequence[tuple[int, int]], down: np.ndarray, across: np.ndarray) -> list[np.ndarray]:
        """A batch a source, (patches, rows, cols, bands), of the patches with these numbers down and across; copies no others."""
        every = (_every_place(source, size) for source, size in zip(self.sources, sizes, strict=True))
        return [views[rows[down], cols[across]] for views, (rows, cols) in zip(every, self.starts, strict=True)]


def _starts(axis: AxisPlan, blocks: Span, source: int) -> np.ndarray:
    step = axis.steps()[source]
    if step.denominator == 1 and axis.steps()[axis.anchor].denominator == 1:  # the windows move evenly: no need to ask for each
        return np.arange(blocks[1] - blocks[0]) * int(step)
    starts = np.array([axis.starts(j)[source] for j in range(*blocks)])
    return starts - starts[0]


def _every_place(source: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    return np.lib.stride_tricks.sliding_window_view(source, size, axis=(0, 1)).transpose(0, 1, 3, 4, 2)


def _views(source: np.ndarray, starts: Starts, size: tuple[int, int]) -> np.ndarray:
    views, (rows, cols) = _every_place(source, size), starts
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
