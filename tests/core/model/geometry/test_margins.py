from __future__ import annotations

import pytest

from core.model.geometry.margins import margin_of


@pytest.mark.parametrize(
    ("name", "margin"),
    [
        ("x_crop16", 16), ("predictions_softmax_tensor_crop32:0", 32), ("output_64", 64), ("output_512:0", 512), ("gen/output_128", 128),
        ("output", None), ("output_", None), ("crop16", None), ("x_crop", None), ("my_output_64", None), ("x_crop16_2", None), ("", None),
    ],
)  # fmt: skip
def test_names_of_cropped_outputs(name: str, margin: int | None) -> None:
    assert margin_of(name) == margin
