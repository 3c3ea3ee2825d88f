"""The design's test vectors, and what must hold for any plan."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import BadModel
from core.inference.plan import AxisPlan, make_plan
from core.raster.alignment import REFERENCE_AXIS, Alignment, Axis
from core.raster.grid import Window

PAN = Axis(Fraction(1, 4), Fraction(0))
MS = Axis(Fraction(4), Fraction(0))
VHRS = Axis(Fraction(3, 20), Fraction(0))


def axis_plan(
    fields: tuple[int, ...], ef: int, scale: Fraction | int, sources: tuple[Axis, ...] = (REFERENCE_AXIS,), anchor: int = 0
) -> AxisPlan:
    return AxisPlan(sources, anchor, fields, ef, Fraction(scale))


SCALES = [Fraction(1, 4), Fraction(1, 2), Fraction(1), Fraction(2), Fraction(4)]
VECTORS = [
    (axis_plan((16,), 1, 1), (0, 16), [(-8, 23)]),
    (axis_plan((16,), 1, 1), (16, 32), [(8, 39)]),
    (axis_plan((15,), 1, 1), (0, 16), [(-7, 23)]),
    (axis_plan((64,), 32, 1), (32, 64), [(16, 80)]),
    (axis_plan((80,), 16, 1), (0, 64), [(-32, 96)]),
    (axis_plan((160,), 512, Fraction(1, 4)), (512, 1024), [(112, 272)]),
    (axis_plan((8, 32), 1, 1, (REFERENCE_AXIS, PAN)), (16, 32), [(12, 35), (48, 140)]),
    (axis_plan((32, 8), 1, 4, (REFERENCE_AXIS, MS), anchor=1), (16, 32), [(48, 140), (12, 35)]),
    (axis_plan((16,), 1, 4), (0, 4), [(-6, 22)]),
    (axis_plan((16,), 1, 4), (4, 8), [(10, 38)]),
    (axis_plan((1, 25), 1, 1, (REFERENCE_AXIS, VHRS)), (0, 1), [(0, 1), (-9, 16)]),
    (axis_plan((1, 25), 1, 1, (REFERENCE_AXIS, VHRS)), (20, 21), [(20, 21), (124, 149)]),
]


@pytest.mark.parametrize(("plan", "outputs", "expected"), VECTORS)
def test_vectors_of_the_design(plan: AxisPlan, outputs: tuple[int, int], expected: list[tuple[int, int]]) -> None:
    blocks = outputs[0] // plan.expression_field, outputs[1] // plan.expression_field
    assert list(plan.windows(blocks)) == expected


def alignment(*sources: Axis, anchor: int = 0) -> Alignment:
    return Alignment(sources, sources, anchor)


@given(
    row=st.integers(0, 200), col=st.integers(0, 200), height=st.integers(1, 150), width=st.integers(1, 150),
    ef=st.tuples(st.integers(1, 33), st.integers(1, 33)), size=st.integers(1, 300), share=st.floats(0, 0.99),
)  # fmt: skip
def test_every_output_pixel_is_in_one_block(
    row: int, col: int, height: int, width: int, ef: tuple[int, int], size: int, share: float
) -> None:
    overlap = int(share * min(ef))
    plan = make_plan(alignment(REFERENCE_AXIS), [(5, 5)], ef, Fraction(1), Window(row, col, height, width), overlap=overlap)
    blocks = list(plan.blocks(size))
    assert len(blocks) == plan.count(size)
    rows = sorted({(b.window.row, b.window.height) for b in blocks})
    cols = sorted({(b.window.col, b.window.width) for b in blocks})
    assert len(blocks) == len(rows) * len(cols)
    for spans, first, length in ((rows, row, height), (cols, col, width)):
        assert [start for start, _ in spans] == [first, *(start + count for start, count in spans)][:-1]
        assert sum(count for _, count in spans) == length
    for block in blocks:
        outputs = block.window
        for axis, held, start, length in (
            (plan.rows, block.rows, outputs.row, outputs.height),
            (plan.cols, block.cols, outputs.col, outputs.width),
        ):
            everyone = [j for j in range(-70, 500) if j * axis.step < start + length and j * axis.step + axis.expression_field > start]
            assert list(range(*held)) == everyone


@given(ef=st.integers(1, 40), data=st.data(), scale=st.sampled_from(SCALES), field=st.integers(1, 50), block=st.integers(-9, 99))
def test_expression_fields_that_overlap_lie_about_the_middle_of_their_outputs(
    ef: int, data: st.DataObject, scale: Fraction, field: int, block: int
) -> None:
    """Block j's window is that of the outputs from j·step to j·step + EF; whole numbers of pixels further on it is moved by as many."""
    overlap = data.draw(st.integers(0, ef - 1))
    plan = AxisPlan((REFERENCE_AXIS,), 0, (field,), ef, scale, overlap=overlap)
    first, last = block * plan.step * scale, (block * plan.step + ef) * scale
    (start,) = plan.starts(block)
    assert 0 <= start + Fraction(field, 2) - (first + last) / 2 + Fraction(1, 2) < 1
    period = 4  # no scale has a denominator that does not divide it
    assert plan.starts(block + period)[0] == start + period * plan.step * scale
    assert axis_plan((field,), ef, scale).starts(block) == AxisPlan((REFERENCE_AXIS,), 0, (field,), ef, scale, overlap=0).starts(block)


