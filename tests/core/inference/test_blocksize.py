"""The decisions of the trial, on made-up figures."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from math import ceil

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.inference.blocksize import (
    BUSY,
    CALM_S,
    FEW_S,
    HELD,
    MARGIN,
    SIZES,
    WRITING_S,
    Figure,
    candidates,
    choose,
    needs,
    next_to_try,
    of_run,
    trial_window,
    wall,
    window_pixels,
)
from core.inference.plan import Plan, make_plan
from core.raster.alignment import Alignment, Axis
from core.raster.grid import Window

GB = 10**9
few = settings(max_examples=40, deadline=None)


def plan_of(
    height: int, width: int, field: int = 16, ef: tuple[int, int] = (1, 1), start: tuple[int, int] = (0, 0), overlap: int = 0
) -> Plan:
    axes = (Axis(Fraction(1), Fraction(0)), Axis(Fraction(1, 2), Fraction(0)))
    output = Window(*start, height, width)
    return make_plan(
        Alignment(axes, axes, 0),
        [(field, field), (2 * field, 2 * field)],
        ef,
        Fraction(1),
        output,
        overlap=min(overlap, *(side - 1 for side in ef)),
    )


def figure(plan: Plan, size: int, ns: float = 100, base: int = 10**6, each: int = 100) -> Figure:
    pixels = window_pixels(plan, size)[1]
    return Figure(size, pixels, ns * 1e-9 * pixels, 1e-9 * pixels, 8 * pixels, (base + each * pixels,))


plans = st.builds(
    plan_of, st.integers(1, 150), st.integers(1, 150), st.integers(1, 40), st.tuples(st.integers(1, 50), st.integers(1, 50)),
    st.tuples(st.integers(0, 99), st.integers(0, 99)), st.integers(0, 20),
)  # fmt: skip


@few
@given(plan=plans, size=st.integers(4, 200))
def test_window_pixels_are_those_of_all_blocks(plan: Plan, size: int) -> None:
    counts = [sum(window.height * window.width for window in plan.windows(block)) for block in plan.blocks(size)]
    total, largest = window_pixels(plan, size)
    assert total == sum(counts)
    assert max(counts) <= largest  # the tallest and the widest may be two


@few
@given(plan=plans)
def test_candidates_are_whole_steps_up_to_the_whole_output(plan: Plan) -> None:
    sizes, step = candidates(plan), max(plan.rows.step, plan.cols.step)
    assert sizes == sorted(set(sizes)) and all(size % step == 0 for size in sizes)
    assert all(plan.count(size) > 1 for size in sizes[:-1])
    assert plan.count(sizes[-1]) == 1 or sizes[-1] + step > SIZES[-1]


@few
@given(plan=plans, size=st.sampled_from(SIZES))
def test_a_trial_stays_in_the_output(plan: Plan, size: int) -> None:
    window, output = trial_window(plan, size), plan.output
    assert output.row <= window.row and window.row + window.height <= output.row + output.height
    assert output.col <= window.col and window.col + window.width <= output.col + output.width
    assert min(window.height, window.width) >= 1
    assert window.row == output.row or window.row % plan.rows.step == 0


@few
@given(
    plan=plans,
    count=st.integers(1, 8),
    room=st.integers(1, 3000),
    each=st.integers(1, 3000),
    base=st.integers(0, 100),
    ns=st.floats(1, 1e4),
)
def test_what_is_chosen_fits(plan: Plan, count: int, room: int, each: int, base: int, ns: float) -> None:
    figures = [figure(plan, size, ns, base * 10**6, each) for size in candidates(plan)[:count]]
    choice = choose(figures, plan, (room * 10**6,))
    pixels = window_pixels(plan, choice.size)[1]
    assert choice.size in candidates(plan)
    expected = base * 10**6 + (each + HELD * 8) * pixels
    assert choice.needs[0] >= 0.999 * expected - 10
    assert choice.needs[0] <= 1.001 * expected + 10 or len(figures) == 1  # one point makes no line
    if choice.fits:
        assert MARGIN * choice.needs[0] <= room * 10**6
    else:
        assert choice.size == candidates(plan)[0]


def test_the_quickest_size_wins_and_of_equals_the_usual() -> None:
    plan = plan_of(4096, 4096, field=1)
    slow_at_512 = [figure(plan, size, ns) for size, ns in ((128, 400), (256, 380), (512, 900), (768, 100), (1024, 98))]
    assert choose(slow_at_512, plan, (GB,)).size == 768
    for noise in (0.98, 1.02):
        flat = [figure(plan, size, ns) for size, ns in ((64, 200), (128, 101), (256, 100 * noise), (512, 100), (768, 100 / noise))]
        assert choose(flat, plan, (GB,)).size == 512


def test_a_run_is_as_good_as_a_trial() -> None:
    """A library's quick way for large blocks shows in no trial of small ones."""
    plan = plan_of(2048, 2048, field=80)
    figures = [figure(plan, size, 400) for size in (32, 64, 128, 256)]
    total, largest = window_pixels(plan, 1024)
    seen = of_run(figures, plan, 1024, BUSY * 100e-9 * total)
    assert seen == replace(figure(plan, 1024, 100), seconds=pytest.approx(100e-9 * largest), reading=pytest.approx(1e-9 * largest))
    tried = sorted([*figures, figure(plan, 512, 395), seen], key=lambda one: one.size)
    assert choose(tried, plan, (GB,)).size == 1024


