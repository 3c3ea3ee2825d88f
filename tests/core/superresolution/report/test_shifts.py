"""How far pairs lie apart, in words and drawn."""

from __future__ import annotations

import io

import numpy as np
import pytest
from matplotlib.image import imread

from core.superresolution.report.shifts import Shifts


@pytest.mark.parametrize(
    ("found", "serious", "words"),
    [
        ([(0.1, -0.1), (0.0, 0.1), (np.nan, np.nan)], False, "+0.05 pixels down and +0.00 to the right"),
        ([(1.0, 0.0)] * 3, True, "100% of the pairs are more than 0.25 apart"),
        ([(1.0, 0.0), (-1.0, 0.0), (0.0, 0.0)], True, "67% of the pairs"),  # none as a whole, but most by themselves
        ([(np.nan, np.nan)], True, "unknown"),
    ],
)
def test_what_is_said(found: list[tuple[float, float]], serious: bool, words: str) -> None:
    shifts = Shifts("fine", "coarse", np.array(found))
    assert shifts.serious is serious and words in shifts.in_words()


@pytest.mark.parametrize("distance", [0.0, 0.3, 40.0])
def test_it_can_be_drawn(distance: float) -> None:
    assert imread(io.BytesIO(Shifts("fine", "coarse", np.full((5, 2), distance)).picture())).shape[1] > 600
