"""How large a block may be."""

from __future__ import annotations

from math import isqrt

from ..model.geometry import ModelGeometry

SMALLEST, LARGEST = 32, 512  # output pixels on a side; larger blocks gained nothing on two cores
CHANNELS = 256  # float32 values that a network is taken to hold for each input pixel, all layers and buffers together
BYTES = 4


def block_size(geometry: ModelGeometry, budget_mb: int, fully_convolutional: bool) -> int:
    """Output pixels on a side of a block whose windows and activations fit in the budget, and a whole number of expression fields.

    A patch-based model works through a block in batches of fixed size, so only the window itself counts there.
    """
    values = CHANNELS if fully_convolutional else CHANNELS // 4
    pixels = budget_mb * 1_000_000 // (values * BYTES)
    side = min(max(isqrt(pixels), SMALLEST), LARGEST)  # input pixels, for scale factor 1
    outputs = int(side / geometry.scale_factor) if geometry.scale_factor > 1 else side
    field = max(geometry.expression_field)
    return max(outputs // field, 1) * field


def available_mb() -> int:
    """Half of the memory that is free now, in MB: the default budget."""
    import psutil

    return max(round(psutil.virtual_memory().available / 2e6), 256)
