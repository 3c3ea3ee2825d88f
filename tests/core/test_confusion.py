"""Confusion matrices as pictures, of few classes and of very many."""

from __future__ import annotations

import io

import numpy as np
import pytest
from matplotlib.image import imread

from core.confusion import MOST_CLASSES, confusion_picture, most_frequent, short_count
from core.metrics import score


@pytest.mark.parametrize("count", [2, 13, 40, 120])
def test_confusion_matrices_of_any_size(count: int) -> None:
    rng = np.random.default_rng(0)
    matrix = rng.integers(0, 100_000, (count, count))
    matrix[0] = 0  # a class that the reference has not
    names = [f"$class_{place}^ <with> a long name" for place in range(count)]
    picture = imread(io.BytesIO(confusion_picture(score(matrix, names))))
    assert max(picture.shape) < 2500


@pytest.mark.parametrize(("count", "text"), [(0, "0"), (9999, "9999"), (12345, "12.3k"), (999_600, "1M"), (2_500_000_000, "2.5G")])
def test_counts_are_short(count: int, text: str) -> None:
    assert short_count(count) == text


def test_of_very_many_classes_the_most_frequent_are_shown() -> None:
    matrix = np.diag(np.arange(100))
    assert most_frequent(score(matrix, [str(i) for i in range(100)])) == list(range(100 - MOST_CLASSES, 100))
