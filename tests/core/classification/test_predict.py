"""All pixels are answered, as scikit-learn does, in pieces; a cancel does not wait."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from core.classification.predict import ANSWERS, Predictor, uncertainty
from core.errors import Cancelled

CODES = np.array([7, 70000, -3])


class Slow:
    """Takes 2 ms a pixel; its probabilities follow from the pixel."""

    def predict_proba(self, features: np.ndarray) -> np.ndarray:
        time.sleep(0.002 * len(features))
        return np.eye(3)[features[:, 0].astype(int) % 3]


@pytest.fixture(scope="module")
def forest() -> Pipeline:
    rng = np.random.default_rng(0)
    features = rng.normal(size=(300, 4)).astype("float32")
    label = (features[:, 0] > 0).astype(int) + (features[:, 1] > 0.5)
    return Pipeline([("scaler", StandardScaler()), ("classifier", RandomForestClassifier(20, random_state=1))]).fit(features, label)


@pytest.mark.parametrize("count", [1, 63, 64, 20_001])
def test_a_forest_answers_as_scikit_learn_does(forest: Pipeline, count: int) -> None:
    features = np.random.default_rng(count).normal(size=(count, 4)).astype("float32")
    with Predictor(forest, "rf", CODES, ANSWERS, lambda share: None) as predictor:
        answers = predictor(features)
    expected = forest.predict_proba(features)
    assert np.array_equal(answers["probabilities"], expected.astype("float32"))
    assert np.array_equal(answers["class"][:, 0], CODES[forest.predict(features)])
    assert np.array_equal(answers["confidence"][:, 0], expected.max(axis=1).astype("float32"))


def test_pieces_of_a_slow_classifier_are_short_and_each_pixel_has_its_own_answer() -> None:
    features, shares = np.arange(700, dtype="float32")[:, np.newaxis], []
    with Predictor(Slow(), "svm", CODES, ("class",), shares.append) as predictor:
        answers = predictor(features)
    assert np.array_equal(answers["class"][:, 0], CODES[np.arange(700) % 3])
    assert len(shares) >= 3 and shares == sorted(shares)


@pytest.mark.parametrize("kind", ["svm", "gbt"])
def test_a_cancel_does_not_wait_for_a_slow_classifier(kind: str) -> None:
    start = time.monotonic()

    def cancel(share: float) -> None:
        if time.monotonic() - start > 0.5:
            raise Cancelled

    with pytest.raises(Cancelled), Predictor(Slow(), kind, CODES, ("class",), cancel) as predictor:
        predictor(np.zeros((10**6, 1), "float32"))
    assert time.monotonic() - start < 0.5 + 1.2


def test_uncertainty() -> None:
    probabilities: Any = np.array([[1, 0, 0], [1 / 3, 1 / 3, 1 / 3], [0.5, 0.5, 0], [0.2, 0.7, 0.1]])
    entropy, margin = uncertainty(probabilities, CODES).T
    assert entropy == pytest.approx([0, 1, np.log(2) / np.log(3), 0.7298467], abs=1e-6)
    assert margin == pytest.approx([1, 0, 0, 0.5])
