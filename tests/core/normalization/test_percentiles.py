"""Percentiles of a stream against numpy's of the whole."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from core.normalization.percentiles import Percentiles

EXACT = ("uint8", "int8", "uint16", "int16", "uint32", "int32", "float32")


def streamed(values: np.ndarray, wanted: tuple[float, ...], portions: int = 3) -> tuple[float, ...]:
    percentiles = Percentiles(values.dtype, wanted)
    for portion in np.array_split(values, portions):
        percentiles.feed(portion)
    if percentiles.needs_second_pass:
        percentiles.look_closer()
        for portion in np.array_split(values, portions):
            percentiles.feed(portion)
    assert percentiles.count == values.size
    return percentiles.values()


def any_values(dtype: str) -> st.SearchStrategy[np.ndarray]:
    limits = {"allow_nan": False, "allow_infinity": False} if dtype.startswith("float") else {}
    if dtype == "float64":
        limits |= {"min_value": -1e30, "max_value": 1e30}
    return arrays.arrays(dtype, st.integers(1, 40), elements=arrays.from_dtype(np.dtype(dtype), **limits))


@pytest.mark.parametrize("dtype", EXACT)
@given(data=st.data(), percents=st.lists(st.floats(0, 100), min_size=1, max_size=3))
def test_exact_for_types_of_up_to_32_bits(dtype: str, data: st.DataObject, percents: list[float]) -> None:
    values = data.draw(any_values(dtype))
    found, expected = streamed(values, tuple(percents)), np.percentile(values.astype(np.float64), percents)
    spread = float(np.ptp(values.astype(np.float64)))
    assert found == pytest.approx(expected.tolist(), rel=1e-12, abs=max(spread * 1e-12, 1e-300))


@pytest.mark.parametrize("dtype", ["float64", "int64", "uint64"])
@given(data=st.data())
def test_wider_types_to_the_precision_of_float32(dtype: str, data: st.DataObject) -> None:
    values = data.draw(any_values(dtype))
    expected = np.percentile(values.astype(np.float64), (2, 50, 98))
    largest = float(np.abs(values.astype(np.float64)).max())
    assert streamed(values, (2, 50, 98)) == pytest.approx(expected.tolist(), rel=1e-6, abs=largest * 6e-8 + 1e-44)


def test_an_outlier_costs_no_precision() -> None:
    """Bins between the least and the greatest value would all be empty but two."""
    values = np.append(np.random.default_rng(0).normal(0.1, 0.01, 9999), [3e38]).astype(np.float32)
    assert streamed(values, (2, 98)) == pytest.approx(np.percentile(values.astype(np.float64), (2, 98)).tolist(), rel=1e-12)
