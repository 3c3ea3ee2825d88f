"""How good answers are. Classes: confusion matrix, overall accuracy, kappa, and precision, recall, F1 and IoU of each class. Measurements:
mean absolute error, root mean squared error and R² of each. Both are gathered batch by batch: memory does not grow with the samples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.metrics import cohen_kappa_score, precision_recall_fscore_support


@dataclass(frozen=True)
class ClassScores:
    """Of one class; a number is None where it has no meaning: precision and F1 of a class that neither the reference nor the prediction
    has, recall, F1 and IoU of one that the reference has not. `support`: samples in the reference."""

    name: str
    precision: float | None
    recall: float | None
    f1: float | None
    iou: float | None
    support: int


@dataclass(frozen=True)
class Scores:
    """Of a whole confusion matrix.

    Attributes:
        matrix: (classes, classes), rows are the reference, columns the prediction.
        strangers: for each reference class how often the answer was none of the classes, as models of others may answer.
        overall_accuracy: share of the samples on the diagonal.
        kappa: Cohen's; 0 where it is undefined (only one class on both sides).
        macro_f1, mean_iou: means over the classes that the reference has.
        classes: each one's own.
    """

    matrix: np.ndarray
    overall_accuracy: float
    kappa: float
    macro_f1: float
    mean_iou: float
    classes: tuple[ClassScores, ...]
    strangers: tuple[int, ...] = ()

    def numbers(self) -> dict[str, float]:
        """The figures of the whole, by the names that logs and outputs use."""
        return {"overall_accuracy": self.overall_accuracy, "kappa": self.kappa, "f1": self.macro_f1, "iou": self.mean_iou}


@dataclass(frozen=True)
class ValueScores:
    """Of one measurement.

    Attributes:
        mae, rmse: mean absolute error, root mean squared error, in its own unit.
        r2: share of the reference's variance that is explained; None where the reference does not vary.
        bias: mean of answer − reference.
        support: samples in the reference.
    """

    name: str
    mae: float
    rmse: float
    r2: float | None
    bias: float
    support: int


@dataclass(frozen=True)
class Regression:
    """Of all measurements of a head."""

    values: tuple[ValueScores, ...]

    def numbers(self) -> dict[str, float]:
        """Means over the measurements, by the names that logs and outputs use."""
        known = [value.r2 for value in self.values if value.r2 is not None]
        means = {name: float(np.mean([getattr(value, name) for value in self.values])) for name in ("mae", "rmse")}
        return means | ({"r2": float(np.mean(known))} if known else {})


class ClassTally:
    """Counts answers of classes: indices, with −1 in the reference where it is unknown, and in the answer where it is no class."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = tuple(names)
        self.matrix = np.zeros((len(names), len(names) + 1), np.int64)

    def feed(self, reference: np.ndarray, answers: np.ndarray) -> None:
        """A batch."""
        known = reference >= 0
        told = answers[known]
        self.matrix += confusion(reference[known], np.where(told < 0, len(self._names), told), *self.matrix.shape)

    def scores(self) -> Scores:
        """Of all batches."""
        return score(self.matrix, self._names)


class ValueTally:
    """Sums errors of measurements, NaN in the reference where they are unknown; sums of squares about the first values seen, so that no
    large numbers are subtracted from each other."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = tuple(names)
        self._sums = np.zeros((6, len(names)))  # known, error, |error|, error², reference, reference²
        self._origin: np.ndarray | None = None

    def feed(self, reference: np.ndarray, answers: np.ndarray) -> None:
        """A batch, (…, measurements) both."""
        truth, told = (np.asarray(a, np.float64).reshape(-1, len(self._names)) for a in (reference, answers))
        known = np.isfinite(truth)
        if self._origin is None and known.any():
            self._origin = np.array([column[mask][0] if mask.any() else 0.0 for column, mask in zip(truth.T, known.T, strict=True)])
        error = np.where(known, told - truth, 0.0)
        moved = np.where(known, truth - (0.0 if self._origin is None else self._origin), 0.0)
        self._sums += np.stack([part.sum(axis=0) for part in (known, error, np.abs(error), error**2, moved, moved**2)])

    def scores(self) -> Regression:
        """Of all batches."""
        return Regression(tuple(self._of(name, *column) for name, column in zip(self._names, self._sums.T.tolist(), strict=True)))

    @staticmethod
    def _of(name: str, count: float, error: float, size: float, squares: float, total: float, total_squares: float) -> ValueScores:
        n = max(count, 1.0)
        variance = total_squares - total**2 / n
        r2 = 1 - squares / variance if variance > 1e-12 * max(total_squares, 1e-300) else None
        return ValueScores(name, size / n, (squares / n) ** 0.5, r2, error / n, int(count))


def confusion(reference: np.ndarray, predicted: np.ndarray, classes: int, answers: int) -> np.ndarray:
    """Counts (classes, answers) of pairs of indices. Matrices of chunks may be added up."""
    pairs = reference.astype(np.int64) * answers + predicted
    return np.bincount(pairs.ravel(), minlength=classes * answers).reshape(classes, answers)


def score(matrix: np.ndarray, names: Sequence[str]) -> Scores:
    """All scores of a confusion matrix of one sample at least. Its cells stand for as many samples: memory does not grow with them.

    Args:
        matrix: (classes, classes), or with one more column for answers that are no class.
    """
    count = len(names)
    reference, predicted = (axis.ravel() for axis in np.indices(matrix.shape))
    weight = matrix.ravel()
    precision, recall, f1, support = precision_recall_fscore_support(
        reference, predicted, labels=range(count), sample_weight=weight, zero_division=0.0
    )
    true, told, right = matrix.sum(axis=1), matrix.sum(axis=0)[:count], np.diag(matrix)
    in_reference, in_prediction = true > 0, told > 0
    kappa = cohen_kappa_score(reference, predicted, sample_weight=weight) if _two_classes(matrix) else 0.0
    iou = right / np.maximum(true + told - right, 1)
    classes = tuple(
        ClassScores(
            name,
            float(precision[i]) if in_prediction[i] else 0.0 if in_reference[i] else None,
            float(recall[i]) if in_reference[i] else None,
            float(f1[i]) if in_reference[i] else None,
            float(iou[i]) if in_reference[i] else None,
            int(support[i]),
        )
        for i, name in enumerate(names)
    )
    accuracy, means = float(right.sum() / matrix.sum()), (_mean([c.f1 for c in classes]), _mean([c.iou for c in classes]))
    strangers = tuple(matrix[:, count:].sum(axis=1).tolist())
    return Scores(matrix[:, :count], accuracy, float(kappa), *means, classes, strangers)


def _mean(numbers: Sequence[float | None]) -> float:
    known = [number for number in numbers if number is not None]
    return float(np.mean(known)) if known else 0.0


def _two_classes(matrix: np.ndarray) -> bool:
    """Whether chance alone would not already agree everywhere; else kappa is 0 ÷ 0."""
    either = matrix.sum(axis=0)
    either[: len(matrix)] += matrix.sum(axis=1)
    return bool((either > 0).sum() > 1)
