"""Half-size numbers in TensorFlow's graphs: its own rewriting, turned on for a while.

On a CPU oneDNN computes convolutions and products in bfloat16 (8 bits of mantissa, the range of single precision); on a GPU TensorFlow
takes float16, which has more bits and a far smaller range. What is sensitive (sums, exponentials) stays in single precision; both lists
are TensorFlow's.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from .backend import tf

ON_CPU, ON_GPU = "auto_mixed_precision_onednn_bfloat16", "auto_mixed_precision"


def half_type() -> str:
    """The type that this device would compute in."""
    return "float16" if tf.config.list_physical_devices("GPU") else "bfloat16"


@contextlib.contextmanager
def mixed_precision() -> Iterator[None]:
    """Within it every graph that runs is computed in mixed precision; loaded models need not be loaded again."""
    option = ON_GPU if half_type() == "float16" else ON_CPU
    before = tf.config.optimizer.get_experimental_options().get(option, False)
    tf.config.optimizer.set_experimental_options({option: True})
    try:
        yield
    finally:
        tf.config.optimizer.set_experimental_options({option: before})
