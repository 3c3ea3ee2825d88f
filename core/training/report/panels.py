"""Curves over the epochs of a training, as PNG bytes. Matplotlib's object interface only: no window system, no global state.

Lines differ in their dashes, too, for those who see no colours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ...charts import INK, png

_STEEP = 30.0  # greatest ÷ least value from which an axis is logarithmic
_WIDTH_IN, _PANEL_IN = 9.6, 2.7


@dataclass(frozen=True)
class Line:
    """Of a panel: a value for every epoch, None where there is none. `level`: of no epoch, such as what is compared with."""

    label: str
    values: tuple[float | None, ...]
    colour: str
    dashes: str = "-"
    level: bool = False


@dataclass(frozen=True)
class Panel:
    """Lines that share an axis.

    Attributes:
        share: their values are shares, at most 1.
        steep: they may fall by orders of magnitude.
        relative: what counts is how far they lie apart, and not from 0: decibels.
    """

    title: str
    lines: tuple[Line, ...]
    share: bool = False
    steep: bool = False
    relative: bool = False


def draw_panels(panels: Sequence[Panel], numbers: Sequence[int], kept: int | None) -> bytes:
    """All panels, up to three in a row; a line marks the epoch whose weights were kept.

    Args:
        numbers: of the epochs.
    """
    columns = min(len(panels), 3) if len(panels) != 4 else 2
    rows = -(-len(panels) // columns)
    figure = Figure(figsize=(_WIDTH_IN, _PANEL_IN * rows + 0.3), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for panel, axis in zip(panels, axes, strict=False):
        _draw(axis, panel, numbers, kept)
        if len(panel.lines) > 1 or axis is axes[0]:
            axis.legend(frameon=False, fontsize=8)
    for axis in axes[len(panels) :]:
        axis.axis("off")
    return png(figure)


def _draw(axis: Axes, panel: Panel, numbers: Sequence[int], kept: int | None) -> None:
    marker = "o" if len(numbers) < 30 else ""
    for line in panel.lines:
        values = [np.nan if value is None else value for value in line.values]
        if line.level:
            axis.axhline(values[0], color=line.colour, linestyle=line.dashes, linewidth=1.4, label=line.label)
        else:
            axis.plot(numbers, values, color=line.colour, linestyle=line.dashes, marker=marker, markersize=3, label=line.label)
    if kept is not None:
        axis.axvline(kept, color=INK, linewidth=0.9, linestyle=(0, (1, 2)), label=f"kept: epoch {kept}")
    axis.set_title(panel.title, loc="left", fontsize=10, parse_math=False)
    axis.set_xlabel("epoch", fontsize=9)
    axis.tick_params(labelsize=8)
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    _scale(axis, panel)
    axis.grid(alpha=0.25)
    axis.spines[["top", "right"]].set_visible(False)


def _scale(axis: Axes, panel: Panel) -> None:
    """Shares up to 1 and down to a round number; what falls by orders of magnitude on a logarithmic axis; all else from 0."""
    values = np.array([value for line in panel.lines for value in line.values if value is not None and np.isfinite(value)])
    if not values.size:
        return
    if panel.share:
        axis.set_ylim(max(np.floor(10 * values.min() - 0.5) / 10, -1.0) if values.min() < 0.5 else np.floor(10 * values.min()) / 10, 1.005)
    elif panel.steep and values.min() > 0 and values.max() / values.min() > _STEEP:
        axis.set_yscale("log")
    elif values.min() >= 0 and not panel.relative:
        axis.set_ylim(0, 1.05 * values.max() or 1.0)
