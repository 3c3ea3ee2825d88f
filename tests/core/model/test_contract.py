"""The contract: whatever is written is read again; whatever is wrong is named."""

from __future__ import annotations

import copy
import json
import math
from fractions import Fraction
from pathlib import Path
from typing import Any

import pystac
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pystac.extensions.mlm import MLMExtension

from core.classes import LandClass, make_classes
from core.errors import BadModel
from core.model import contract, mlm
from core.model.contract import Contract, InputSpec, OutputSpec

CLASSES = make_classes([(3, "Wald & Wiese"), (7, "вода"), (0, "x")])


def example(**changes: Any) -> Contract:
    values: dict[str, Any] = {
        "name": "Führung 16×16",
        "inputs": (InputSpec("source1", ("B2", "B3"), 2, "float32", (16, 15), 10.0), InputSpec("source2", (), 4, "float32", (32, 32))),
        "outputs": (
            OutputSpec("prediction", "classes", ("class",), "int32", CLASSES, 255),
            OutputSpec("probabilities", "probabilities", tuple(c.name for c in CLASSES), "float32", CLASSES),
            OutputSpec("features", "features", ("f 1", "f 2"), "float32", (), math.inf),
        ),
        "expression_field": (2, 3),
        "scale_factor": Fraction(1, 4),
        "fully_convolutional": True,
        "architecture": "cnn16",
        "trained": False,
    }
    return Contract(**{**values, **changes})


def through_json(value: Contract) -> Contract:
    return mlm.from_document(json.loads(json.dumps(mlm.to_document(value))))


@pytest.mark.parametrize("changes", [{}, {"fully_convolutional": False}, {"architecture": ""}, {"trained": True}, {"name": "7"}])
def test_what_is_written_is_read(tmp_path: Path, changes: dict[str, Any]) -> None:
    written = example(**changes, outputs=example().outputs[:2])
    contract.write(str(tmp_path), written)
    assert contract.read(str(tmp_path)) == written


sizes = st.tuples(st.integers(1, 5000), st.integers(1, 5000))
land_classes = st.builds(LandClass, st.integers(0, 65535), st.text(min_size=1), st.tuples(*[st.integers(0, 255)] * 3))


@given(
    field=sizes,
    receptive=sizes,
    scale=st.fractions(min_value=Fraction(1, 64), max_value=64),
    classes=st.lists(land_classes, min_size=1, max_size=6, unique_by=(lambda c: c.code, lambda c: c.name)),
    spacing=st.none() | st.floats(1e-6, 1e6),
    bands=st.lists(st.text(min_size=1), min_size=1, max_size=5),
    nodata=st.none() | st.integers(-(2**31), 2**31),
)
def test_any_contract_survives(
    field: Any, receptive: Any, scale: Fraction, classes: list[LandClass], spacing: float | None, bands: list[str], nodata: int | None
) -> None:
    inputs = (InputSpec("in", tuple(bands), len(bands), "uint16", receptive, spacing),)
    outputs = (OutputSpec("out", "classes", ("class",), "int32", tuple(classes), nodata),)
    value = example(inputs=inputs, outputs=outputs, expression_field=field, scale_factor=scale)
    assert through_json(value) == value


def test_nan_as_nodata_survives() -> None:
    value = example(outputs=(OutputSpec("v", "values", ("v",), "float32", (), math.nan),))
    nodata = through_json(value).outputs[0].nodata
    assert nodata is not None and math.isnan(nodata)


def test_others_can_read_it() -> None:
    item = pystac.Item.from_dict(mlm.to_document(example()))
    model = MLMExtension.ext(item)
    assert model.input[1].input.shape == [-1, -1, -1, 4]
    assert [(c.value, c.title) for c in model.output[0].classes or ()] == [(c.code, c.name) for c in CLASSES]
    assert model.output[0].classes is not None and model.output[0].classes[0].color_hint == "{:02X}{:02X}{:02X}".format(*CLASSES[0].colour)
    assert "mlm:model" in (item.assets["model"].roles or [])


def test_no_document_is_no_contract(tmp_path: Path) -> None:
    assert contract.read(str(tmp_path)) is None


@pytest.mark.parametrize("text", ["", "{", "[]", "3", "{}", '{"type": "Feature"}', "\x00\x01"])
def test_a_damaged_document(tmp_path: Path, text: str) -> None:
    path = tmp_path / contract.DOCUMENT
    path.parent.mkdir()
    path.write_text(text)
    with pytest.raises(BadModel, match=r"mlm\.json is corrupt"):
        contract.read(str(tmp_path))


@pytest.mark.parametrize(
    ("place", "name", "said"),
    [
        (("properties",), "mlm:input", "mlm:input"),
        (("properties",), "mlm:output", "mlm:output"),
        (("properties",), "tensorscape:expression_field", "expression_field"),
        (("properties",), "tensorscape:scale_factor", "scale_factor"),
        (("properties", "mlm:input", 0), "name", "mlm:input"),
        (("properties", "mlm:input", 0), "input", "mlm:input"),
        (("properties", "mlm:input", 1), "tensorscape:receptive_field", "receptive_field"),
        (("properties", "mlm:output", 0), "tensorscape:kind", "kind"),
        (("properties", "mlm:output", 1, "classification:classes", 0), "value", "mlm:output"),
    ],
)
def test_a_missing_part_is_named(place: tuple[Any, ...], name: str, said: str) -> None:
    document = mlm.to_document(example())
    part: Any = document
    for step in place:
        part = part[step]
    del part[name]
    with pytest.raises(BadModel, match=said):
        mlm.from_document(document)


@pytest.mark.parametrize("wrong", [None, "x", -1, [], {}, [0, 0], "1/0"])
@pytest.mark.parametrize("name", ["mlm:input", "mlm:output", "tensorscape:expression_field", "tensorscape:scale_factor"])
def test_a_wrong_part_is_no_crash(name: str, wrong: Any) -> None:
    document = copy.deepcopy(mlm.to_document(example()))
    document["properties"][name] = wrong
    with pytest.raises(BadModel):
        mlm.from_document(document)


@pytest.mark.parametrize(
    "make",
    [
        lambda: InputSpec("a", (), 0, "uint8", (1, 1)),
        lambda: InputSpec("a", ("B2",), 2, "uint8", (1, 1)),
        lambda: InputSpec("a", (), 1, "uint8", (0, 1)),
        lambda: OutputSpec("a", "klasses", (), "uint8"),
        lambda: OutputSpec("a", "probabilities", ("x",), "float32", CLASSES),
        lambda: OutputSpec("a", "classes", ("x",), "int32", (CLASSES[0], CLASSES[0])),
        lambda: example(inputs=()),
        lambda: example(outputs=()),
        lambda: example(expression_field=(0, 1)),
        lambda: example(scale_factor=Fraction(0)),
    ],
)
def test_an_impossible_contract_cannot_be_made(make: Any) -> None:
    with pytest.raises(BadModel):
        make()
