from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from core.raster.edges import inside, outside


@given(start=st.integers(-40, 40), length=st.integers(1, 40), size=st.integers(1, 20))
def test_reflection_is_that_of_numpy(start: int, length: int, size: int) -> None:
    image = np.arange(size)
    padded = np.pad(image, 100, mode="reflect" if size > 1 else "edge")
    assert (image[inside(start, length, size, "reflect")] == padded[100 + start : 100 + start + length]).all()


@given(start=st.integers(-40, 40), length=st.integers(1, 40), size=st.integers(1, 20))
def test_replication_is_that_of_numpy(start: int, length: int, size: int) -> None:
    image = np.arange(size)
    padded = np.pad(image, 100, mode="edge")
    assert (image[inside(start, length, size, "replicate")] == padded[100 + start : 100 + start + length]).all()


def test_outside() -> None:
    assert outside(-2, 6, 3).tolist() == [True, True, False, False, False, True]
