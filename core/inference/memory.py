"""How large a block may be."""

from __future__ import annotations

from math import isqrt

from ..model.geometry import ModelGeometry

SMALLEST = 32  # output pixels on a side
BYTES = 4  # of a float32


def block_size(geometry: ModelGeometry, budget_mb: int, held_values: int, largest: int) -> int:
    """Output pixels on a side of a block that fits in the budget: at most `largest`, and a whole number of expression fields.

    Args:
        held_values: values that are in memory for each input pixel of a block.
    """
    side = min(max(isqrt(budget_mb * 1_000_000 // (held_values * BYTES)), SMALLEST), largest)  # input pixels, for scale factor 1
    outputs = int(side / geometry.scale_factor) if geometry.scale_factor > 1 else side
    field = max(geometry.expression_field)
    return max(outputs // field, 1) * field


def available_mb() -> int:
    """Half of the memory that is free now, in MB: the default budget."""
    import psutil

    return max(round(psutil.virtual_memory().available / 2e6), 256)
