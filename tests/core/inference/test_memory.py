from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.inference.memory import SMALLEST, available_mb, block_size
from core.model.geometry import ModelGeometry


def geometry(field: int = 1, scale: Fraction = Fraction(1)) -> ModelGeometry:
    return ModelGeometry(("x",), ((16, 16),), (field, field), scale, True)


@given(budget=st.integers(1, 10**6), values=st.integers(1, 4096), field=st.integers(1, 600))
def test_blocks_fit_and_are_whole_expression_fields(budget: int, values: int, field: int) -> None:
    side = block_size(geometry(field), budget, values, 512)
    assert side % field == 0 and side >= field
    assert side <= max(512, field)
    if side > max(SMALLEST, field):
        assert side**2 * values * 4 <= budget * 1_000_000


@pytest.mark.parametrize(("scale", "side"), [(Fraction(1), 512), (Fraction(4), 128), (Fraction(1, 4), 512)])
def test_coarser_outputs_need_fewer(scale: Fraction, side: int) -> None:
    assert block_size(geometry(1, scale), 10**6, 256, 512) == side


def test_the_default_budget_is_part_of_what_is_free() -> None:
    import psutil

    assert 256 <= available_mb() <= psutil.virtual_memory().total / 1e6
