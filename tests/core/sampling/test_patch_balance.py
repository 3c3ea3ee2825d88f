from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.sampling.patch_balance import balance, evenness

KINDS = st.lists(st.tuples(st.integers(1, 60), st.lists(st.integers(0, 20), min_size=3, max_size=3).filter(any)), min_size=1, max_size=8)


def _decide(kinds: list[tuple[int, list[int]]], share: float) -> tuple[dict[int, int], np.ndarray]:
    """The quotas, and the pixels of each label in a patch of each kind."""
    totals = {kind: total for kind, (total, _) in enumerate(kinds)}
    pixels = {(kind, label): total * n for kind, (total, each) in enumerate(kinds) for label, n in enumerate(each) if n}
    return balance(totals, pixels, share).quotas, np.array([each for _, each in kinds], float)


@settings(max_examples=80)
@given(KINDS, st.sampled_from([0.0, 0.1, 0.25, 1.0]))
def test_no_single_patch_more_makes_the_set_more_even(kinds: list[tuple[int, list[int]]], share: float) -> None:
    quotas, each = _decide(kinds, share)
    taken, totals = np.array(list(quotas.values())), np.array([total for total, _ in kinds])
    assert ((taken >= 0) & (taken <= totals)).all() and taken.sum() >= round(share * totals.sum())
    present = each.any(axis=0)
    sums = (taken @ each)[present]
    for kind in np.flatnonzero(taken < totals):
        assert evenness(sums + each[kind, present]) <= evenness(sums) + 1e-9


def test_rare_classes_are_added_up_to_the_frequent_ones() -> None:
    """A ranking made once, as OTBTF's, adds the rarest class beyond its due and never comes to the second one."""
    quotas, _ = _decide([(500, [9, 0, 0]), (300, [0, 9, 0]), (200, [0, 0, 9])], 0.25)
    assert quotas[0] == 125
    assert quotas[1] == pytest.approx(125, abs=2) and quotas[2] == pytest.approx(125, abs=2)


def test_a_class_that_comes_with_others_only_is_found() -> None:
    quotas, each = _decide([(900, [16, 0, 0]), (80, [0, 16, 0]), (60, [8, 0, 8])], 0.05)
    before, after = evenness(np.array([900 * 16 + 480, 1280, 480.0])), evenness(np.array(list(quotas.values())) @ each)
    assert before < 0.45 and after > 0.85 and quotas[2] == 60


def test_the_beginning_is_a_share_of_every_kind() -> None:
    quotas, _ = _decide([(1000, [9, 0, 0]), (10, [0, 9, 0])], 0.5)
    assert quotas == {0: 500, 1: 10}


def test_millions_of_patches_are_decided_at_once() -> None:
    rng = np.random.default_rng(0)
    kinds = [
        (int(n), rng.multinomial(256, p).tolist())
        for n, p in zip(rng.integers(1, 5000, 1500), rng.dirichlet([0.1] * 10, 1500), strict=True)
    ]
    start = time.monotonic()
    quotas, each = _decide(kinds, 0.1)
    assert time.monotonic() - start < 5
    assert evenness(np.array(list(quotas.values())) @ each) > 0.99
