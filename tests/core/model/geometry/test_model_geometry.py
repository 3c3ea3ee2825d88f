from __future__ import annotations

from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from core.errors import BadModel, BadParameter
from core.model.backend import tf
from core.model.contract import Contract, InputSpec, OutputSpec
from core.model.geometry.model_geometry import Given, geometry_of, in_words, parse_scale_factor
from core.model.loading.load import TensorSpec


class Model(SimpleNamespace):
    __hash__ = object.__hash__  # as of a real one


def model(*shapes: tuple[int | None, ...] | None) -> Any:
    """One whose graph cannot be read."""
    inputs = tuple(TensorSpec(f"x{i}", shape, np.dtype("float32")) for i, shape in enumerate(shapes))
    return Model(inputs=inputs, outputs=(TensorSpec("y", None, np.dtype("float32")),))


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


def padded(**crops: int) -> Any:
    """A convolution 5 × 5 of stride 2 and a transposed one back, padded: 2 outputs at every edge are wrong; each output cropped further."""
    kernel = np.ones((5, 5, 1, 1), "float32")

    def call(*, x: Any) -> dict[str, Any]:
        low = tf.nn.conv2d(x, kernel, 2, "SAME")
        y = tf.nn.conv2d_transpose(low, kernel, tf.shape(x), 2, "SAME")
        return {name: y[:, crop : tf.shape(y)[1] - crop, crop : tf.shape(y)[2] - crop] for name, crop in crops.items()}

    function = tf.function(call).get_concrete_function(x=tf.TensorSpec([None, None, None, 1], tf.float32))
    inputs = (TensorSpec("x", (None, None, None, 1), np.dtype("float32")),)
    outputs = tuple(TensorSpec(name, (None, None, None, 1), np.dtype("float32")) for name in sorted(crops))
    return Model(function=function, arguments={"x": "x"}, inputs=inputs, outputs=outputs)


@pytest.mark.parametrize(
    ("given", "fields", "expression_field", "halo"),
    [
        (Given((None,)), (10, 10), (2, 2), (4, 4)),
        (Given((None,), (8, 8)), (16, 16), (8, 8), (4, 4)),
        (Given(((16, 20),)), (16, 20), (8, 12), (4, 4)),
        (Given(((16, 16),), (4, 4)), (16, 16), (4, 4), (6, 6)),  # what is left of 16 is thrown away
    ],
)
def test_the_graph_tells_what_the_user_does_not(given: Given, fields: Any, expression_field: Any, halo: Any) -> None:
    found = geometry_of(padded(y=0), None, given)
    assert found.receptive_fields == (fields,) and found.expression_field == expression_field and found.halo == halo
    assert found.fully_convolutional and found.scale_factor == 1 and not found.unknown
    assert any("4 × 4" in line for line in in_words(found)) or halo != (4, 4)


def test_sizes_that_leave_no_room_for_the_padding_are_those_of_patches() -> None:
    """Blocks of any size would have seams where the blocks happen to end; patches have them where the user put them."""
    found = geometry_of(padded(y=0), None, Given(((16, 16),), (16, 16)))
    assert (found.receptive_fields, found.expression_field, found.halo) == (((16, 16),), (16, 16), (0, 0))
    assert not found.fully_convolutional


def test_a_contract_goes_before_the_graph_which_adds_the_halo() -> None:
    contract = Contract(
        "m", (InputSpec("x", (), 1, "float32", (24, 20)),), (OutputSpec("y", "values", ("y",), "float32"),), (8, 8), Fraction(1), True
    )
    found = geometry_of(padded(y=0), contract, Given((None,)))
    assert (found.receptive_fields, found.expression_field, found.halo) == (((20, 24),), (8, 8), (6, 8))


def test_outputs_of_other_margins_are_not_served_together() -> None:
    model = padded(a=0, b=4, c=4)
    assert geometry_of(model, None, Given((None,)), ("b", "c")).halo == (0, 0)
    with pytest.raises(BadModel, match="Outputs a and b need other windows or blocks"):
        geometry_of(model, None, Given((None,)), ("a", "b"))
