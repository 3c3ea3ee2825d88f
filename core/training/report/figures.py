"""What the charts of the training report show, and its clouds of measurements, as PNG bytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from ...charts import BLUE, GREEN, GREY, INK, VERMILION, png, shortened
from ...metrics import Scores, ValueScores
from ..loop import Epoch
from .cloud import Cloud
from .panels import Line, Panel, draw_panels

MOST_POINTS = 1500  # cells of a cloud that are drawn as points; more as a density
DENSITY_CELLS = 96  # of that, on a side
_WIDTH_IN = 9.6


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
    return draw_panels(panels_of(epochs), [epoch.number for epoch in epochs], best.number if best else None)


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
