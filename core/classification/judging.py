"""How good a classifier is, by samples that it did not learn from; and which features it goes by."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from joblib import parallel_config
from sklearn.base import clone
from sklearn.inspection import permutation_importance
from sklearn.model_selection import GridSearchCV, StratifiedGroupKFold, StratifiedKFold
from sklearn.pipeline import Pipeline
from sklearn.utils.class_weight import compute_sample_weight

from ..errors import BadParameter, BadTruth
from ..jobs import Learning
from ..metrics import Scores, confusion, score
from .learners import STEP, UNWEIGHTED, grid

MOST_SAMPLES, REPEATS, MOST_S = 1000, 3, 5.0  # of a permutation importance: it classifies them all for each feature and repeat
Folds = Sequence[tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class Importance:
    """How much a classifier goes by each feature, and how that was measured, in words."""

    values: np.ndarray
    measure: str


def groups(x: np.ndarray, y: np.ndarray, block: float) -> np.ndarray:
    """For each sample the number of the square of `block` map units that holds it."""
    squares = np.floor(np.stack([x, y]) / block)
    numbers: np.ndarray = np.unique(squares, axis=1, return_inverse=True)[1].ravel()
    return numbers


def folds(label: np.ndarray, squares: np.ndarray | None, wanted: int, seed: int) -> Folds:
    """Parts of a cross-validation: (training, test) indices of each. With fewer samples of each class, or squares, there are fewer.

    Raises:
        BadParameter: all samples lie in one square.
        BadTruth: no class has two samples.
    """
    most = int(np.bincount(label).max()) if squares is None else len(np.unique(squares))
    if most < 2 and squares is not None:
        raise BadParameter("Spatial block", expected="squares so small that samples lie in two at least", received="all in one")
    if most < 2:
        raise BadTruth("Cross-validation", expected="a class with two samples at least", received="one of each")
    kind = StratifiedKFold if squares is None else StratifiedGroupKFold
    splitter = kind(min(wanted, most), shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # classes with fewer samples than folds: they are missing in some
        return list(splitter.split(np.zeros(len(label)), label, squares))


def weights(label: np.ndarray, learning: Learning) -> dict[str, np.ndarray]:
    """What the pipeline's `fit` takes for classes that are to count alike."""
    if not learning.balance_classes or learning.classifier in UNWEIGHTED:
        return {}
    return {f"{STEP}__sample_weight": compute_sample_weight("balanced", label)}


def search(pipeline: Pipeline, features: np.ndarray, label: np.ndarray, learning: Learning, parts: Folds) -> GridSearchCV:
    """The best of a grid by the mean F1 of the classes in cross-validation. In threads: processes would outlive a cancelled engine."""
    own = learning.classifier in ("rf", "gbt", "knn")  # these use all cores by themselves
    found = GridSearchCV(pipeline, grid(learning), scoring="f1_macro", cv=parts, refit=False, n_jobs=1 if own else -1)
    with parallel_config(backend="threading"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of folds without a class, of values that do not suit
        return found.fit(features, label, **weights(label, learning))


def cross_predicted(
    pipeline: Pipeline, features: np.ndarray, label: np.ndarray, learning: Learning, parts: Folds, progress: Callable[[float], None]
) -> np.ndarray:
    """For each sample the class that a classifier tells that has not seen its part; −1 where the others are of one class only."""
    told = np.full(len(label), -1)
    for number, (train, test) in enumerate(parts):
        progress(number / len(parts))
        if len(np.unique(label[train])) < 2:
            continue
        trained = clone(pipeline).fit(features[train], label[train], **weights(label[train], learning))
        told[test] = trained.predict(features[test])
    return told


def out_of_bag(pipeline: Pipeline) -> np.ndarray:
    """The same of a trained forest, by the trees that did not draw the sample; −1 where all did."""
    votes = pipeline[-1].oob_decision_function_
    known = np.isfinite(votes).all(axis=1) & (votes.sum(axis=1) > 0)
    return np.where(known, np.argmax(np.nan_to_num(votes), axis=1), -1)


def scores(reference: np.ndarray, told: np.ndarray, names: Sequence[str]) -> Scores | None:
    """Of the samples that were told anything; None if none was."""
    known = told >= 0
    if not known.any():
        return None
    return score(confusion(reference[known], told[known], len(names), len(names)), names)


def importance(pipeline: Pipeline, features: np.ndarray, label: np.ndarray, seed: int) -> Importance | None:
    """Of trees the share of the impurity that splits by a feature take away; of others what accuracy is lost when its values are shuffled,
    on some of these samples. None where that would take long: a probe tells."""
    share = getattr(pipeline[-1], "feature_importances_", None)
    if share is not None:
        return Importance(share, "share of the impurity that it takes away")
    chosen = np.random.default_rng(seed).permutation(len(label))[:MOST_SAMPLES]
    start = time.perf_counter()
    pipeline.predict(features[chosen])
    if (time.perf_counter() - start) * features.shape[1] * REPEATS > MOST_S:
        return None
    lost = permutation_importance(pipeline, features[chosen], label[chosen], n_repeats=REPEATS, random_state=seed)
    return Importance(lost.importances_mean, "accuracy that is lost when it is shuffled")
