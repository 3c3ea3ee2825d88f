"""Truth as a raster, beside the sources: its patches are cut with theirs, by the same rule."""

from __future__ import annotations

from fractions import Fraction
from math import hypot

from ..errors import BadParameter, BadTruth
from ..jobs import LabelImage
from ..raster.grid import Grid
from ..raster.source import Source
from .windows import Size


def open_labels(labels: LabelImage) -> Source:
    """The label image as one more source.

    Raises:
        BadTruth: it has several bands.
    """
    source = Source((labels.image,), labels.nodata)
    if source.count == 1:
        return source
    source.close()
    raise BadTruth(f"{labels.image} is no label image", expected="one band", received=f"{source.count} bands")


def label_size(labels: LabelImage, grid: Grid, reference: Grid, size: Size) -> Size:
    """(height, width) of a label patch: as given, else that which covers the ground of source 1's patch of this size.

    Raises:
        BadParameter: that is no whole number of the label image's pixels.
    """
    rows, cols = (_pixels(length, *spacings) for length, spacings in zip(size, _spacings(reference, grid), strict=True))
    height, width = labels.height or int(rows), labels.width or int(cols)
    if height < 1 or width < 1 or (not labels.height and rows != height) or (not labels.width and cols != width):
        raise BadParameter(
            "Size of the label patches",
            expected="given, because source 1's patch covers no whole number of the label image's pixels",
            received=f"{float(cols):.4g} × {float(rows):.4g} pixels",
        )
    return height, width


def _pixels(length: int, own: float, other: float) -> Fraction:
    """How many pixels of the other spacing cover so many of the one."""
    return Fraction(length * own / other).limit_denominator(100)


def _spacings(one: Grid, other: Grid) -> tuple[tuple[float, float], tuple[float, float]]:
    """Of both grids, down and across."""
    own, others = ((hypot(g.transform.b, g.transform.e), hypot(g.transform.a, g.transform.d)) for g in (one, other))
    return (own[0], others[0]), (own[1], others[1])
