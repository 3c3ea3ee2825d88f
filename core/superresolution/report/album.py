"""Validation pairs to look at: coarse, bicubic, made and true side by side, the worst, the best and some between."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ...charts import GREY, png
from ...painting import natural_bands, stretched
from ...quality.pictures import largest
from ...training.report.examples import extremes
from ..degradation import inner
from ..networks.parts import BICUBIC_REACH
from ..validation import Judged, Made, Validation

EACH = 2  # pairs of a kind
SIDE = 96  # fine pixels of a picture: so few that each is seen
COLUMNS = ("coarse", "bicubic", "made", "true")
_WIDTH_IN, _LABEL_IN, _BAR_IN = 9.6, 0.4, 0.6
_TALLEST, _WIDEST = 2.0, 0.4  # height ÷ width of a picture, at most and at least


@dataclass(frozen=True)
class Shown:
    """A pair for the eye.

    Attributes:
        label: which it is, and how good.
        images: as COLUMNS says, all pairs in the same colours, (rows, cols, 3) from 0 to 1.
        difference: |made − true|, mean of the bands, (rows, cols), in pixel values.
    """

    label: str
    images: tuple[np.ndarray, ...]
    difference: np.ndarray


def look(validation: Validation, made: Made, judged: Judged, check: Callable[[], None]) -> list[Shown]:
    """Up to three times EACH pairs; no others are read.

    Args:
        judged: what `made` makes.
        check: called before each; may raise.
    """
    best, worst, between = extremes(-judged.errors, EACH)
    places = {place: kind for kind, group in (("worst", worst), ("best", best), ("between", between)) for place in group}
    images = []
    for place in places:
        check()
        images.append(_images(validation, made, place))
    colours = _for_the_eye(images, natural_bands(validation.names))
    labels = [
        f"{kind}: pair {place + 1}\nRMSE {judged.errors[place]:.4g}, bicubic {validation.of_bicubic.errors[place]:.4g}"
        for place, kind in places.items()
    ]
    differences = [np.abs(image.astype(np.float64) - true).mean(axis=2) for _, _, image, true in images]
    return [Shown(*parts) for parts in zip(labels, colours, differences, strict=True)]


def _images(validation: Validation, made: Made, place: int) -> list[np.ndarray]:
    """Of a pair, as COLUMNS says, in pixel values."""
    inputs, high = validation.pair(place)
    images = (enlarged(inputs[0], high), validation.by_bicubic(inputs), made(inputs), high)
    return [_middle(image, validation.factor) for image in images]


def _for_the_eye(images: list[list[np.ndarray]], bands: Sequence[int]) -> list[tuple[np.ndarray, ...]]:
    """All stretched together: each by itself would take the colour out of a field that fills it."""
    stack = np.concatenate([image[:, :, bands] for pair in images for image in pair])
    colours = iter(np.split(stretched(stack, np.ones(stack.shape[:2], bool)), len(images) * len(COLUMNS)))
    return [tuple(next(colours) for _ in pair) for pair in images]


def _middle(image: np.ndarray, factor: int) -> np.ndarray:
    """The middle of what counts, of whole coarse pixels, (rows, cols, bands)."""
    counted = inner(image, factor, BICUBIC_REACH)[0]
    sizes = [min(length, SIDE // factor * factor) for length in counted.shape[:2]]
    top, left = ((length - size) // 2 // factor * factor for length, size in zip(counted.shape, sizes, strict=False))
    return counted[top : top + sizes[0], left : left + sizes[1]]


def enlarged(low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """The coarse images in fine pixels, as they are: in squares."""
    factor = high.shape[1] // low.shape[1]
    return low.repeat(factor, axis=1).repeat(factor, axis=2)


def sheet(album: Sequence[Shown]) -> bytes:
    """A row for each pair, as PNG; differences of all are in the same colours."""
    rows, cols = album[0].difference.shape
    columns = len(COLUMNS) + 1
    height = (_WIDTH_IN - _LABEL_IN) / columns * min(max(rows / cols, _WIDEST), _TALLEST)
    tall = len(album) * height + _BAR_IN
    figure = Figure(figsize=(_WIDTH_IN, tall), layout="constrained")
    figure.get_layout_engine().set(w_pad=0.03, h_pad=0.03, wspace=0.0, hspace=0.0)
    panels = figure.subplots(len(album), columns, squeeze=False)
    top = largest(np.concatenate([shown.difference.ravel() for shown in album]))
    for line, shown in zip(panels, album, strict=True):
        for panel, image in zip(line, shown.images, strict=False):
            _draw(panel, image)
        drawn = line[-1].imshow(shown.difference, cmap="magma", vmin=0, vmax=top, interpolation="nearest")
        _draw(line[-1])
        line[0].set_ylabel(shown.label, fontsize=7.5, parse_math=False)
    for panel, title in zip(panels[0], (*COLUMNS, "|made − true|"), strict=True):
        panel.set_title(title, fontsize=9, pad=4)
    bar = figure.colorbar(drawn, ax=panels, location="bottom", shrink=0.3, aspect=30, fraction=_BAR_IN / 4 / tall, pad=0.01)
    bar.set_label("|made − true|, mean of the bands, in pixel values", fontsize=8)
    bar.ax.tick_params(labelsize=8)
    bar.outline.set_visible(False)
    return png(figure)


def _draw(panel: Axes, image: np.ndarray | None = None) -> None:
    if image is not None:
        panel.imshow(image, interpolation="nearest")
    panel.set_xticks([])
    panel.set_yticks([])
    for spine in panel.spines.values():
        spine.set(color=GREY, linewidth=0.6)
