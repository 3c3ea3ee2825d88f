"""What is seen of a comparison: reference, image, and where they differ."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..charts import png
from ..painting import NO_DATA, natural_bands, stretched
from .cells import CellMeans
from .pair import Block, Pair

MAX_SIZE = 512  # pixels of a view's longer side
_PANEL_IN, _TITLE_IN = 4.6, 0.2
_TALLEST, _WIDEST = 2.0, 0.3  # height ÷ width of a panel, at most and at least


class Views:
    """Small pictures of both images, of the size of their difference and of SSIM, both the mean over the bands; made block by block.

    Attributes:
        bands: which are shown of the images, from 0.
        step: pixels along one of the pictures'.
    """

    def __init__(self, pair: Pair, max_size: int = MAX_SIZE) -> None:
        self.bands, self._first = list(natural_bands(pair.reference.band_names)), pair.compared
        self._names = ", ".join(pair.reference.band_names[band] for band in self.bands)
        shape = (pair.compared.height, pair.compared.width)
        self._pixels, self._similarity = CellMeans(shape, 2 * len(self.bands) + 1, max_size), CellMeans(shape, 1, max_size)
        self.step = self._pixels.step

    def feed(self, block: Block, similarity: np.ndarray) -> None:
        """A block, which may have a halo, with SSIM of its pixels without it."""
        row, col = block.window.row - self._first.row, block.window.col - self._first.col
        halo = (block.valid.shape[0] - block.window.height) // 2
        inside = (slice(halo, halo + block.window.height), slice(halo, halo + block.window.width))
        reference, image = block.reference[inside].astype(np.float64), block.image[inside].astype(np.float64)
        difference = np.abs(image - reference).mean(axis=2, keepdims=True)
        seen = np.concatenate([reference[:, :, self.bands], image[:, :, self.bands], difference], axis=2)
        seen[~block.valid[inside]] = np.nan
        self._pixels.feed(seen, row, col)
        self._similarity.feed(similarity[:, :, np.newaxis], row, col)

    @property
    def images(self) -> tuple[np.ndarray, np.ndarray]:
        """The bands shown of reference and image (rows, cols, bands), NaN without data."""
        means, count = self._pixels.means, len(self.bands)
        return means[:, :, :count], means[:, :, count : 2 * count]

    @property
    def difference(self) -> np.ndarray:
        """Mean |image − reference| (rows, cols), NaN without data."""
        return self._pixels.means[:, :, -1]

    @property
    def similarity(self) -> np.ndarray:
        """Mean SSIM (rows, cols), NaN where no window was whole."""
        return self._similarity.means[:, :, 0]

    def picture(self) -> bytes:
        """All four in one PNG; SSIM is drawn from 0 to 1 whatever it is, so that reports can be compared."""
        reference, image = self.images
        shape = min(max(len(reference) / reference.shape[1], _WIDEST), _TALLEST)
        figure = Figure(figsize=(2 * _PANEL_IN, 2 * (_PANEL_IN * shape + _TITLE_IN)), layout="constrained")
        panels = figure.subplots(2, 2).ravel()
        draw_pair(panels[:2], reference, image, f" ({self._names})")
        draw_values(figure, panels[2], self.difference, "|Image − reference|, mean of the bands", "magma", largest(self.difference))
        draw_values(figure, panels[3], self.similarity, "SSIM, mean of the bands", "viridis", 1.0)
        return png(figure)


def draw_pair(panels: Sequence[Axes], reference: np.ndarray, image: np.ndarray, bands: str) -> None:
    """Both (rows, cols, bands; NaN without data) in the same colours: else a false colour would not be seen."""
    both = np.concatenate([reference, image])
    shown = stretched(both, np.isfinite(both).all(axis=2))
    parts = (shown[: len(reference)], shown[len(reference) :])
    for panel, title, pixels in zip(panels, ("Reference", "Image"), parts, strict=True):
        panel.imshow(pixels, interpolation="nearest")
        _titled(panel, f"{title}{bands}")


def draw_values(figure: Figure, panel: Axes, values: np.ndarray, title: str, colours: str, top: float) -> None:
    """Values (rows, cols; NaN without data) in colours from 0 to `top`, with a bar that tells them."""
    panel.set_facecolor(NO_DATA)
    drawn = panel.imshow(values, cmap=colours, vmin=0, vmax=top, interpolation="nearest")
    figure.colorbar(drawn, ax=panel, shrink=0.85).ax.tick_params(labelsize=8)
    _titled(panel, title)


def largest(values: np.ndarray) -> float:
    """Where the colours end: a few bright pixels may lie beyond."""
    known = values[np.isfinite(values)]
    return (float(np.percentile(known, 99.5)) or float(known.max()) or 1.0) if known.size else 1.0


def _titled(panel: Axes, title: str) -> None:
    panel.set_title(title, loc="left", fontsize=10, parse_math=False)
    panel.set_xticks([])
    panel.set_yticks([])