def test_margins_make_larger_blocks_better_even_untried() -> None:
    plan = plan_of(4096, 4096, field=80)
    assert choose([figure(plan, size) for size in (32, 64, 128, 256)], plan, (GB,)).size >= 512
    assert choose([figure(plan, size) for size in (32, 64)], plan, (GB,)).size <= 256  # not too far ahead


def test_what_was_not_tried_is_as_quick_as_the_best_and_saves_margins() -> None:
    plan = plan_of(4096, 4096, field=80)
    figures = [figure(plan, size, ns) for size, ns in ((64, 100), (128, 100), (256, 500))]
    pixels = window_pixels(plan, 512)[0], window_pixels(plan, 128)[0]
    assert wall(figures, plan, 512) / wall(figures, plan, 128) == pytest.approx(1.05 * pixels[0] / pixels[1], rel=0.01)


def test_the_last_block_is_written_when_nothing_else_is_left_to_do() -> None:
    """So that an image that becomes much larger is not made in one block, though that has the fewest margins."""
    plan = plan_of(4096, 4096, field=80)
    small = [replace(figure(plan, size, 1000), held=0) for size in (32, 64)]
    large = [replace(one, held=640 * one.pixels) for one in small]
    assert wall(small, plan, 4096) < wall(small, plan, 1024) and wall(large, plan, 4096) > wall(large, plan, 1024)
    assert wall(large, plan, 4096) - wall(small, plan, 4096) == pytest.approx(WRITING_S * 640 * window_pixels(plan, 4096)[1])


def test_a_block_does_not_keep_the_user_waiting() -> None:
    plan = plan_of(4096, 4096, field=80)
    figures = [figure(plan, size, 20_000) for size in (32, 64)]
    assert window_pixels(plan, choose(figures, plan, (GB,)).size)[1] * 20_000e-9 <= CALM_S


def test_two_memories() -> None:
    plan = plan_of(4096, 4096, field=80)
    figures = [replace(one, peaks=(0, 1000 * one.pixels)) for one in (figure(plan, size) for size in (64, 128, 256))]
    assert needs(figures, plan, 256)[1] == 1000 * figures[-1].pixels
    assert choose(figures, plan, (GB, GB)).size > choose(figures, plan, (GB, GB // 10)).size


@pytest.mark.parametrize(("side", "first"), [(1, None), (32, None), (33, 32), (4096, 32)])
def test_where_there_is_no_choice_nothing_is_tried(side: int, first: int | None) -> None:
    assert next_to_try([], plan_of(side, side), (GB,), 0.0) == first
    assert choose([], plan_of(32, 32), (GB,)).size == 32


@few
@given(side=st.integers(33, 20_000), field=st.integers(1, 100), ns=st.floats(1, 1e5), room=st.integers(1, 4000))
def test_a_trial_is_short_and_stays_within_the_budget(side: int, field: int, ns: float, room: int) -> None:
    plan, figures, spent = plan_of(side, side, field), [], 0.0
    while (size := next_to_try(figures, plan, (room * 10**6,), spent)) is not None:
        figures.append(figure(plan, size, ns))
        spent += figures[-1].seconds + figures[-1].reading
    run = min(wall(figures, plan, size) for size in candidates(plan))
    assert spent <= max(0.02 * run, FEW_S) + figures[0].seconds * 2  # the first is tried in any case
    assert all(needs(figures, plan, one.size)[0] <= room * 10**6 for one in figures[1:])


def test_no_gain_ends_the_trial() -> None:
    plan = plan_of(60_000, 60_000, field=1)
    figures = [figure(plan, size) for size in (32, 64)]
    assert next_to_try(figures, plan, (100 * GB,), 0.0) == 128
    assert next_to_try([*figures, figure(plan, 128)], plan, (100 * GB,), 0.0) is None
    assert next_to_try([*figures, figure(plan, 128, 50)], plan, (100 * GB,), 0.0) == 256
    falling = [figure(plan, size, 100 - 10 * i) for i, size in enumerate((32, 64, 128, 256))]
    assert next_to_try([*falling, figure(plan, 512, 50)], plan, (100 * GB,), 0.0) == 768
    assert next_to_try([*falling, figure(plan, 512, 70)], plan, (100 * GB,), 0.0) is None


def test_huge_expression_fields() -> None:
    plan = plan_of(5000, 5000, field=700, ef=(600, 600))
    assert candidates(plan)[0] == 600
    assert window_pixels(plan, 600)[0] >= ceil(5000 / 600) ** 2 * 700**2
