"""The charts of the training report, as PNG bytes. Matplotlib's object interface only: no window system, no global state.

Colours are those of Okabe & Ito, *Color Universal Design* (2008), which the colour-blind tell apart; lines differ in their dashes, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ...charts import png, shortened
from ...metrics import Scores, ValueScores
from ..loop import Epoch
from .cloud import Cloud

BLUE, VERMILION, GREEN, GREY, INK = "#0072b2", "#d55e00", "#009e73", "#8a8f98", "#24292f"
MOST_POINTS = 1500  # cells of a cloud that are drawn as points; more as a density
DENSITY_CELLS = 96  # of that, on a side
_STEEP = 30.0  # greatest ÷ least value from which an axis is logarithmic
_WIDTH_IN, _PANEL_IN = 9.6, 2.7


@dataclass(frozen=True)
class Line:
    """Of a panel: a value for every epoch, None where there is none."""

    label: str
    values: tuple[float | None, ...]
    colour: str
    dashes: str = "-"


@dataclass(frozen=True)
class Panel:
    """Lines that share an axis. `share`: their values are shares, at most 1; `steep`: they may fall by orders of magnitude."""

    title: str
    lines: tuple[Line, ...]
    share: bool = False
    steep: bool = False


def panels_of(epochs: Sequence[Epoch]) -> list[Panel]:
    """What there is to show of a training: losses, the figures of every head, the learning rate."""
    loss = (
        Line("training", tuple(epoch.loss for epoch in epochs), GREY),
        Line("validation", tuple(epoch.validation.loss if epoch.validation else None for epoch in epochs), BLUE),
    )
    accuracy = Line("accuracy, training", tuple(epoch.accuracy for epoch in epochs), GREY)
    rate = Line("learning rate", tuple(epoch.rate for epoch in epochs), GREY)
    panels = [Panel("Loss", loss, steep=True), *_of_heads(epochs, accuracy), Panel("Learning rate", (rate,))]
    kept = (replace(panel, lines=tuple(line for line in panel.lines if _known(line))) for panel in panels)
    return [panel for panel in kept if panel.lines]


def _known(line: Line) -> bool:
    return any(value is not None for value in line.values)


def _of_heads(epochs: Sequence[Epoch], accuracy: Line) -> list[Panel]:
    """The training tells the accuracy of the first head of classes: it stands beside that head's own."""
    first = next((epoch.validation for epoch in epochs if epoch.validation), None)
    if first is None:
        return [Panel("Accuracy", (accuracy,), share=True)]
    panels: list[Panel] = []
    beside: tuple[Line, ...] = (accuracy,)
    for place, result in enumerate(first.results):
        name = f", {result.head}" if len(first.results) > 1 else ""
        if isinstance(result.scores, Scores):
            lines = (
                *beside,
                _figure(epochs, place, "overall_accuracy", "accuracy, validation", BLUE),
                _figure(epochs, place, "f1", "F1, validation", GREEN, "--"),
                _figure(epochs, place, "iou", "IoU, validation", VERMILION, ":"),
            )
            panels.append(Panel(f"Accuracy{name}", lines, share=True))
            beside = ()
        else:
            errors = (_figure(epochs, place, "rmse", "RMSE", BLUE), _figure(epochs, place, "mae", "MAE", GREEN, "--"))
            panels += [
                Panel(f"Errors on the validation data{name}", errors, steep=True),
                Panel(f"R² on the validation data{name}", (_figure(epochs, place, "r2", "R²", BLUE),), share=True),
            ]
    return panels


def _figure(epochs: Sequence[Epoch], place: int, name: str, label: str, colour: str, dashes: str = "-") -> Line:
    def value(epoch: Epoch) -> float | None:
        return epoch.validation.results[place].scores.numbers().get(name) if epoch.validation else None

    return Line(label, tuple(map(value, epochs)), colour, dashes)


