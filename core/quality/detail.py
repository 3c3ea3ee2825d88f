"""The place where image and reference differ most, pixel by pixel: an overview cannot show what is sharp and what is not."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from scipy.ndimage import gaussian_filter

from ..charts import png
from ..raster.grid import Window
from .pair import Pair
from .pictures import draw_pair, draw_values, largest

SIDE = 128  # pixels
_PANEL_IN, _TITLE_IN = 3.1, 0.35


def worst_window(difference: np.ndarray, step: int, compared: Window, side: int = SIDE) -> Window:
    """The window of `side` × `side` pixels (less in a smaller image) about the cell with data around which the difference is largest.

    Args:
        difference: mean over cells of `step` × `step` pixels, (rows, cols); NaN without data, of which there has to be some.
        compared: the window that the cells cover.
    """
    around = gaussian_filter(np.nan_to_num(difference), side / step / 4, mode="constant")
    row, col = np.unravel_index(int(np.argmax(np.where(np.isnan(difference), -1, around))), around.shape)
    height, width = min(side, compared.height), min(side, compared.width)
    top, left = ((int(cell) * step + step // 2) - size // 2 for cell, size in ((row, height), (col, width)))
    top, left = min(max(top, 0), compared.height - height), min(max(left, 0), compared.width - width)
    return Window(compared.row + top, compared.col + left, height, width)


def detail_picture(pair: Pair, bands: Sequence[int], window: Window) -> bytes:
    """Reference, image and their difference in a window with data, as PNG. `bands`: which are shown of the images, from 0."""
    block = pair.read(window, 0)
    reference, image = (np.where(block.valid[:, :, np.newaxis], pixels, np.nan) for pixels in (block.reference, block.image))
    difference = np.abs(image - reference).mean(axis=2)
    figure = Figure(figsize=(3 * _PANEL_IN, _PANEL_IN * window.height / window.width + _TITLE_IN), layout="constrained")
    panels = figure.subplots(1, 3)
    draw_pair(panels[:2], reference[:, :, bands], image[:, :, bands], "")
    draw_values(figure, panels[2], difference, "|Image − reference|", "magma", largest(difference))
    return png(figure)
