from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.sampling.codes import code_table, label_dtype


def test_names_get_codes_in_order_and_numbers_keep_theirs() -> None:
    assert code_table(["water", "farm", "water"]) == {"farm": 1, "water": 2}
    assert code_table([7, -2, 300]) == {-2: -2, 7: 7, 300: 300}
    assert code_table(["10", "2", "-1"]) == {"-1": -1, "2": 2, "10": 10}
    assert code_table(["01", "1"]) == {"01": 1, "1": 2}  # names: as numbers they would be one
    assert code_table(["1", "b"]) == {"1": 1, "b": 2}
    assert code_table(["²", "-", "--1"]) == {"-": 1, "--1": 2, "²": 3}


@given(st.lists(st.text(max_size=4) | st.integers(-9, 99).map(str), min_size=1))
def test_no_two_classes_share_a_code(names: list[str]) -> None:
    table = code_table(names)
    assert set(table) == set(names) and len(set(table.values())) == len(table)


@pytest.mark.parametrize(
    ("codes", "dtype"),
    [
        ([0, 255], "uint8"),
        ([256], "uint16"),
        ([-1, 255], "int16"),
        ([-1, 40000], "int32"),
        ([70000], "int32"),
        ([2**32 - 1], "uint32"),
        ([-(2**40)], "int64"),
    ],
)
def test_the_smallest_type_that_holds_the_codes(codes: list[int], dtype: str) -> None:
    assert label_dtype(codes) == dtype
    assert np.array(codes).astype(dtype).tolist() == codes
