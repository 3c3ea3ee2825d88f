"""Several values made one: means, classes from mean probabilities, and votes."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from core.classes import make_classes
from core.errors import BadParameter
from core.inference.combine import Combination, Rule, origins, rules_for
from core.model.contract import Contract, InputSpec, OutputSpec, class_output

CLASSES = make_classes([(30, "forest"), (7, "water"), (300, "town")])


def model(**dtypes: str) -> Any:
    return SimpleNamespace(outputs=[SimpleNamespace(name=name, dtype=np.dtype(dtype)) for name, dtype in dtypes.items()])


def contract(*outputs: OutputSpec) -> Contract:
    return Contract("test", (InputSpec("x", (), 1, "float32", (8, 8)),), outputs)


def image(*rows: list[float], dtype: str = "float32") -> np.ndarray:
    return np.array(rows, dtype)[:, :, np.newaxis]


def test_classes_follow_from_the_mean_of_their_probabilities() -> None:
    """Two looks for water by a little, one for town by far: the mean says town, a vote would say water."""
    probabilities = OutputSpec("p", "probabilities", tuple(c.name for c in CLASSES), "float32", CLASSES)
    rules = rules_for(["y", "p"], model(y="int32", p="float32"), contract(class_output("y", CLASSES), probabilities))
    assert origins(rules) == ("p",)
    combination = Combination(rules, (1, 1))
    for look in ([0.1, 0.5, 0.4], [0.1, 0.5, 0.4], [0.0, 0.0, 1.0]):
        combination.add({"p": np.array(look, "float32").reshape(1, 1, 3)}, 1 / 3)
    outputs = combination.outputs()
    assert outputs["y"].tolist() == [[[300]]] and outputs["y"].dtype == "int32"
    np.testing.assert_allclose(outputs["p"], [[[0.2 / 3, 1 / 3, 0.6]]], rtol=1e-6)
    assert outputs["p"].dtype == "float32"


def test_classes_without_probabilities_are_voted_on() -> None:
    of_others = OutputSpec("p", "probabilities", ("a", "b"), "float32", make_classes([(1, "a"), (2, "b")]))
    for rules in (
        rules_for(["y"], model(y="int64", p="float32"), contract(class_output("y", CLASSES), of_others)),
        rules_for(["y"], model(y="int64"), None),
    ):
        assert rules == {"y": Rule("y", np.dtype("int64"), votes=True)}
        combination = Combination(rules, (1, 3))
        for codes, weight in (([7, 300, 30], 0.4), ([30, 30, -9], 0.3), ([30, 7, -9], 0.3)):
            combination.add({"y": image(codes, dtype="int64")}, weight)
        assert combination.outputs()["y"].tolist() == [[[30], [300], [-9]]]


def test_a_tie_goes_to_the_lowest_code_whatever_the_order() -> None:
    for order in ([5, 2], [2, 5]):
        combination = Combination({"y": Rule("y", np.dtype("uint8"), votes=True)}, (1, 1))
        for code in order:
            combination.add({"y": image([code], dtype="uint8")}, 0.5)
        assert combination.outputs()["y"].tolist() == [[[2]]]


def test_truth_values_are_voted_on_and_whole_numbers_that_are_no_classes_rounded() -> None:
    features = OutputSpec("f", "features", ("f",), "int16")
    rules = rules_for(["f", "b"], model(f="int16", b="bool"), contract(features, OutputSpec("b", "values", ("b",), "bool")))
    combination = Combination(rules, (1, 2))
    for number, truth in (([1, -4], [True, False]), ([2, -3], [False, False]), ([2, -3], [True, True])):
        combination.add({"f": image(number, dtype="int16"), "b": image(truth, dtype="bool")}, 1 / 3)
    outputs = combination.outputs()
    assert outputs["f"].tolist() == [[[2], [-3]]] and outputs["f"].dtype == "int16"
    assert outputs["b"].tolist() == [[[True], [False]]] and outputs["b"].dtype == "bool"


def test_values_are_added_in_their_place() -> None:
    combination = Combination({"v": Rule("v", np.dtype("float32"))}, (2, 3))
    combination.add({"v": image([8.0, 8.0])}, np.array([[[1.0], [0.5]]]), (slice(1, 2), slice(0, 2)))
    combination.add({"v": image([4.0, 4.0])}, np.array([[[0.5], [1.0]]]), (slice(1, 2), slice(1, 3)))
    assert combination.outputs()["v"][:, :, 0].tolist() == [[0, 0, 0], [8, 6, 4]]


def test_what_is_no_class_map_is_refused() -> None:
    combination = Combination({"y": Rule("y", np.dtype("int32"), votes=True)}, (1, 300))
    with pytest.raises(BadParameter, match=r"y of the model is no class map.*256"):
        combination.add({"y": image(list(range(300)), dtype="int32")}, 1.0)
