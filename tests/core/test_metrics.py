"""Scores against hand-made numbers, and where they have no meaning."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import (
    accuracy_score,
    cohen_kappa_score,
    f1_score,
    jaccard_score,
    mean_absolute_error,
    r2_score,
    root_mean_squared_error,
)

from core.metrics import ClassTally, ValueTally, confusion, score


def test_by_hand() -> None:
    scores = score(np.array([[8, 2], [1, 9]]), ["a", "b"])
    assert scores.overall_accuracy == pytest.approx(17 / 20)
    assert scores.kappa == pytest.approx((0.85 - 0.5) / 0.5)
    a = scores.classes[0]
    assert (a.precision, a.recall, a.support) == (pytest.approx(8 / 9), pytest.approx(0.8), 10)
    assert a.f1 == pytest.approx(2 * 8 / (10 + 9))
    assert scores.macro_f1 == pytest.approx((16 / 19 + 18 / 21) / 2)


def test_rows_are_the_reference() -> None:
    np.testing.assert_array_equal(confusion(np.array([0, 0, 1]), np.array([1, 1, 1]), 3, 3), [[0, 2, 0], [0, 1, 0], [0, 0, 0]])


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=2, max_size=60))
def test_as_scikit_learn_on_the_samples(pairs: list[tuple[int, int]]) -> None:
    reference, predicted = (np.array(side) for side in zip(*pairs, strict=True))
    scores = score(confusion(reference, predicted, 4, 4), ["a", "b", "c", "d"])
    assert scores.overall_accuracy == pytest.approx(accuracy_score(reference, predicted))
    present = sorted(set(reference))
    assert scores.macro_f1 == pytest.approx(f1_score(reference, predicted, labels=present, average="macro", zero_division=0))
    np.testing.assert_allclose(
        [c.iou for c in scores.classes if c.iou is not None], jaccard_score(reference, predicted, labels=present, average=None)
    )
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


def test_answers_that_are_no_class_are_wrong() -> None:
    tally = ClassTally(["a", "b"])
    tally.feed(np.array([0, 0, 1, 1, -1]), np.array([0, -1, 1, -1, -1]))  # the last one is not known
    scores = tally.scores()
    assert (scores.overall_accuracy, scores.strangers, scores.matrix.tolist()) == (0.5, (1, 1), [[1, 0], [0, 1]])
    assert scores.classes[0].recall == 0.5 and scores.classes[0].precision == 1 and scores.classes[0].iou == 0.5
    assert scores.kappa == pytest.approx(cohen_kappa_score([0, 0, 1, 1], [0, 2, 1, 2]))


@given(st.integers(0, 99), st.sampled_from([0.0, 1e6]))
def test_measurements_as_scikit_learn_on_the_samples(seed: int, level: float) -> None:
    rng = np.random.default_rng(seed)
    reference = rng.normal(level, [1, 30], (40, 2))
    answers, tally = reference + rng.normal(0.2, 1, (40, 2)), ValueTally(["height", "biomass"])
    reference[rng.random((40, 2)) < 0.2] = np.nan
    for part in (slice(0, 7), slice(7, 7), slice(7, 40)):
        tally.feed(reference[part], answers[part])
    for position, found in enumerate(tally.scores().values):
        known = np.isfinite(reference[:, position])
        truth, told = reference[known, position], answers[known, position]
        assert found.support == known.sum()
        assert found.mae == pytest.approx(mean_absolute_error(truth, told), rel=1e-6)
        assert found.rmse == pytest.approx(root_mean_squared_error(truth, told), rel=1e-6)
        assert found.r2 == pytest.approx(r2_score(truth, told), abs=1e-6)
        assert found.bias == pytest.approx((told - truth).mean(), rel=1e-6, abs=1e-6)


def test_a_reference_that_does_not_vary_has_no_r2() -> None:
    tally = ValueTally(["v"])
    tally.feed(np.full((5, 1), 7.0), np.arange(5.0)[:, None])
    assert tally.scores().values[0].r2 is None and "r2" not in tally.scores().numbers()
