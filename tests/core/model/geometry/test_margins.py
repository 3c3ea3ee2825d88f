from __future__ import annotations

from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import pytest

from core.model.geometry import model_geometry
from core.model.geometry.graph_geometry import InputGeometry, OutputGeometry
from core.model.geometry.margins import main_output, margin_of


@pytest.mark.parametrize(
    ("name", "margin"),
    [
        ("x_crop16", 16), ("predictions_softmax_tensor_crop32:0", 32), ("output_64", 64), ("output_512:0", 512), ("gen/output_128", 128),
        ("output", None), ("output_", None), ("crop16", None), ("x_crop", None), ("my_output_64", None), ("x_crop16_2", None), ("", None),
    ],
)  # fmt: skip
def test_names_of_cropped_outputs(name: str, margin: int | None) -> None:
    assert margin_of(name) == margin


def geometry(field: int, halo: int = 0, unknown: tuple[str, ...] = (), view: int = 5) -> OutputGeometry:
    seen = InputGeometry((field, field), (view, view), Fraction(1, 4), (Fraction(0), Fraction(0)), (1, 1))
    return OutputGeometry({"x": seen}, (4, 4), (halo, halo), True, unknown)


@pytest.mark.parametrize(
    ("outputs", "main"),
    [
        ({"output_16": geometry(30, halo=8), "output_512": geometry(260), "output_64": geometry(33)}, "output_16"),
        ({"output_512:0": geometry(260), "output_64:0": geometry(33)}, "output_64:0"),
        ({"y_crop64": geometry(33), "y": geometry(29, halo=20), "z": geometry(1)}, "y"),
        ({"output_16": geometry(9, unknown=("a loop",)), "output_64": geometry(3)}, "output_16"),
        ({"output_0": geometry(9, view=9), "output_1": geometry(5)}, "output_0"),  # two answers of a network of Keras
        ({"output_0": geometry(5), "output_1": geometry(5)}, "output_0"),
        ({"a": geometry(9), "output_16": geometry(3), "output_64": geometry(1)}, "a"),  # another image: the first is the main one
    ],
)
def test_of_one_image_cropped_by_several_margins_the_cheapest_is_served(
    monkeypatch: pytest.MonkeyPatch, outputs: dict[str, OutputGeometry], main: str
) -> None:
    monkeypatch.setattr(model_geometry, "read_graph", lambda model: outputs)
    model: Any = SimpleNamespace(outputs=[SimpleNamespace(name=name) for name in outputs])
    assert main_output(model) == main
