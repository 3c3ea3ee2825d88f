"""The pictures of the training report, as PNG bytes. Matplotlib's object interface only: no window system, no global state."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ..charts import png
from .loop import Epoch
from .metrics import Scores

TRAINING, VALIDATION, BEST = "#8a8f98", "#1f6fb2", "#c8553d"
MOST_NUMBERS = 16  # classes up to which a confusion matrix shows its counts


@dataclass(frozen=True)
class Example:
    """A patch as a picture: `picture` (rows, cols, 3) in 0–1, the names of its class and of the predicted one."""

    picture: np.ndarray
    reference: str
    predicted: str


def curves(epochs: Sequence[Epoch], best: Epoch | None) -> bytes:
    """Loss and accuracy over the epochs; a line marks the epoch whose weights were kept."""
    figure = Figure(figsize=(9, 3.2), layout="constrained")
    panels = figure.subplots(1, 2)
    _curve(panels[0], epochs, best, "Loss (cross-entropy)", "loss")
    _curve(panels[1], epochs, best, "Overall accuracy", "accuracy")
    panels[1].set_ylim(0, 1)
    panels[0].set_ylim(bottom=0)
    panels[1].legend(loc="lower right", frameon=False)
    return png(figure)


def _curve(panel: Axes, epochs: Sequence[Epoch], best: Epoch | None, title: str, what: str) -> None:
    numbers, marker = [epoch.number for epoch in epochs], "o" if len(epochs) < 30 else ""
    panel.plot(numbers, [getattr(epoch, what) for epoch in epochs], color=TRAINING, marker=marker, markersize=3, label="training")
    if epochs and epochs[0].validation_loss is not None:
        values = [getattr(epoch, f"validation_{what}") for epoch in epochs]
        panel.plot(numbers, values, color=VALIDATION, marker=marker, markersize=3, label="validation")
    if best is not None:
        panel.axvline(best.number, color=BEST, linewidth=1, linestyle="--", label=f"kept: epoch {best.number}")
    panel.set_title(title, loc="left", fontsize=10)
    panel.set_xlabel("epoch")
    panel.xaxis.set_major_locator(MaxNLocator(integer=True))
    panel.grid(alpha=0.25)
    panel.spines[["top", "right"]].set_visible(False)


def confusion_picture(scores: Scores) -> bytes:
    """The confusion matrix: colour is the share of the reference class (row), the number is the count."""
    names, count = [c.name for c in scores.classes], len(scores.classes)
    side = min(max(0.62 * count + 2.2, 4.2), 16)
    figure = Figure(figsize=(side, 0.85 * side), layout="constrained")
    panel = figure.subplots()
    shares = scores.matrix / np.maximum(scores.matrix.sum(axis=1, keepdims=True), 1)
    image = panel.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    if count <= MOST_NUMBERS:
        for row, col in np.ndindex(count, count):
            colour = "white" if shares[row, col] > 0.55 else "#222"
            panel.text(col, row, f"{scores.matrix[row, col]:,}", ha="center", va="center", fontsize=8, color=colour)
    panel.set_xticks(range(count), names, rotation=45, ha="right", fontsize=8)
    panel.set_yticks(range(count), names, fontsize=8)
    panel.set_xlabel("predicted")
    panel.set_ylabel("reference")
    figure.colorbar(image, ax=panel, shrink=0.7, label="share of the reference class")
    return png(figure)


def contact_sheet(examples: Sequence[Example], columns: int = 8) -> bytes:
    """Patches side by side: above each what it is, below it what the model took it for (red where wrong)."""
    rows = -(-len(examples) // columns)
    figure = Figure(figsize=(1.15 * columns, 1.5 * rows), layout="constrained")
    for panel in figure.subplots(rows, columns, squeeze=False).ravel():
        panel.axis("off")
    for panel, example in zip(figure.axes, examples, strict=False):
        right = example.reference == example.predicted
        panel.imshow(example.picture, interpolation="nearest")
        panel.set_title(_short(example.reference), fontsize=7, pad=2)
        verdict = "✓" if right else f"→ {_short(example.predicted)}"
        panel.text(0.5, -0.05, verdict, transform=panel.transAxes, ha="center", va="top", fontsize=7, color="#2d7d46" if right else BEST)
    return png(figure)


def _short(name: str) -> str:
    return name if len(name) <= 14 else f"{name[:13]}…"
