from __future__ import annotations

from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from core.classes import make_classes
from core.errors import BadParameter
from core.inference.products import OutputFile, choose_outputs
from core.inference.storage import Layer
from core.jobs import Product
from core.model.contract import Contract, InputSpec, OutputSpec
from core.model.loading.load import TensorSpec
from core.raster.writer import Bands

CLASSES = make_classes([(1, "water"), (2, "forest")])
PREDICTION = OutputSpec("prediction", "classes", ("class",), "int32", CLASSES)
PROBABILITIES = OutputSpec("scores", "probabilities", ("water", "forest"), "float32", CLASSES)
CONTRACT = Contract("m", (InputSpec("x", (), 4, "float32", (16, 16)),), (PREDICTION, PROBABILITIES), scale_factor=Fraction(1))


def model(*names: str, dtype: str = "float32") -> Any:
    outputs = tuple(TensorSpec(name, None, np.dtype(dtype)) for name in names)
    return SimpleNamespace(outputs=outputs, output_named=lambda name: name)


def bands(layers: list[Layer]) -> Bands:
    return OutputFile.of(Product("f.tif"), layers).bands


def test_no_name_means_the_main_output() -> None:
    assert choose_outputs((), model("scores", "prediction"), CONTRACT) == ("prediction",)
    assert choose_outputs((), model("scores", "prediction"), None) == ("scores",)


def test_outputs_go_by_name_or_by_kind() -> None:
    assert choose_outputs(("probabilities", "prediction"), model("prediction", "scores"), CONTRACT) == ("scores", "prediction")


def test_unknown_output_names_the_known_ones() -> None:
    with pytest.raises(BadParameter, match=r"prediction, scores.*received depth"):
        choose_outputs(("depth",), model("prediction", "scores"), CONTRACT)


def test_a_contract_may_promise_what_the_model_lacks() -> None:
    with pytest.raises(BadParameter, match="one of height, received prediction"):
        choose_outputs((), model("height"), CONTRACT)


def test_text_makes_no_raster() -> None:
    with pytest.raises(BadParameter, match="Output name of the model: expected numbers, received values of type object"):
        choose_outputs(("name",), model("name", dtype="object"), None)


def test_class_map_is_small_and_styled_but_a_stack_is_not() -> None:
    one = Layer("prediction", 1, np.dtype("int32"), PREDICTION)
    scores = Layer("scores", 2, np.dtype("float32"), PROBABILITIES)
    assert (bands([one]).dtype, bands([one]).classes) == ("uint8", CLASSES)
    both = bands([one, scores])
    assert (both.names, both.classes) == (("class", "water", "forest"), ())
    assert np.isnan(both.nodata or 0)


def test_outputs_without_contract_have_numbered_names() -> None:
    assert bands([Layer("f", 3, np.dtype("float32"), None)]).names == ("f_1", "f_2", "f_3")


def test_nothing_valid_is_nodata_in_every_band() -> None:
    file = OutputFile.of(Product("f.tif"), [Layer("f", 2, np.dtype("float32"), None)])
    block = file.block({"f": np.ones((1, 2, 2), "float32")}, np.array([[True, False]]))
    assert block[0, 0].tolist() == [1, 1] and np.isnan(block[0, 1]).all()


def test_block_that_was_not_computed_is_nodata() -> None:
    file = OutputFile.of(Product("f.tif"), [Layer("prediction", 1, np.dtype("int32"), PREDICTION)])
    block = file.block(None, np.zeros((2, 3), bool))
    assert block.dtype == np.uint8 and block.shape == (2, 3, 1) and (block == 0).all()