@given(
    field=st.integers(1, 100), ef=st.integers(1, 40), scale=st.sampled_from(SCALES),
    ratio=st.sampled_from([Fraction(1, 4), Fraction(1), Fraction(2), Fraction(6)]), first=st.integers(0, 50), count=st.integers(1, 20),
)  # fmt: skip
def test_whole_steps_mean_that_windows_move_evenly(field: int, ef: int, scale: Fraction, ratio: Fraction, first: int, count: int) -> None:
    anchor = 1 if ratio > 1 else 0
    plan = axis_plan((16, field), ef, scale, (REFERENCE_AXIS, Axis(ratio, Fraction(0))), anchor)
    starts = [plan.starts(block) for block in range(first, first + count)]
    for source, step in enumerate(plan.steps()):
        if all(s.denominator == 1 for s in plan.steps()):
            assert [start[source] - starts[0][source] for start in starts] == [step * i for i in range(count)]


def test_uneven_sources_are_named() -> None:
    plan = make_plan(alignment(REFERENCE_AXIS, VHRS), [(1, 1), (25, 25)], (1, 1), Fraction(1), Window(0, 0, 9, 9))
    assert plan.uneven_sources() == [1]
    assert plan.rows.steps() == (1, Fraction(20, 3))


def test_centres_lie_in_the_pixel_under_the_output() -> None:
    plan = axis_plan((8, 2), 1, Fraction(1, 2), (REFERENCE_AXIS, MS), anchor=1)
    assert [source.tolist() for source in plan.centres((0, 10), (5, 2))] == [[0, 0, 1, 1, 2, 2, 3, 3, 4, 4], [0] * 8 + [1, 1]]


def test_the_last_output_pixel_stands_on_its_part_inside_the_image() -> None:
    assert axis_plan((1,), 1, 4).centres((0, 4), (9,))[0].tolist() == [2, 6, 8, 14]  # [8, 12) has one pixel inside, [12, 16) none


@given(
    ratio=st.fractions(Fraction(1, 8), 8, max_denominator=30), offset=st.fractions(-20, 20) | st.floats(-9, 9).map(Fraction),
    scale=st.sampled_from(SCALES), first=st.integers(0, 500), count=st.integers(1, 9), size=st.integers(1, 400),
)  # fmt: skip
def test_centres_are_exact(ratio: Fraction, offset: Fraction, scale: Fraction, first: int, count: int, size: int) -> None:
    source = Axis(ratio, offset)
    plan = AxisPlan((REFERENCE_AXIS, source), 0, (1, 1), 1, scale)
    for output, pixel in zip(range(first, first + count), plan.centres((first, first + count), (10**6, size))[1], strict=True):
        start, end = source.from_reference(output * scale), source.from_reference((output + 1) * scale)
        low, high = max(start, Fraction(0)), min(end, Fraction(size))
        assert pixel == ((low + high) / 2 if low < high else (start + end) / 2) // 1


def test_a_receptive_field_for_every_source() -> None:
    with pytest.raises(BadModel, match="one a source"):
        make_plan(alignment(REFERENCE_AXIS, PAN), [(5, 5)], (1, 1), Fraction(1), Window(0, 0, 1, 1))