def curves(epochs: Sequence[Epoch], best: Epoch | None) -> bytes:
    """All panels; a line marks the epoch whose weights were kept."""
    panels = panels_of(epochs)
    columns = min(len(panels), 3) if len(panels) != 4 else 2
    rows = -(-len(panels) // columns)
    figure = Figure(figsize=(_WIDTH_IN, _PANEL_IN * rows + 0.3), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for panel, axis in zip(panels, axes, strict=False):
        _draw(axis, panel, [epoch.number for epoch in epochs], best)
        if len(panel.lines) > 1 or axis is axes[0]:
            axis.legend(frameon=False, fontsize=8)
    for axis in axes[len(panels) :]:
        axis.axis("off")
    return png(figure)


def _draw(axis: Axes, panel: Panel, numbers: Sequence[int], best: Epoch | None) -> None:
    marker = "o" if len(numbers) < 30 else ""
    for line in panel.lines:
        values = [np.nan if value is None else value for value in line.values]
        axis.plot(numbers, values, color=line.colour, linestyle=line.dashes, marker=marker, markersize=3, label=line.label)
    if best is not None:
        axis.axvline(best.number, color=INK, linewidth=0.9, linestyle=(0, (1, 2)), label=f"kept: epoch {best.number}")
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
    elif values.min() >= 0:
        axis.set_ylim(bottom=0)


def clouds_picture(clouds: Sequence[Cloud], values: Sequence[ValueScores]) -> bytes:
    """Reference against answer of every measurement: points, or how dense they lie where they are many."""
    columns = min(len(clouds), 3)
    rows = -(-len(clouds) // columns)
    side = _WIDTH_IN / max(columns, 2)
    figure = Figure(figsize=(side * columns, 0.92 * side * rows), layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for panel, cloud, told in zip(panels, clouds, values, strict=False):
        _draw_cloud(panel, cloud, told)
    for panel in panels[len(clouds) :]:
        panel.axis("off")
    return png(figure)


def _draw_cloud(panel: Axes, cloud: Cloud, told: ValueScores) -> None:
    first, stop = cloud.frame()
    low, high = (cloud.low + cell * cloud.width for cell in (first, stop))
    margin = 0.03 * (high - low)
    if np.count_nonzero(cloud.counts) <= MOST_POINTS:
        reference, answers = cloud.low + (np.argwhere(cloud.counts).T + 0.5) * cloud.width
        panel.scatter(reference, answers, s=14, color=BLUE, alpha=0.5, linewidths=0)
    else:
        _draw_density(panel, cloud, first, stop)
    panel.axline((low, low), slope=1, color=INK, linewidth=0.9, linestyle="--")
    panel.set_xlim(low - margin, high + margin)
    panel.set_ylim(low - margin, high + margin)
    panel.set_aspect("equal")
    r2 = "" if told.r2 is None else f"   R² {told.r2:.3f}"
    title = f"{shortened(told.name)}\nRMSE {told.rmse:.4g}{r2}   bias {told.bias:+.3g}"
    panel.set_title(title, loc="left", fontsize=9, parse_math=False)
    panel.set_xlabel("reference", fontsize=9)
    panel.set_ylabel("answer of the model", fontsize=9)
    panel.tick_params(labelsize=8)
    panel.grid(alpha=0.25)
    panel.set_axisbelow(True)
    panel.spines[["top", "right"]].set_visible(False)


def _draw_density(panel: Axes, cloud: Cloud, first: int, stop: int) -> None:
    """Whole numbers of cells are joined: else stripes would show that are not in the data."""
    joined = -(-(stop - first) // DENSITY_CELLS)
    cells = -(-(stop - first) // joined)
    square = np.zeros((cells * joined, cells * joined), np.int64)
    part = cloud.counts[first : first + cells * joined, first : first + cells * joined]
    square[: part.shape[0], : part.shape[1]] = part
    counts = square.reshape(cells, joined, cells, joined).sum(axis=(1, 3))
    frame = (cloud.low + first * cloud.width, cloud.low + (first + cells * joined) * cloud.width)
    shown, norm = np.ma.masked_equal(counts.T, 0), LogNorm(0.3, max(int(counts.max()), 2))  # a single one is pale, not white
    image = panel.imshow(shown, origin="lower", extent=(*frame, *frame), cmap="Blues", norm=norm, interpolation="nearest")
    bar = panel.figure.colorbar(image, ax=panel, shrink=0.8, label="count")
    bar.outline.set_visible(False)
