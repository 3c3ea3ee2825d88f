"""Patches side by side for the training report, as PNG bytes. Pictures are (rows, cols, 3 or 4) floats from 0 to 1."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from ...charts import BLUE, GREY, INK, VERMILION, png, shortened

_WIDTH_IN = 9.6
_GAP = 0.12  # between two samples, in widths of a picture
_NAME = 14  # letters under a small patch
Frame = tuple[float, float, float, float]  # left, top, width, height in pixels


@dataclass(frozen=True)
class Tile:
    """A patch: above it what it is, below it what the model answered; `right` says how that is coloured, None for neither."""

    picture: np.ndarray
    above: str
    below: str
    right: bool | None = None


@dataclass(frozen=True)
class Triple:
    """Image, truth and answer of a map.

    Attributes:
        caption: how good the answer is.
        frame: what truth and answer cover of the image; None: all of it.
    """

    image: np.ndarray
    truth: np.ndarray
    answer: np.ndarray
    caption: str
    frame: Frame | None = None


def contact_sheet(tiles: Sequence[Tile], columns: int = 8) -> bytes:
    """Patches with their classes or numbers."""
    rows = -(-len(tiles) // columns)
    figure = Figure(figsize=(_WIDTH_IN, rows * (_WIDTH_IN / columns + 0.38)), layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for panel in panels[len(tiles) :]:
        panel.axis("off")
    colours = {True: BLUE, False: VERMILION, None: INK}
    for panel, tile in zip(panels, tiles, strict=False):
        _show(panel, tile.picture)
        panel.set_title(shortened(tile.above, _NAME), fontsize=7.5, pad=3, parse_math=False)
        panel.set_xlabel(shortened(tile.below, _NAME + 2), fontsize=7.5, labelpad=3, color=colours[tile.right], parse_math=False)
    return png(figure)


def triple_sheet(triples: Sequence[Triple], across: int = 2) -> bytes:
    """Image, truth and answer of every sample, two samples in a row."""
    rows = -(-len(triples) // across)
    widths = [1.0, 1.0, 1.0, _GAP] * across
    side = _WIDTH_IN / sum(widths[:-1])
    figure = Figure(figsize=(_WIDTH_IN, rows * (side + 0.32)), layout="constrained")
    grid = figure.add_gridspec(rows, len(widths) - 1, width_ratios=widths[:-1])
    for place, triple in enumerate(triples):
        row, first = place // across, place % across * 4
        panels = [figure.add_subplot(grid[row, first + column]) for column in range(3)]
        for panel, shown, name in zip(panels, (triple.image, triple.truth, triple.answer), ("image", "truth", triple.caption), strict=True):
            _show(panel, shown)
            panel.set_title(name, fontsize=8, pad=3, color=INK, parse_math=False)
        if triple.frame:
            _draw_frame(panels[0], triple.frame)
    return png(figure)


def _draw_frame(panel: Axes, frame: Frame) -> None:
    left, top, width, height = frame
    for colour, thick, dashes in (("white", 1.6, "-"), (INK, 0.8, "--")):  # seen on bright ground and on dark
        place = (left - 0.5, top - 0.5)
        panel.add_patch(Rectangle(place, width, height, fill=False, edgecolor=colour, linewidth=thick, linestyle=dashes))


def _show(panel: Axes, picture: np.ndarray) -> None:
    panel.imshow(picture, interpolation="nearest", aspect="equal")
    panel.set_xticks([])
    panel.set_yticks([])
    for spine in panel.spines.values():  # a frame: a cloud is as white as the page
        spine.set(color=GREY, linewidth=0.6)
