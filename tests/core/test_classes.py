from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from core.classes import LandClass, class_type, code_dtype, make_classes


def test_colours_say_what_the_names_mean_and_differ() -> None:
    classes = make_classes([(1, "Water bodies"), (2, "forest"), (3, "deciduous forest"), (4, "x"), (5, "y")])
    assert classes[0].colour[2] > max(classes[0].colour[:2])
    assert classes[1].colour[1] > max(classes[1].colour[0], classes[1].colour[2])
    assert len({c.colour for c in classes}) == 5


@given(st.integers(-(2**40), 2**40), st.text(min_size=1), st.tuples(*[st.integers(0, 255)] * 3))
def test_there_and_back(code: int, name: str, colour: tuple[int, int, int]) -> None:
    land_class = LandClass(code, name, colour)
    assert LandClass.from_plain(land_class.to_plain()) == land_class


@given(st.sets(st.integers(-(2**40), 2**40), min_size=1, max_size=300) | st.sets(st.integers(0, 255), min_size=1))
def test_class_type_holds_every_code_and_a_free_nodata(codes: set[int]) -> None:
    dtype, nodata = class_type(sorted(codes))
    limits = np.iinfo(dtype)
    assert nodata not in codes
    assert all(limits.min <= value <= limits.max for value in (*codes, nodata))


def test_smallest_class_type() -> None:
    assert class_type([1, 255]) == ("uint8", 0)
    assert class_type([0, 7]) == ("uint8", 255)
    assert class_type([0, 255]) == ("uint16", 65535)
    assert class_type([1000000]) == ("uint32", 0)
    assert class_type([-1, 3]) == ("int32", 0)
    assert class_type([0, -1]) == ("int32", -(2**31))


def test_huge_codes_are_wide_inside_a_network() -> None:
    assert code_dtype([-5, 2**31 - 1]) == "int32"
    assert code_dtype([1, 2**31]) == "int64"
