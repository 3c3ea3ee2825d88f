"""The one rule (core/raster/alignment.py) for many samples at once: where each source's patch starts, as arrays."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..raster.alignment import HALF, Alignment, Axis, starts_about

Size = tuple[int, int]  # (height, width)


class PatchStarts:
    """First row and column of each source's patch, for samples given by the anchor's pixel that holds them.

    The rule is linear up to its rounding: when the anchor's pixel moves on by d (the denominator of the ratio p/d of the anchor's
    spacing to the source's), the window moves on by exactly p pixels. So the exact rule is asked for d pixels, and all others follow.
    """

    def __init__(self, alignment: Alignment, sizes: Sequence[Size]) -> None:
        heights, widths = [height for height, _ in sizes], [width for _, width in sizes]
        self._rows = _periods(alignment.rows, alignment.anchor, heights)
        self._cols = _periods(alignment.cols, alignment.anchor, widths)

    def of(self, source: int, rows: np.ndarray, cols: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """For one source, the first rows and first columns of the patches of samples in the anchor's pixels (rows, cols)."""
        return _extended(*self._rows[source], rows), _extended(*self._cols[source], cols)


def _periods(axes: Sequence[Axis], anchor: int, fields: Sequence[int]) -> list[tuple[np.ndarray, int]]:
    """For each source, the starts for the anchor's pixels 0 … d − 1, and p."""
    ratios = [axes[anchor].ratio / axis.ratio for axis in axes]
    starts = [
        starts_about(axes, anchor, fields, axes[anchor].to_reference(pixel + HALF)) for pixel in range(max(r.denominator for r in ratios))
    ]
    return [(np.array([start[i] for start in starts[: ratio.denominator]]), ratio.numerator) for i, ratio in enumerate(ratios)]


def _extended(first: np.ndarray, step: int, pixels: np.ndarray) -> np.ndarray:
    periods, rest = np.divmod(pixels, len(first))
    starts: np.ndarray = first[rest] + step * periods
    return starts
