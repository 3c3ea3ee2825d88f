from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from core.raster.edges import Span, inside, outside, spread


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


@given(
    start=st.tuples(st.integers(-30, 30), st.integers(-30, 30)),
    length=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    size=st.tuples(st.integers(1, 20), st.integers(1, 20)),
    edges=st.sampled_from(["reflect", "replicate"]),
)
def test_spreading_is_looking_up_pixel_by_pixel(start: tuple[int, int], length: tuple[int, int], size: tuple[int, int], edges: str) -> None:
    image = np.arange(size[0] * size[1] * 2, dtype="int32").reshape(*size, 2)
    rows, cols = (Span.of(*axis, edges) for axis in zip(start, length, size, strict=True))
    target = np.full((*length, 2), -1, "float32")
    spread(image[rows.first : rows.first + rows.count, cols.first : cols.first + cols.count], rows, cols, target)
    looked_up = (inside(*axis, edges) for axis in zip(start, length, size, strict=True))
    assert (target == image[np.ix_(*looked_up)]).all()
    assert [i for part in rows.beyond for i in range(*part.indices(length[0]))] == np.flatnonzero(
        outside(start[0], length[0], size[0])
    ).tolist()
