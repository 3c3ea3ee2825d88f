"""What is seen of a comparison: reference, image, and where they differ."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..charts import png
from ..painting import NO_DATA, natural_bands, stretched
from .cells import CellMeans
from .pair import Block, Pair

MAX_SIZE = 512  # pixels of a view's longer side
_PANEL_IN, _TITLE_IN = 4.6, 0.35
_TALLEST, _WIDEST = 2.0, 0.3  # height ÷ width of a panel, at most and at least


class Views:
    """Small pictures of both images, of the size of their difference and of SSIM, both the mean over the bands; made block by block.

    Attributes:
        names: of the bands that are shown of the images.
        step: pixels along one of the pictures'.
    """

    def __init__(self, pair: Pair, max_size: int = MAX_SIZE) -> None:
        self._bands, self._first = list(natural_bands(pair.reference.band_names)), pair.compared
        self.names = tuple(pair.reference.band_names[band] for band in self._bands)
        shape = (pair.compared.height, pair.compared.width)
        self._pixels, self._similarity = CellMeans(shape, 2 * len(self._bands) + 1, max_size), CellMeans(shape, 1, max_size)
        self.step = self._pixels.step

    def feed(self, block: Block, similarity: np.ndarray) -> None:
        """A block, which may have a halo, with SSIM of its pixels without it."""
        row, col = block.window.row - self._first.row, block.window.col - self._first.col
        halo = (block.valid.shape[0] - block.window.height) // 2
        inside = (slice(halo, halo + block.window.height), slice(halo, halo + block.window.width))
        reference, image = block.reference[inside].astype(np.float64), block.image[inside].astype(np.float64)
        difference = np.abs(image - reference).mean(axis=2, keepdims=True)
        seen = np.concatenate([reference[:, :, self._bands], image[:, :, self._bands], difference], axis=2)
        seen[~block.valid[inside]] = np.nan
        self._pixels.feed(seen, row, col)
        self._similarity.feed(similarity[:, :, np.newaxis], row, col)

    def images(self) -> tuple[np.ndarray, np.ndarray]:
        """Reference and image in the same colours (rows, cols, 3), 0 to 1."""
        means, count = self._pixels.means, len(self._bands)
        both = np.concatenate([means[:, :, :count], means[:, :, count : 2 * count]])
        shown = stretched(both, np.isfinite(both).all(axis=2))
        return shown[: len(means)], shown[len(means) :]

    @property
    def difference(self) -> np.ndarray:
        """Mean |image − reference| (rows, cols), NaN without data."""
        return self._pixels.means[:, :, -1]

    @property
    def similarity(self) -> np.ndarray:
        """Mean SSIM (rows, cols), NaN where no window was whole."""
        return self._similarity.means[:, :, 0]


def views_picture(views: Views) -> bytes:
    """The four of them in one PNG; SSIM is drawn from 0 to 1 whatever it is, so that pictures can be compared."""
    reference, image = views.images()
    height, width = reference.shape[:2]
    shape = min(max(height / width, _WIDEST), _TALLEST)
    figure = Figure(figsize=(2 * _PANEL_IN, 2 * (_PANEL_IN * shape + _TITLE_IN)), layout="constrained")
    panels = figure.subplots(2, 2).ravel()
    for panel, title, pixels in zip(panels, ("Reference", "Image"), (reference, image), strict=False):
        panel.imshow(pixels, interpolation="nearest", aspect="equal")
        _titled(panel, f"{title} ({', '.join(views.names)})")
    _draw_values(figure, panels[2], views.difference, "|Image − reference|, mean of the bands", "magma", _largest(views.difference))
    _draw_values(figure, panels[3], views.similarity, "SSIM, mean of the bands", "viridis", 1.0)
    return png(figure)


def _draw_values(figure: Figure, panel: Axes, values: np.ndarray, title: str, colours: str, top: float) -> None:
    panel.set_facecolor(NO_DATA)
    drawn = panel.imshow(values, cmap=colours, vmin=0, vmax=top, interpolation="nearest", aspect="equal")
    figure.colorbar(drawn, ax=panel, shrink=0.85).ax.tick_params(labelsize=8)
    _titled(panel, title)


def _largest(values: np.ndarray) -> float:
    """Where the colours end: a few bright pixels may lie beyond."""
    known = values[np.isfinite(values)]
    return float(np.percentile(known, 99.5)) or float(known.max()) or 1.0


def _titled(panel: Axes, title: str) -> None:
    panel.set_title(title, loc="left", fontsize=10, parse_math=False)
    panel.set_xticks([])
    panel.set_yticks([])
