"""A reference and an image that is near it."""

from __future__ import annotations

import numpy as np
import pytest


@pytest.fixture(scope="session")
def pair() -> tuple[np.ndarray, np.ndarray]:
    """(40, 57, 3) whole numbers, 0 to 255, made without a random generator: figures of other programs on them are known."""
    rows, cols = np.mgrid[:40, :57]
    reference = np.stack([(rows * (band + 2) * 3 + cols * 4) % 256 for band in range(3)], axis=2)
    return reference, reference * 9 // 10 + ((rows * 7 + cols * 13) % 11)[:, :, np.newaxis]
