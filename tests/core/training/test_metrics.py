"""Scores against hand-made numbers, and where they have no meaning."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, cohen_kappa_score, f1_score

from core.training.metrics import confusion, score


def test_by_hand() -> None:
    scores = score(np.array([[8, 2], [1, 9]]), ["a", "b"])
    assert scores.overall_accuracy == pytest.approx(17 / 20)
    assert scores.kappa == pytest.approx((0.85 - 0.5) / 0.5)
    a = scores.classes[0]
    assert (a.precision, a.recall, a.support) == (pytest.approx(8 / 9), pytest.approx(0.8), 10)
    assert a.f1 == pytest.approx(2 * 8 / (10 + 9))
    assert scores.macro_f1 == pytest.approx((16 / 19 + 18 / 21) / 2)


def test_rows_are_the_reference() -> None:
    np.testing.assert_array_equal(confusion(np.array([0, 0, 1]), np.array([1, 1, 1]), 3), [[0, 2, 0], [0, 1, 0], [0, 0, 0]])


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=2, max_size=60))
def test_as_scikit_learn_on_the_samples(pairs: list[tuple[int, int]]) -> None:
    reference, predicted = (np.array(side) for side in zip(*pairs, strict=True))
    scores = score(confusion(reference, predicted, 4), ["a", "b", "c", "d"])
    assert scores.overall_accuracy == pytest.approx(accuracy_score(reference, predicted))
    present = sorted(set(reference))
    assert scores.macro_f1 == pytest.approx(f1_score(reference, predicted, labels=present, average="macro", zero_division=0))
    if len(set(reference) | set(predicted)) > 1:
        assert scores.kappa == pytest.approx(cohen_kappa_score(reference, predicted))


def test_absent_classes_have_no_score_and_spoil_no_mean() -> None:
    scores = score(np.array([[5, 0, 1, 0], [0, 4, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]]), list("abcd"))
    assert (scores.classes[2].precision, scores.classes[2].recall, scores.classes[2].f1) == (0.0, None, None)
    assert (scores.classes[3].precision, scores.classes[3].f1, scores.classes[3].support) == (None, None, 0)
    assert scores.macro_f1 == pytest.approx((2 * 5 / 11 + 1) / 2)


def test_one_class_everywhere() -> None:
    one = score(np.array([[7, 0], [0, 0]]), ["a", "b"])
    assert (one.overall_accuracy, one.kappa, one.macro_f1) == (1.0, 0.0, 1.0)


def test_a_class_never_predicted() -> None:
    scores = score(np.array([[0, 3], [0, 3]]), ["a", "b"])
    assert (scores.classes[0].precision, scores.classes[0].recall, scores.classes[0].f1) == (0.0, 0.0, 0.0)
    assert scores.kappa == 0.0
