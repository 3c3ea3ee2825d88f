"""What is no classifier of ours, or no longer the one that was written, is refused in plain words."""

from __future__ import annotations

import json
import pickle
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import skops.io
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.tree import DecisionTreeClassifier

from core.classes import make_classes
from core.classification.archive import CONTRACT, read_classifier, write_classifier
from core.classification.contract import ClassifierContract, ModelRef
from core.classification.recipe import Recipe
from core.errors import BadModel, CannotRead
from core.model.contract import InputSpec

MADE = ClassifierContract(
    "dt",
    (InputSpec("source1", ("é", "b"), 2, "uint8", (3, 3), 10.0),),
    Recipe((2,), True, 3, ((1, 0),)),
    ModelRef("/m", "abc", ("features",)),
    tuple("abcdefg"),
    make_classes([(1, "forêt"), (2**40, "b")]),
    {"scikit-learn": "1"},
)


def tree() -> Pipeline:
    return Pipeline([("classifier", DecisionTreeClassifier().fit(np.arange(14).reshape(2, 7), [0, 1]))])


@pytest.fixture
def file(tmp_path: Path) -> Path:
    write_classifier(str(tmp_path / "c.skops"), tree(), MADE)
    return tmp_path / "c.skops"


def changed(file: Path, name: str, change) -> None:  # type: ignore[no-untyped-def]
    with zipfile.ZipFile(file) as archive:
        members = {member: archive.read(member) for member in archive.namelist()}
    members[name] = change(members[name])
    with zipfile.ZipFile(file, "w") as archive:
        for member, data in members.items():
            archive.writestr(member, data)


def test_what_is_written_is_read(file):
    pipeline, contract = read_classifier(str(file))
    assert contract == MADE
    assert pipeline.predict(np.arange(14).reshape(2, 7)).tolist() == [0, 1]
    skops.io.load(file, trusted=skops.io.get_untrusted_types(file=file))  # skops itself reads it too


@pytest.mark.parametrize("old, new", [(b'"b"', b'"c"'), (b"1", b"2"), (b"{", b""), (b'"contract"', b'"compact"')])
def test_a_contract_that_was_changed_is_refused(file, old, new):
    changed(file, CONTRACT, lambda data: data.replace(old, new, 1))
    with pytest.raises(BadModel, match=r"changed after it was made|is damaged"):
        read_classifier(str(file))


def test_another_forest_under_the_contract_is_refused(file):
    changed(file, "schema.json", lambda data: data.replace(b'"min_samples_split"', b'"min_samples_spilt"'))
    with pytest.raises(BadModel, match="changed after it was made"):
        read_classifier(str(file))


@pytest.mark.parametrize("place", [0.1, 0.5, 0.9])
def test_a_damaged_file_is_refused(file, place):
    data = bytearray(file.read_bytes())
    at = int(place * len(data))
    data[at : at + 40] = bytes(40)
    file.write_bytes(data)
    with pytest.raises(BadModel, match=r"damaged|changed after"):
        read_classifier(str(file))


def test_half_a_file_is_refused(file):
    file.write_bytes(file.read_bytes()[:-200])
    with pytest.raises(BadModel, match="is no classifier"):
        read_classifier(str(file))


def test_a_foreign_skops_file_is_refused(tmp_path):
    skops.io.dump(tree(), tmp_path / "f.skops")
    with pytest.raises(BadModel, match="was not made by Tensorscape"):
        read_classifier(str(tmp_path / "f.skops"))


def test_a_pickle_is_never_opened(tmp_path):
    path, trace = tmp_path / "c.skops", tmp_path / "trace"

    class Harm:
        def __reduce__(self):  # type: ignore[no-untyped-def]
            return open, (str(trace), "w")

    path.write_bytes(pickle.dumps(Harm()))
    with pytest.raises(BadModel, match=r"received a pickle \(as of joblib\)\. Files of pickle and joblib run"):
        read_classifier(str(path), trust=True)
    assert not trace.exists()


def test_types_that_are_not_ours_are_shown_and_refused_unless_trusted(tmp_path):
    path = str(tmp_path / "c.skops")
    write_classifier(path, Pipeline([("a", FunctionTransformer(json.dumps)), *tree().steps]), MADE)
    with pytest.raises(BadModel, match=r"received json\.dumps\. .*'Trust the classifier'"):
        read_classifier(path)
    assert read_classifier(path, trust=True)[1] == MADE


def test_a_forest_that_looks_for_features_that_there_are_none_of_is_refused(tmp_path):
    path = str(tmp_path / "c.skops")
    write_classifier(path, tree(), replace(MADE, features=("a",)))
    with pytest.raises(BadModel, match="does not fit its own contract: expected 1 features, 2 classes, received 7 features, 2 classes"):
        read_classifier(path)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(CannotRead, match="Cannot read the classifier"):
        read_classifier(str(tmp_path / "none.skops"))
