"""Charts of classes: sizes that the number of classes gives, names as they are, extremes that must not fail."""

from __future__ import annotations

import io

import numpy as np
import pytest
from matplotlib.image import imread

from core.charts import MOST_BARS, class_bars, shortened


def size(png: bytes) -> tuple[int, int]:
    return imread(io.BytesIO(png), format="png").shape[:2]


def has_colour(png: bytes, colour: str) -> bool:
    wanted = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return bool((np.abs(imread(io.BytesIO(png), format="png")[:, :, :3] - wanted).max(axis=2) < 0.01).sum() > 100)


def test_a_bar_for_each_class_in_its_colour() -> None:
    few = class_bars(["water", "forest"], {"pixels": [10, 20]}, "pixels", ["#2b78c6", "#1e6b34"])
    assert has_colour(few, "#2b78c6") and has_colour(few, "#1e6b34")
    more = class_bars([str(i) for i in range(12)], {"pixels": [1] * 12}, "pixels")
    assert size(more)[0] > size(few)[0] and size(more)[1] == size(few)[1]


def test_series_are_stacked_in_two_colours() -> None:
    png = class_bars(["a", "b"], {"training": [30, 10], "validation": [10, 30]}, "samples")
    assert has_colour(png, "#1f6fb2") and has_colour(png, "#e3a33b")


def test_of_very_many_classes_the_largest_are_drawn() -> None:
    png = class_bars([str(i) for i in range(5000)], {"pixels": list(range(5000))}, "pixels")
    assert size(png) == size(class_bars(["x"] * MOST_BARS, {"pixels": [1] * MOST_BARS}, "pixels"))


@pytest.mark.parametrize("name", ["", "$x$ & <b>", "100 %", "öl\nspur", "n" * 300])
@pytest.mark.parametrize("count", [0, 10**13])
def test_odd_names_and_counts(name: str, count: int) -> None:
    assert size(class_bars([name], {"pixels": [count]}, "pixels"))[0] > 50


def test_long_names_are_cut() -> None:
    assert shortened("abc", 3) == "abc" and shortened("abcd", 3) == "ab…"
