"""Inspecting models: our own, foreign ones, and what is no model at all."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from core import jobs
from core.errors import BadModel
from core.model import create
from core.model.backend import keras, tf
from core.model.inspection import inspect
from core.model.inspection.page import scaled, sketch_of


@pytest.fixture
def model(tmp_path: Path, reporter: Any) -> Path:
    create.run(jobs.CreateModel("cnn16", (4,), 3, output=str(tmp_path / "mine & yours")), reporter)
    return tmp_path / "mine & yours"


@pytest.fixture
def foreign(tmp_path: Path) -> Path:
    class Halves(tf.Module):  # type: ignore[misc]
        @tf.function(input_signature=[tf.TensorSpec([None, None, None, 2], tf.float32, name="x")])  # type: ignore[misc]
        def __call__(self, x: Any) -> dict[str, Any]:
            return {"half": x / 2, "sum": tf.reduce_sum(x)}

    module = Halves()
    tf.saved_model.save(module, str(tmp_path / "foreign"), signatures={"other": module.__call__})
    return tmp_path / "foreign"


def test_our_own_model(model: Path, tmp_path: Path, reporter: Any) -> None:
    page, document = tmp_path / "page.html", tmp_path / "facts.json"
    outputs = inspect.run(jobs.InspectModel(str(model), str(page), str(document)), reporter)
    facts = json.loads(document.read_text(encoding="utf-8"))
    assert outputs == {"OUTPUT": str(document), "OUTPUT_HTML": str(page), "PARAMETERS": facts["parameters"]}
    assert facts["parameters"] == 400 * 4 + 33 * 3 + 4416 + 9
    assert facts["inputs"][0] | {"spacing": None} == {
        "name": "source1", "tensor": "serving_default_source1:0",
        "shape": [None, 16, 16, 4], "dtype": "float32", "band_count": 4, "bands": [], "receptive_field": [16, 16],
        "spacing": None, "source": True, "spacing_ratio": "1",
    }  # fmt: skip
    assert [output["name"] for output in facts["outputs"]] == ["prediction", "probabilities", "features"]  # the contract's order
    assert facts["outputs"][0]["classes"][2]["name"] == "3"
    assert (facts["trained"], facts["trainable"], facts["scale_factor"]) == (False, True, "1")
    assert facts["geometry"][1] == {
        "output": "prediction", "expression_field": [1, 1], "halo": [0, 0], "fully_convolutional": False, "unknown": [],
        "inputs": [
            {"input": "source1", "receptive_field": [16, 16], "sees": [16, 16], "scale_factor": "1", "offset": [8.0, 8.0], "stride": [4, 4]}
        ],
    }  # fmt: skip
    assert "mine &amp; yours" in page.read_text(encoding="utf-8") and "16 × 16" in page.read_text(encoding="utf-8")
    assert "cnn16" in reporter.texts and "Scale factor: 1: output pixels are as large" in reporter.texts
    assert {(part["output"], part["way"]) for part in facts["cost"]} == {
        (name, way) for name in ("prediction", "probabilities", "features") for way in ("patch by patch", "dense")
    }
    text = page.read_text(encoding="utf-8")
    assert "times fewer operations" in text and "kFLOP" in text and "<svg" in text and "16 × 16 pixels" in text
    assert "SavedModel, written by TensorFlow" in text and "Edges" in text


def test_a_foreign_model_says_what_its_signature_says(foreign: Path, tmp_path: Path, reporter: Any) -> None:
    page = tmp_path / "page.html"
    inspect.run(jobs.InspectModel(str(foreign), str(page), ""), reporter)
    facts = inspect.facts(str(foreign))
    assert not facts["contract"] and facts["signature"] == "other"
    assert facts["inputs"][0]["shape"] == [None, None, None, 2] and facts["inputs"][0]["band_count"] == 2
    assert facts["inputs"][0]["receptive_field"] == [1, 1] and facts["scale_factor"] == "1" and facts["fully_convolutional"]
    assert "Sum of the whole window" in facts["geometry"][1]["unknown"][0]
    assert {output["name"]: output["shape"] for output in facts["outputs"]} == {"half": [None, None, None, 2], "sum": []}
    assert "RealDiv" in facts["operations"]
    assert "depends on the whole window" in page.read_text(encoding="utf-8")
    assert "no contract" in page.read_text(encoding="utf-8")


@pytest.mark.parametrize(("number", "words"), [(0, "0 B"), (999.7, "1 kB"), (1234, "1.23 kB"), (999_960, "1 MB"), (5.2e13, "52 TB")])
def test_large_numbers_are_short(number: float, words: str) -> None:
    assert scaled(number, "B") == words


def test_sources_without_spacings_are_drawn_on_the_same_ground(tmp_path: Path) -> None:
    coarse, fine = keras.Input((8, 8, 4), name="b"), keras.Input((32, 32, 1), name="a")
    joined = keras.layers.Concatenate()([keras.layers.Flatten()(coarse), keras.layers.Flatten()(fine)])
    keras.Model([coarse, fine], keras.layers.Dense(2)(joined)).save(tmp_path / "two.keras")
    facts = inspect.facts(str(tmp_path))
    sketch = sketch_of(facts)
    assert [part["spacing_ratio"] for part in facts["inputs"]] == [None, None] and sketch is not None
    assert [(source.name, source.ratio) for source in sketch.sources] == [("b", 1), ("a", Fraction(1, 4))]
    assert "same ground" in sketch.note


def test_no_model_at_all(tmp_path: Path) -> None:
    with pytest.raises(BadModel, match="does not exist"):
        inspect.facts(str(tmp_path / "nothing"))
    (tmp_path / "holiday.jpg").write_text("x")
    with pytest.raises(BadModel, match=r"expected saved_model\.pb, received holiday\.jpg"):
        inspect.facts(str(tmp_path))
    with pytest.raises(BadModel, match="no folder"):
        inspect.facts(str(tmp_path / "holiday.jpg"))


@pytest.mark.parametrize("content", [b"", b"garbage, and more of it", b"\x0a\xff\xff\xff\xff\x0f"])
def test_a_damaged_graph(model: Path, content: bytes) -> None:
    (model / "saved_model.pb").write_bytes(content)
    with pytest.raises(BadModel, match=r"saved_model\.pb is damaged"):
        inspect.facts(str(model))


def test_damaged_variables_and_contract(model: Path) -> None:
    (model / "assets.extra" / "mlm.json").write_text("{}")
    with pytest.raises(BadModel, match=r"mlm\.json is corrupt"):
        inspect.facts(str(model))
    (model / "variables" / "variables.index").write_bytes(b"garbage" * 20)
    with pytest.raises(BadModel, match=r"variables\.index is damaged"):
        inspect.facts(str(model))


def test_our_own_model_is_safe(model: Path, tmp_path: Path, reporter: Any) -> None:
    inspect.run(jobs.InspectModel(str(model), str(tmp_path / "page.html"), ""), reporter)
    assert inspect.facts(str(model))["safe"] and "Safe to load: yes" in reporter.texts
    assert "could do harm" not in (tmp_path / "page.html").read_text(encoding="utf-8")


def test_a_hostile_model_is_inspected_and_what_it_does_is_told(tmp_path: Path, reporter: Any) -> None:
    class Reader(tf.Module):  # type: ignore[misc]
        @tf.function(input_signature=[tf.TensorSpec([None, 8, 8, 2], tf.float32, name="x")])  # type: ignore[misc]
        def serve(self, x: Any) -> dict[str, Any]:
            text = tf.io.read_file("/etc/hostname")
            return {"x_crop16": x + tf.cast(tf.strings.length(text), tf.float32), "output_64:0": x}

    module, page = Reader(), tmp_path / "page.html"
    tf.saved_model.save(module, str(tmp_path / "hostile"), signatures={"a": module.serve, "b": module.serve})
    inspect.run(jobs.InspectModel(str(tmp_path / "hostile"), str(page), ""), reporter)
    facts, text = inspect.facts(str(tmp_path / "hostile")), page.read_text(encoding="utf-8")
    assert not facts["safe"] and [(part["operation"], part["why"]) for part in facts["findings"]] == [("ReadFile", "reads files")]
    assert facts["signatures"] == ["a", "b"]
    assert {output["name"]: output["margin"] for output in facts["outputs"]} == {"x_crop16": 16, "output_64:0": 64}
    assert "could do harm" in text and "ReadFile" in text and "cropped by 16 pixels" in text and "others: b" in text
    assert "Safe to load: no" in reporter.texts
