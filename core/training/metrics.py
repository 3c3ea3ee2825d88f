"""How good predicted classes are: confusion matrix, overall accuracy, kappa, and precision, recall and F1 of each class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.metrics import cohen_kappa_score, precision_recall_fscore_support


@dataclass(frozen=True)
class ClassScores:
    """Of one class; a number is None where it has no meaning: precision and F1 of a class that neither the reference nor the prediction
    has, recall and F1 of one that the reference has not. `support`: samples in the reference."""

    name: str
    precision: float | None
    recall: float | None
    f1: float | None
    support: int


@dataclass(frozen=True)
class Scores:
    """Of a whole confusion matrix.

    Attributes:
        matrix: (classes, classes), rows are the reference, columns the prediction.
        overall_accuracy: share of the samples on the diagonal.
        kappa: Cohen's; 0 where it is undefined (only one class on both sides).
        macro_f1: mean F1 of the classes that the reference has.
        classes: each one's own.
    """

    matrix: np.ndarray
    overall_accuracy: float
    kappa: float
    macro_f1: float
    classes: tuple[ClassScores, ...]


def confusion(reference: np.ndarray, predicted: np.ndarray, classes: int) -> np.ndarray:
    """Counts (classes, classes) of pairs of class indices. Matrices of chunks may be added up."""
    return np.bincount(reference * classes + predicted, minlength=classes * classes).reshape(classes, classes)


def score(matrix: np.ndarray, names: Sequence[str]) -> Scores:
    """All scores of a confusion matrix of one sample at least. Its cells stand for as many samples: memory does not grow with them."""
    count = len(names)
    reference, predicted = (axis.ravel() for axis in np.indices((count, count)))
    weight = matrix.ravel()
    precision, recall, f1, support = precision_recall_fscore_support(
        reference, predicted, labels=range(count), sample_weight=weight, zero_division=0.0
    )
    in_reference, in_prediction = matrix.sum(axis=1) > 0, matrix.sum(axis=0) > 0
    kappa = cohen_kappa_score(reference, predicted, sample_weight=weight) if _two_classes(matrix) else 0.0
    classes = tuple(
        ClassScores(
            name,
            float(precision[i]) if in_prediction[i] else 0.0 if in_reference[i] else None,
            float(recall[i]) if in_reference[i] else None,
            float(f1[i]) if in_reference[i] else None,
            int(support[i]),
        )
        for i, name in enumerate(names)
    )
    known = [c.f1 for c in classes if c.f1 is not None]
    accuracy = float(np.trace(matrix) / matrix.sum())
    return Scores(matrix, accuracy, float(kappa), float(np.mean(known)) if known else 0.0, classes)


def _two_classes(matrix: np.ndarray) -> bool:
    """Whether chance alone would not already agree everywhere; else kappa is 0 ÷ 0."""
    return bool(((matrix.sum(axis=0) + matrix.sum(axis=1)) > 0).sum() > 1)
