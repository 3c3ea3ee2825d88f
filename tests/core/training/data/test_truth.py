"""Truth: codes to classes to indices, by name where names are known; measurements; label patches; and clear words for what cannot be."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.classes import make_classes
from core.errors import BadModel, BadTruth
from core.model.heads import Head
from core.training.data.patches import TruthOrigin
from core.training.data.truth import UNKNOWN, Survey, Truth, check_classes, check_size, check_spacing, class_order, code_table, cut, kind_of


def survey(values: Any, classes: Any = (), ignore: int | None = None, kind: str = "classes", role: str = "Training") -> Survey:
    array = np.asarray(values)
    array = array.reshape(len(array), 1, 1, -1)
    found = Survey(TruthOrigin("l.tif", "labels", make_classes(classes)), kind, array.shape[3], ignore, role)
    found.feed(array)
    return found


def test_codes_and_names_from_the_sidecar() -> None:
    found = survey([3, 1, 3], [(1, "a"), (2, "never sampled"), (3, "c")])
    assert [c.name for c in found.classes] == ["a", "c"] and found.named and found.counts == {1: 1, 3: 2}


def test_without_a_sidecar_the_codes_are_the_names() -> None:
    found = survey([7, 1, 1])
    assert [(c.code, c.name) for c in found.classes] == [(1, "1"), (7, "7")] and not found.named


def test_whole_numbers_may_be_stored_as_floats() -> None:
    assert [c.code for c in survey(np.array([2.0, 5.0], np.float32)).classes] == [2, 5]


@pytest.mark.parametrize(
    ("values", "said"),
    [([1.5, 2], "received 1.5"), ([np.nan, 2], "received nan"), ([[1, 2]], "2 bands"), (list(range(70_000)), "at most 65536 classes")],
)
def test_labels_that_are_none(values: Any, said: str) -> None:
    with pytest.raises(BadTruth, match=said):
        survey(values)


def test_codes_outside_the_classes() -> None:
    with pytest.raises(BadTruth, match=r"outside the classes.*expected codes among \[1, 2\], received \[9\]"):
        _ = survey([1, 9], [(1, "a"), (2, "b")]).classes


def test_what_is_ignored_is_no_class_and_has_no_target() -> None:
    found = survey([0, 1, 2, 0], [(1, "a"), (2, "b")], ignore=0)  # 0 needs no name
    assert [c.name for c in found.classes] == ["a", "b"]
    truth = Truth(found.classes, code_table(found, found.classes, by_name=True), None)
    np.testing.assert_array_equal(truth.encode(np.array([0, 2, 1, 0]).reshape(4, 1, 1, 1)), [UNKNOWN, 1, 0, UNKNOWN])


def test_the_number_of_classes_must_be_the_models() -> None:
    check_classes(make_classes([(1, "a"), (2, "b")]), 2)
    with pytest.raises(BadModel, match=r"expected 3 classes \(a, b, c\), received a model for 2. Create a model with CLASSES=3"):
        check_classes(make_classes([(1, "a"), (2, "b"), (4, "c")]), 2)
    with pytest.raises(BadTruth, match="received only a"):
        check_classes(make_classes([(1, "a")]), 2)


def test_validation_is_matched_by_name_else_by_code() -> None:
    classes = make_classes([(1, "a"), (2, "b")])
    swapped = survey([1, 2], [(1, "b"), (2, "a")], role="Validation")
    np.testing.assert_array_equal(code_table(swapped, classes, by_name=True), [[1, 2], [1, 0]])
    np.testing.assert_array_equal(code_table(swapped, classes, by_name=False), [[1, 2], [0, 1]])
    with pytest.raises(BadTruth, match=r"expected among a, b, received z"):
        code_table(survey([1, 9], [(1, "a"), (9, "z")], role="Validation"), classes, by_name=True)


def test_a_trained_model_keeps_the_order_of_its_classes() -> None:
    known, found = make_classes([(5, "b"), (6, "a")]), make_classes([(1, "a"), (2, "b")])
    assert [c.code for c in class_order(found, known, trained=True)] == [2, 1]
    assert [c.code for c in class_order(found, known, trained=False)] == [1, 2]
    assert [c.code for c in class_order(make_classes([(1, "x"), (2, "b")]), known, trained=True)] == [1, 2]
    more = make_classes([(5, "b"), (6, "a"), (7, "c")])
    assert class_order(found, more, trained=True) == more  # a class without samples keeps its place


@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 40), st.integers(1, 40))
def test_label_patches_are_cut_about_their_sample(rows: int, cols: int, height: int, width: int) -> None:
    height, width = min(rows, height), min(cols, width)
    truth = np.zeros((1, rows, cols, 1))
    truth[0, rows // 2, cols // 2] = 1  # where extraction puts the sample's pixel
    part = cut(truth, (height, width))
    assert part.shape == (1, height, width, 1) and part[0, height // 2, width // 2, 0] == 1


def test_measurements_stay_as_they_are_and_nan_is_unknown() -> None:
    values = np.array([[1.5, np.nan], [2.5, 7.0]], np.float64)
    found = survey(values, kind="values")
    assert found.statistics.count == 1 and found.statistics.mean.tolist() == [2.5, 7.0]
    encoded = Truth((), np.empty((2, 0), np.int64), None).encode(values.reshape(2, 1, 1, 2))
    assert encoded.dtype == np.float32 and encoded.shape == (2, 2) and np.isnan(encoded[0, 1])
    with pytest.raises(BadTruth, match="infinity"):
        survey([[np.inf]], kind="values")


@pytest.mark.parametrize(
    ("answer", "shape", "kind", "said"),
    [
        (None, (16, 16, 1), "classes", "one label a patch.*16 × 16"),
        ((8, 8), (1, 1, 1), "classes", "at least 8 × 8"),
        (None, (1, 1, 3), "values", "expected 2, as the model has, received 3"),
    ],
)
def test_truth_of_another_size(answer: Any, shape: Any, kind: str, said: str) -> None:
    with pytest.raises(BadTruth, match=said):
        check_size(Head("h", kind, 2, "linear"), answer, shape, TruthOrigin("l.tif"), "Training")


@pytest.mark.parametrize(
    ("head", "told", "task", "origin", "dtype", "expected"),
    [
        (Head("p", "classes", 3, "softmax"), False, "regression", "targets", "float32", "classes"),  # the network tells
        (Head("v", "values", 3, "linear"), True, "classification", "labels", "uint8", "values"),  # the contract tells
        (Head("v", "values", 3, "linear"), False, "classification", "targets", "float32", "classes"),  # the user tells
        (Head("v", "values", 3, "linear"), False, "automatic", "labels", "uint8", "classes"),  # the sidecar tells
        (Head("v", "values", 3, "linear"), False, "automatic", "", "uint8", "classes"),
        (Head("v", "values", 1, "linear"), False, "automatic", "", "uint8", "values"),
        (Head("v", "values", 3, "linear"), False, "automatic", "", "float32", "values"),
    ],
)
def test_what_a_head_learns(head: Head, told: bool, task: str, origin: str, dtype: str, expected: str) -> None:
    assert kind_of(head, told, task, TruthOrigin("l.tif", origin), np.dtype(dtype)) == expected


def test_label_patches_of_other_pixels_than_the_answers_are_refused() -> None:
    origin = TruthOrigin("l.tif")
    for truth, source, scale in ((10.0, 10.0, 1), (40.0, 10.0, 4), (2.5, 10.0, "1/4"), (10.004, 10.0, 1), (None, 10.0, 1), (10.0, None, 1)):
        check_spacing(truth, source, Fraction(scale), origin, "Training")
    check_spacing(20.0, 10.0, None, origin, "Training")
    with pytest.raises(BadTruth, match="expected pixels of 40 map units, as the model's answer has, received 10"):
        check_spacing(10.0, 10.0, Fraction(4), origin, "Training")
