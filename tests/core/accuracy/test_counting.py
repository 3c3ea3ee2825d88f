"""Counting combinations: as a dictionary would."""

from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from core.accuracy.counting import compact, joint_counts

codes = st.sampled_from([-7, 0, 1, 2, 255, 70_000, 2**31 - 1, 2**40, -(2**62), 2**62])


@given(st.lists(st.tuples(codes, codes), max_size=50))
def test_as_a_dictionary_counts(pairs: list[tuple[int, int]]) -> None:
    columns = [np.array([pair[axis] for pair in pairs], np.int64) for axis in (0, 1)]
    assert joint_counts(columns) == Counter(pairs)
    values, indexes = compact(columns[0])
    np.testing.assert_array_equal(values[indexes], columns[0])


@given(st.lists(st.tuples(st.integers(0, 255), st.integers(0, 9)), min_size=1, max_size=50))
def test_narrow_types_do_not_overflow(pairs: list[tuple[int, int]]) -> None:
    columns = [np.array([pair[axis] for pair in pairs], np.uint8) for axis in (0, 1)]
    assert joint_counts(columns) == Counter(pairs)
