from __future__ import annotations

from fractions import Fraction
from math import floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import BadTruth
from core.jobs import Sampling
from core.sampling.strategy import check_not_empty, make_quotas, required_counts, share_of, shared_out

TOTALS = st.dictionaries(st.integers(-5, 50), st.integers(1, 10**7), min_size=1, max_size=8)


def test_each_strategy_as_the_reference_says() -> None:
    totals = {"a": 15, "b": 1000, "c": 4}
    assert required_counts(totals, Sampling("smallest")) == {"a": 4, "b": 4, "c": 4}
    assert required_counts(totals, Sampling("constant", number=7)) == {"a": 7, "b": 7, "c": 7}
    assert required_counts(totals, Sampling("percent", percent=10.0)) == {"a": 2, "b": 100, "c": 0}  # floor(0.5 + 1.5), …
    assert required_counts(totals, Sampling("all")) == totals
    assert required_counts(totals, Sampling("total", number=102)) == {"a": 2, "b": 100, "c": 0}
    assert required_counts(totals, Sampling("byclass", byclass="x.csv"), {"b": 3}) == {"a": 0, "b": 3, "c": 0}


@given(TOTALS, st.integers(1, 10**7))
def test_total_is_shared_out_exactly_and_in_proportion(totals: dict[int, int], number: int) -> None:
    counts = shared_out(number, totals)
    whole = sum(totals.values())
    assert sum(counts.values()) == number
    assert all(abs(counts[label] - Fraction(number * total, whole)) < 1 for label, total in totals.items())
    assert number > whole or all(counts[label] <= total for label, total in totals.items())


@given(TOTALS, st.integers(0, 1000))
def test_percent_is_floor_of_a_half_more(totals: dict[int, int], tenths: int) -> None:
    counts = required_counts(totals, Sampling("percent", percent=tenths / 10))
    assert counts == {label: floor(Fraction(1, 2) + Fraction(tenths, 1000) * total) for label, total in totals.items()}


SIDES = st.dictionaries(st.integers(0, 9), st.tuples(st.integers(0, 500), st.integers(1, 500), st.integers(0, 1500)), min_size=1)


@given(SIDES, st.integers(0, 99), st.sampled_from(["constant", "all"]))
def test_quotas_are_cut_to_what_each_side_has(sides: dict[int, tuple[int, int, int]], percent: int, strategy: str) -> None:
    sampling = Sampling(strategy, validation_share=percent / 100)
    training, validation, required = ({label: values[i] for label, values in sides.items()} for i in range(3))
    for quota in make_quotas(training, validation, required, sampling):
        assert 0 <= quota.training <= quota.training_total and 0 <= quota.validation <= quota.validation_total
        if strategy == "all":
            assert quota.taken == quota.total
            continue
        wanted = min(quota.required, quota.total)
        assert quota.validation == min(share_of(wanted, percent / 100), quota.validation_total)
        assert quota.training == min(wanted - share_of(wanted, percent / 100), quota.training_total)
        assert quota.rate == min(quota.required / quota.total, 1)


def test_no_sample_at_all_is_an_error() -> None:
    quotas = make_quotas({"a": 4}, {}, {"a": 0}, Sampling())
    with pytest.raises(BadTruth, match=r"a: 0 of 4"):
        check_not_empty(quotas)
