"""Labels: codes to classes to indices, by name where names are known, and clear words for what cannot be."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.classes import make_classes
from core.errors import BadModel, BadParameter, BadTruth
from core.sampling import sidecar
from core.training.labels import Labels, check_classes, class_indices, class_order, read_labels


@pytest.fixture
def write(tmp_path: Path, make_raster: Callable[..., str]) -> Callable[..., str]:
    def make(codes: list[Any], classes: Any = None, name: str = "l.tif", dtype: str = "int32", cols: int = 1) -> str:
        path = make_raster(tmp_path / name, np.repeat(np.array(codes, dtype)[:, None], cols, axis=1))
        if classes:
            sidecar.write(path, sidecar.PatchSidecar("labels", len(codes), 1, 1, ("label",), classes=make_classes(classes)))
        return path

    return make


def labels(*classes: tuple[int, str], named: bool = True) -> Labels:
    return Labels(np.array([code for code, _ in classes]), make_classes(classes), named)


def test_codes_and_names_from_the_sidecar(write: Callable[..., str]) -> None:
    found = read_labels(write([3, 1, 3], [(1, "a"), (2, "never sampled"), (3, "c")]), 3, "Training")
    assert list(found.codes) == [3, 1, 3] and [c.name for c in found.classes] == ["a", "c"] and found.named


def test_without_a_sidecar_the_codes_are_the_names(write: Callable[..., str]) -> None:
    found = read_labels(write([7, 1, 1]), 3, "Training")
    assert [(c.code, c.name) for c in found.classes] == [(1, "1"), (7, "7")] and not found.named


def test_whole_numbers_may_be_stored_as_floats(write: Callable[..., str]) -> None:
    assert list(read_labels(write([2.0, 5.0], dtype="float32"), 2, "Training").codes) == [2, 5]


@pytest.mark.parametrize(
    ("codes", "dtype", "cols", "count", "kind", "said"),
    [
        ([1.5, 2], "float32", 1, 2, BadTruth, "received 1.5"),
        ([np.nan, 2], "float32", 1, 2, BadTruth, "received nan"),
        ([1, 2], "int32", 16, 2, BadTruth, "segmentation"),
        ([1, 2], "int32", 1, 3, BadParameter, "expected 3 labels, one a patch, received 2"),
    ],
)
def test_labels_that_are_none(write: Callable[..., str], codes: Any, dtype: str, cols: int, count: int, kind: Any, said: str) -> None:
    with pytest.raises(kind, match=said):
        read_labels(write(codes, dtype=dtype, cols=cols), count, "Training")


def test_codes_outside_the_classes(write: Callable[..., str]) -> None:
    with pytest.raises(BadTruth, match=r"outside the classes.*expected codes among \[1, 2\], received \[9\]"):
        read_labels(write([1, 9], [(1, "a"), (2, "b")]), 2, "Training")


def test_the_number_of_classes_must_be_the_models() -> None:
    check_classes(labels((1, "a"), (2, "b")), 2)
    with pytest.raises(BadModel, match=r"expected 3 classes \(a, b, c\), received a model for 2. Create a model with CLASSES=3"):
        check_classes(labels((1, "a"), (2, "b"), (4, "c")), 2)
    with pytest.raises(BadTruth, match="received only a"):
        check_classes(labels((1, "a")), 2)


def test_validation_is_matched_by_name_else_by_code() -> None:
    classes = make_classes([(1, "a"), (2, "b")])
    swapped = labels((1, "b"), (2, "a"))
    assert list(class_indices(swapped, classes, by_name=True)) == [1, 0]
    assert list(class_indices(swapped, classes, by_name=False)) == [0, 1]
    with pytest.raises(BadTruth, match=r"expected among a, b, received z"):
        class_indices(labels((1, "a"), (9, "z")), classes, by_name=True)


def test_a_trained_model_keeps_the_order_of_its_classes() -> None:
    known = make_classes([(5, "b"), (6, "a")])
    found = labels((1, "a"), (2, "b"))
    assert [c.code for c in class_order(found, known, trained=True)] == [2, 1]
    assert [c.code for c in class_order(found, known, trained=False)] == [1, 2]
    assert [c.code for c in class_order(labels((1, "x"), (2, "b")), known, trained=True)] == [1, 2]
