"""McNemar's test by hand and against simulated maps."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from core.accuracy.comparison import Contest
from core.accuracy.mcnemar import FEW, SIGNIFICANT, holm, mcnemar


def test_by_hand() -> None:
    found = mcnemar(100, 30, 12, 8)
    assert found.statistic == pytest.approx((18 - 1) ** 2 / 42)
    assert found.p == pytest.approx(2 * norm.sf(17 / 42**0.5)) and found.p < SIGNIFICANT


def test_few_samples_are_counted_exactly() -> None:
    found = mcnemar(50, 6, 0, 3)
    assert found.statistic is None and found.p == pytest.approx(2 * 0.5**6)
    assert mcnemar(5, 0, 0, 5).p == 1


@given(st.integers(0, 200), st.integers(0, 200))
def test_it_does_not_matter_which_map_is_first(first: int, second: int) -> None:
    one, other = mcnemar(3, first, second, 4), mcnemar(3, second, first, 4)
    assert one.p == pytest.approx(other.p) and 0 <= one.p <= 1
    assert (one.statistic is None) == (first + second < FEW)
    if first == second:
        assert one.p > 0.7


def test_maps_that_are_equally_good_are_seldom_called_different() -> None:
    rng = np.random.default_rng(0)
    called = np.mean([mcnemar(0, int(first), 60 - int(first), 0).p < SIGNIFICANT for first in rng.binomial(60, 0.5, 3000)])
    assert called < 0.06


def test_holm_by_hand() -> None:
    assert holm([0.04, 0.01, 0.03, 0.005]) == pytest.approx([0.06, 0.03, 0.06, 0.02])  # the example of many textbooks
    assert holm([]) == [] and holm([0.3]) == [0.3] and holm([0.9, 0.8]) == [1, 1]


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_never_makes_smaller_and_keeps_the_order(probabilities: list[float]) -> None:
    corrected = holm(probabilities)
    assert all(p <= c <= 1 for p, c in zip(probabilities, corrected, strict=True))
    assert min(corrected) == pytest.approx(min(1, min(probabilities) * len(probabilities)))
    ranks = sorted(range(len(probabilities)), key=lambda i: probabilities[i])
    assert all(corrected[a] <= corrected[b] for a, b in pairwise(ranks))


@pytest.mark.parametrize(
    ("first", "second", "told"), [(30, 12, "p = 0.00871."), (4, 0, "p = 0.125."), (0, 0, "p = 1."), (9000, 1, "p < 0.001.")]
)
def test_p_is_told_as_papers_do_and_never_as_0(first: int, second: int, told: str) -> None:
    test = mcnemar(100, first, second, 8)
    assert Contest("a", "b", test, test.p).verdict().endswith(told)
