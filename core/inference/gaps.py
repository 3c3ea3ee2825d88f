"""Whether an output pixel may lack data: known before anything is computed."""

from __future__ import annotations

from collections.abc import Sequence

from ..raster.source import Source
from .plan import AxisPlan, Plan


def may_have_gaps(sources: Sequence[Source], plan: Plan, edges: str, masked: bool) -> bool:
    """False only if every output pixel surely has data: no mask, no no-data value, no NaN, no source that ends before the output does."""
    if masked or edges == "valid" or not all(source.complete for source in sources):
        return True
    heights, widths = [source.grid.height for source in sources], [source.grid.width for source in sources]
    output = plan.output
    return not (covered(plan.rows, output.row, output.height, heights) and covered(plan.cols, output.col, output.width, widths))


def covered(axis: AxisPlan, start: int, length: int, sizes: Sequence[int]) -> bool:
    """Whether the centres of the outputs [start, start + length) lie inside sources of these sizes, along one axis."""
    first, last = axis.centres((start, start + 1), sizes), axis.centres((start + length - 1, start + length), sizes)
    return all(low[0] >= 0 and high[0] < size for low, high, size in zip(first, last, sizes, strict=True))
