"""The classifiers: scikit-learn's, with the usual parameters, as one pipeline each; and what a grid search tries."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from ..errors import BadParameter, BadTruth
from ..jobs import Learning

NAMES = {
    "rf": "Random forest",
    "svm": "Support vector machine",
    "gbt": "Gradient boosted trees",
    "dt": "Decision tree",
    "knn": "k nearest neighbours",
    "nb": "Normal Bayes",
    "mlp": "Multi-layer perceptron",
}
BY_DISTANCE = ("svm", "knn", "mlp")  # they compare features: one in thousands would outweigh one in parts of 1
UNWEIGHTED = ("knn",)
LEAF_NODES = 31  # of a tree of gbt without a depth: scikit-learn's
CALIBRATION_FOLDS = 5
STEP = "classifier"

# What matters most of each classifier, by scikit-learn's names, and values worth trying.
GRIDS: dict[str, dict[str, list[Any]]] = {
    "rf": {"max_features": ["sqrt", 0.5, None], "min_samples_leaf": [1, 5]},
    "svm": {"C": [0.1, 1.0, 10.0, 100.0], "gamma": ["scale", 0.01, 0.1, 1.0]},
    "gbt": {"learning_rate": [0.05, 0.1, 0.2], "max_leaf_nodes": [15, 31]},
    "dt": {"max_depth": [None, 5, 10, 20], "min_samples_leaf": [1, 5, 20]},
    "knn": {"n_neighbors": [1, 3, 5, 9, 15, 31], "weights": ["uniform", "distance"]},
    "nb": {"var_smoothing": [1e-9, 1e-6, 1e-3]},
    "mlp": {"alpha": [1e-4, 1e-2], "learning_rate_init": [1e-3, 1e-2]},
}


def learner(learning: Learning, seed: int, samples: int, features: int) -> Pipeline:
    """The classifier, untrained, on all processor cores if it can; a support vector machine without its probabilities.

    Raises:
        BadParameter: the hidden layers of a network are no list of numbers.
    """
    made = {"rf": _forest, "svm": _vectors, "gbt": _boosted, "dt": _tree, "knn": _neighbours, "nb": _bayes, "mlp": _perceptron}
    estimator = made[learning.classifier](learning, seed)
    if learning.classifier == "rf" and learning.max_features:
        estimator.set_params(max_features=min(learning.max_features, features))
    if learning.classifier == "knn":  # in cross-validation there are fewer samples
        estimator.set_params(n_neighbors=min(learning.neighbours, max(samples // 2, 1)))
    scaled = learning.standardize == "yes" or (learning.standardize == "automatic" and learning.classifier in BY_DISTANCE)
    return Pipeline([("scaler", StandardScaler())] * scaled + [(STEP, estimator)])


def with_probabilities(pipeline: Pipeline, label: np.ndarray) -> Pipeline:
    """The same, with probabilities: distances to the planes of an SVM become some by Platt's sigmoid, fitted in cross-validation.

    Raises:
        BadTruth: a class has a single sample, which cannot be both fitted and tried.
    """
    machine = pipeline[-1]
    if not isinstance(machine, SVC):
        return pipeline
    rarest = int(np.bincount(label).min())
    if rarest < 2:
        raise BadTruth(
            "The support vector machine",
            expected="at least 2 samples of every class",
            received=rarest,
            remedy="Give more samples, or leave the class out.",
        )
    calibrated = CalibratedClassifierCV(machine, cv=min(CALIBRATION_FOLDS, rarest), ensemble=False)
    return Pipeline([*pipeline.steps[:-1], (STEP, calibrated)])


def grid(learning: Learning) -> dict[str, list[Any]]:
    """What a grid search tries, by the names that the pipeline knows."""
    known = {name: tried for name, tried in GRIDS[learning.classifier].items() if (name, learning.kernel) != ("gamma", "linear")}
    return {f"{STEP}__{name}": tried for name, tried in known.items()}


def _forest(learning: Learning, seed: int) -> RandomForestClassifier:
    return RandomForestClassifier(
        learning.trees,
        max_depth=learning.max_depth or None,
        min_samples_leaf=learning.min_samples or 1,
        oob_score=True,
        n_jobs=-1,
        random_state=seed,
    )


def _vectors(learning: Learning, seed: int) -> SVC:
    return SVC(C=learning.cost, kernel=learning.kernel, gamma=learning.gamma or "scale", random_state=seed, cache_size=500)


def _boosted(learning: Learning, seed: int) -> HistGradientBoostingClassifier:
    return HistGradientBoostingClassifier(
        learning_rate=learning.rate,
        max_iter=learning.trees,
        max_depth=learning.max_depth or None,
        max_leaf_nodes=LEAF_NODES,
        min_samples_leaf=learning.min_samples or 20,
        early_stopping=False,
        random_state=seed,
    )


def _tree(learning: Learning, seed: int) -> DecisionTreeClassifier:
    return DecisionTreeClassifier(max_depth=learning.max_depth or None, min_samples_leaf=learning.min_samples or 1, random_state=seed)


def _neighbours(learning: Learning, seed: int) -> KNeighborsClassifier:
    return KNeighborsClassifier(learning.neighbours, n_jobs=-1)


def _bayes(learning: Learning, seed: int) -> GaussianNB:
    return GaussianNB()


def _perceptron(learning: Learning, seed: int) -> MLPClassifier:
    return MLPClassifier(hidden_units(learning.hidden), max_iter=learning.iterations, random_state=seed)


def hidden_units(text: str) -> tuple[int, ...]:
    """The units of each hidden layer: "100, 50".

    Raises:
        BadParameter: something else.
    """
    parts = [part.strip() for part in text.split(",")]
    if not all(re.fullmatch(r"[1-9]\d{0,4}", part) for part in parts):
        raise BadParameter("Hidden layers", expected="numbers of units with commas between, such as 100, 50", received=repr(text))
    return tuple(int(part) for part in parts)
