from __future__ import annotations

from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from core.errors import BadModel, BadParameter
from core.model.contract import Contract, InputSpec, OutputSpec
from core.model.geometry import Given, geometry_of, parse_scale_factor
from core.model.load import TensorSpec


def model(*shapes: tuple[int | None, ...] | None) -> Any:
    return SimpleNamespace(inputs=tuple(TensorSpec(f"x{i}", shape, np.dtype("float32")) for i, shape in enumerate(shapes)))


CONTRACT = Contract(
    "m",
    (InputSpec("x1", (), 4, "float32", (80, 70)), InputSpec("x0", (), 1, "float32", (3, 5))),
    (OutputSpec("y", "values", ("y",), "float32"),),
    expression_field=(16, 8),
    scale_factor=Fraction(1, 2),
    fully_convolutional=True,
)


def test_the_contract_speaks_in_its_order_of_sources() -> None:
    geometry = geometry_of(model((None, None, None, 1), (None, None, None, 4)), CONTRACT, Given((None, None)))
    assert geometry.inputs == ("x1", "x0")
    assert geometry.receptive_fields == ((70, 80), (5, 3))
    assert (geometry.expression_field, geometry.scale_factor, geometry.fully_convolutional) == ((8, 16), Fraction(1, 2), True)


def test_the_user_has_the_last_word() -> None:
    geometry = geometry_of(model((None, 9, 9, 1), (None, 9, 9, 4)), CONTRACT, Given(((1, 2), None), (3, 4), Fraction(2)))
    assert geometry.receptive_fields == ((1, 2), (5, 3))
    assert (geometry.expression_field, geometry.scale_factor) == ((3, 4), 2)


def test_without_a_contract_the_shape_tells() -> None:
    geometry = geometry_of(model((None, 16, 12, 4)), None, Given((None,)))
    assert (geometry.receptive_fields, geometry.expression_field, geometry.fully_convolutional) == (((16, 12),), (1, 1), False)


@pytest.mark.parametrize("shape", [None, (None, None, None, 3), (None, 16)])
def test_what_nothing_tells_is_asked_for(shape: tuple[int | None, ...] | None) -> None:
    with pytest.raises(BadModel, match="receptive field of input x0 is unknown"):
        geometry_of(model(shape), None, Given((None,)))
    assert geometry_of(model(shape), None, Given(((7, 7),))).receptive_fields == ((7, 7),)


@pytest.mark.parametrize(
    ("text", "factor"),
    [("", None), ("4", Fraction(4)), ("1/4", Fraction(1, 4)), (" 0.25 ", Fraction(1, 4)), ("0.333333333", Fraction(1, 3))],
)
def test_scale_factors_as_people_write_them(text: str, factor: Fraction | None) -> None:
    assert parse_scale_factor(text) == factor


@pytest.mark.parametrize("text", ["0", "-1", "1/0", "four", "nan"])
def test_nonsense_is_no_scale_factor(text: str) -> None:
    with pytest.raises(BadParameter, match="Scale factor"):
        parse_scale_factor(text)
