"""The picture of a confusion matrix, for all reports. Matplotlib's object interface only: no window system, no global state."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from .charts import png, shortened
from .metrics import Scores

MOST_CLASSES = 40  # that are shown
MOST_NUMBERS = 16  # classes up to which each cell tells its share
MOST_COUNTS = 12  # … and its count
INK, PALE = "#24292f", "#b4bac2"
_PREFIXES = ((1e9, "G"), (1e6, "M"), (1e3, "k"))


def confusion_picture(scores: Scores, answers: str = "answer of the model") -> bytes:
    """The confusion matrix: colour and first number are the share of the reference class (row), the second number is the count.

    Args:
        answers: what the columns are.
    """
    shown = most_frequent(scores)
    names, count = [shortened(scores.classes[i].name, 20) for i in shown], len(shown)
    side = min(max(0.62 * count + 2.4, 4.6), 16)
    figure = Figure(figsize=(side, 0.85 * side), layout="constrained")
    panel = figure.subplots()
    matrix = scores.matrix[np.ix_(shown, shown)]
    shares = matrix / np.maximum(scores.matrix.sum(axis=1)[shown, np.newaxis], 1)
    image = panel.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    if count <= MOST_NUMBERS:
        for row, col in np.ndindex(count, count):
            colour = "white" if shares[row, col] > 0.55 else INK if matrix[row, col] else PALE
            panel.text(
                col,
                row,
                _cell(int(matrix[row, col]), shares[row, col], count),
                ha="center",
                va="center",
                fontsize=8,
                color=colour,
                linespacing=1.1,
            )
    panel.set_xticks(range(count), names, rotation=45, ha="right", rotation_mode="anchor", fontsize=8, parse_math=False)
    panel.set_yticks(range(count), names, fontsize=8, parse_math=False)
    panel.set_xlabel(answers)
    panel.set_ylabel("reference")
    panel.spines[:].set_visible(False)
    bar = figure.colorbar(image, ax=panel, shrink=0.7, label="share of the reference class")
    bar.outline.set_visible(False)
    return png(figure)


def most_frequent(scores: Scores) -> list[int]:
    """Of very many classes those with the most samples, in their order."""
    samples = scores.matrix.sum(axis=0) + scores.matrix.sum(axis=1)
    return sorted(np.argsort(-samples, kind="stable")[:MOST_CLASSES].tolist())


def _cell(counted: int, share: float, classes: int) -> str:
    if not counted:
        return "0"
    told = f"{100 * share:.0f} %"
    return f"{told}\n{short_count(counted)}" if classes <= MOST_COUNTS else told


def short_count(count: int) -> str:
    """A count in at most five characters: 1234 is "1234", 12345 is "12.3k"."""
    factor, prefix = next(((factor, prefix) for factor, prefix in _PREFIXES if count >= 0.9995 * factor), (1, ""))
    return str(count) if count < 10_000 else f"{count / factor:.3g}{prefix}"
