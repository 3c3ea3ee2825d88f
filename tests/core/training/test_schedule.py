"""The learning rate, step by step."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.jobs import SCHEDULES, Fitting
from core.training.schedule import Schedule


@given(st.sampled_from(SCHEDULES), st.integers(1, 30), st.integers(1, 50), st.integers(0, 5))
def test_it_rises_to_the_highest_and_never_above(kind: str, epochs: int, steps: int, warmup: int) -> None:
    schedule = Schedule(kind, 0.1, epochs, steps, min(warmup, epochs))
    rates = [schedule.rate(epoch, step) for epoch in range(epochs) for step in range(steps)]
    rising = schedule.warmup * steps
    assert all(0 <= rate <= 0.1 for rate in rates)
    assert rates[:rising] == sorted(rates[:rising])
    assert rates[rising:] == sorted(rates[rising:], reverse=True)
    if rising < len(rates):
        assert rates[rising] == pytest.approx(0.1)


def test_where_they_end() -> None:
    def last(kind: str, drops: int = 0) -> float:
        return Schedule(kind, 1.0, 100, 10).rate(99, 9, drops)

    assert last("cosine") < 1e-5
    assert last("exponential") == pytest.approx(0.01, rel=0.01)
    assert last("constant") == 1
    assert last("plateau", drops=3) == 0.125


def test_the_last_batch_of_an_epoch_is_a_step() -> None:
    assert Schedule.of(Fitting(batch_size=64), 65).steps == 2 and Schedule.of(Fitting(batch_size=64), 3).steps == 1


def test_plateaus() -> None:
    schedule = Schedule("plateau", 1.0, 50, 1)
    assert not schedule.drops(9) and schedule.drops(10)
    assert Schedule("plateau", 1.0, 3, 1).drops(2) and not Schedule("cosine", 1.0, 50, 1).drops(40)
