from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import BadParameter
from core.model.loading.placeholders import as_array, parse


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("", {}),
        (" , ;\n", {}),
        ("lr=1e-4", {"lr": 1e-4}),
        ("lr=1e-4, is_training=false, sizes=1 2 3, name=text", {"lr": 1e-4, "is_training": False, "sizes": (1, 2, 3), "name": "text"}),
        ("a=True;b=FALSE", {"a": True, "b": False}),
        ("n=-7\nx=+.5\ny=3.", {"n": -7, "x": 0.5, "y": 3.0}),
        ("v=(1, 2.5, 3)", {"v": (1, 2.5, 3)}),
        ("v=[1 2],w=[0.5]", {"v": (1, 2), "w": (0.5,)}),
        ("v=true false", {"v": (True, False)}),
        ("name='a, b=c'", {"name": "a, b=c"}),
        ('name="12"', {"name": "12"}),
        ("name=two words", {"name": "two words"}),
        ("words='a b' 'c'", {"words": "'a b' 'c'"}),
        ("scope/x:0=1", {"scope/x:0": 1}),
        ("version=1.2.3, e=1e", {"version": "1.2.3", "e": "1e"}),
    ],
)
def test_values_as_people_write_them(text: str, values: dict[str, Any]) -> None:
    assert parse(text) == values
    assert {name: type(value) for name, value in parse(text).items()} == {name: type(value) for name, value in values.items()}


@pytest.mark.parametrize("text", ["lr", "=3", "lr=", "lr=1,lr=2", "name='open", "v=(1, 2"])
def test_what_is_no_value_is_said(text: str) -> None:
    with pytest.raises(BadParameter, match="User placeholders"):
        parse(text)


@given(
    st.dictionaries(
        st.from_regex(r"[a-z]\w{0,5}", fullmatch=True), st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.booleans()
    )
)
def test_every_number_comes_back(values: dict[str, Any]) -> None:
    assert parse(", ".join(f"{name}={value}" for name, value in values.items())) == values


@pytest.mark.parametrize(
    ("value", "dtype", "shape", "expected"),
    [
        (1, "float32", (), np.float32(1)),
        (1e-4, "float32", None, np.float32(1e-4)),
        (True, "bool", (), np.bool_(True)),
        (0, "bool", (1,), np.array([False])),
        (3, "int32", (None,), np.array([3], "int32")),
        (3, "int32", (2,), np.array([3, 3], "int32")),
        ((1, 2), "int64", (None,), np.array([1, 2])),
        ((1, 2), "float32", (1, None), np.array([[1, 2]], "float32")),
        ((1, 2), "float32", None, np.array([1, 2], "float32")),
        ((5,), "float32", (), np.float32(5)),
    ],
)
def test_a_value_takes_the_form_of_its_input(value: Any, dtype: str, shape: tuple[int | None, ...] | None, expected: np.ndarray) -> None:
    made = as_array("x", value, dtype, shape)
    assert made.dtype == expected.dtype and made.shape == expected.shape and (made == expected).all()


def test_text_may_be_anything() -> None:
    assert as_array("x", "abc", "string", ()).item() == "abc"
    assert as_array("x", (1, "b"), "string", (None,)).tolist() == ["1", "b"]


@pytest.mark.parametrize(
    ("value", "dtype", "shape", "words"),
    [
        ("abc", "float32", (), "x: expected a value of type float32, received abc"),
        (True, "float32", (), "float32"),
        (1.5, "int32", (), "int32, received 1.5"),
        (2, "bool", (), "bool, received 2"),
        (300, "uint8", (), "uint8"),
        ((1, 2, 3), "float32", (2,), "expected 2, received 3 values"),
        ((1, 2), "float32", (), "expected one value, received 2 values"),
        ((1, 2), "float32", (3, 2), "expected 3 × 2"),
    ],
)
def test_what_does_not_suit_is_said(value: Any, dtype: str, shape: tuple[int | None, ...], words: str) -> None:
    with pytest.raises(BadParameter, match=words):
        as_array("x", value, dtype, shape)
