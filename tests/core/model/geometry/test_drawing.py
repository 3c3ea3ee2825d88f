"""The drawing is well-formed, holds still, and shows windows where serving reads them."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.model.geometry.drawing import WIDTH, Box, DrawnSource, Sketch, draw, in_words, windows

SVG = "{http://www.w3.org/2000/svg}"


def texts(sketch: Sketch) -> list[str]:
    return [element.text or "" for element in ElementTree.fromstring(draw(sketch)).iter(f"{SVG}text")]


def rectangles(sketch: Sketch) -> list[Box]:
    found = ElementTree.fromstring(draw(sketch)).iter(f"{SVG}rect")
    return [Box(*(float(element.attrib[key]) for key in ("x", "y", "width", "height"))) for element in found]


@pytest.mark.parametrize(
    ("sketch", "boxes"),
    [
        (Sketch((DrawnSource("a", (16, 16)),)), [Box(-8, -8, 16, 16)]),
        (Sketch((DrawnSource("a", (15, 15)),)), [Box(-7, -7, 15, 15)]),
        (Sketch((DrawnSource("a", (80, 40)),), (16, 16)), [Box(-32, -12, 80, 40)]),
        (Sketch((DrawnSource("a", (160, 160)),), (512, 512), Fraction(1, 4)), [Box(-16, -16, 160, 160)]),
        (Sketch((DrawnSource("ms", (8, 8)), DrawnSource("pan", (32, 32), Fraction(1, 4)))), [Box(-4, -4, 8, 8), Box(-4, -4, 8, 8)]),
    ],
)
def test_windows_lie_where_serving_reads_them(sketch: Sketch, boxes: list[Box]) -> None:
    assert windows(sketch) == boxes


sources = st.builds(
    DrawnSource,
    st.text(max_size=40).filter(str.isprintable),
    st.tuples(*[st.integers(1, 300)] * 2),
    st.sampled_from([Fraction(1, 4), Fraction(3)]),
)


@settings(max_examples=30, deadline=None)
@given(st.lists(sources, min_size=1, max_size=6), st.tuples(*[st.integers(1, 64)] * 2), st.sampled_from([Fraction(1, 4), Fraction(2)]))
def test_any_model_gives_a_drawing_that_fits(drawn: list[DrawnSource], field: tuple[int, int], scale: Fraction) -> None:
    sketch = Sketch((DrawnSource("first", (9, 9)), *drawn[1:]), field, scale, (3, 0))
    root = ElementTree.fromstring(draw(sketch))
    height = float(root.attrib["height"])
    for box in rectangles(sketch):
        assert box.left >= -0.1 and box.right <= WIDTH + 0.1 and box.top >= 0 and box.bottom <= height + 0.1
    assert draw(sketch) == draw(sketch)


def test_windows_of_the_same_ground_have_the_same_size() -> None:
    coarse, _, fine, *_ = rectangles(Sketch((DrawnSource("ms", (8, 8)), DrawnSource("pan", (32, 32), Fraction(1, 4)))))
    assert (coarse.width, coarse.height) == (fine.width, fine.height) and fine.left > coarse.right


def test_numbers_and_units_are_told() -> None:
    sketch = Sketch(
        (DrawnSource("low & high", (85, 85)), DrawnSource("b", (4, 4), Fraction(20))), (4, 4), Fraction(1, 4), (168, 168), "Mind."
    )
    found = texts(sketch)
    assert {"low & high", "85 × 85 pixels", "20 times coarser", "Mind."} <= set(found)
    assert "expression field: 4 × 4 output pixels, 4 times finer than source 1's" in found
    assert "halo: 168 output pixels on every side, computed and thrown away" in found
    assert in_words(sketch).startswith("For 4 × 4 output pixels, the model reads 85 × 85 pixels of low & high")
    assert not any("halo" in text for text in texts(Sketch((DrawnSource("a", (5, 5)),))))


def test_text_takes_the_colour_of_the_page() -> None:
    drawing = draw(Sketch((DrawnSource("a", (5, 5)),)))
    assert 'fill="currentColor"' in drawing and "href" not in drawing and "<script" not in drawing
