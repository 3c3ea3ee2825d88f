"""A classifier on disk: one `.skops` file, which is a zip of plain values and arrays and, beside them, the contract.

skops rebuilds objects from their types' names and never runs code that the file brings, as a pickle does; but a type may do harm when it
is made. So only types that our own classifiers consist of are let in: those that skops itself trusts, and TYPES. The contract holds the
SHA-256 of all members and of itself: what was damaged or changed by hand is told from what was not (who changes all of it on purpose is
stopped by the types alone).
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
import zlib
from pathlib import Path
from typing import Any

import skops.io

from ..errors import BadModel, CannotRead
from ..partial import replacing
from .contract import ClassifierContract

CONTRACT = "tensorscape.json"
REMEDY = "Train it again with 'Train classifier'."
TYPES = frozenset(
    {
        "sklearn.tree._tree.Tree",
        "sklearn.calibration._CalibratedClassifier",
        "sklearn.calibration._SigmoidCalibration",
        "sklearn.model_selection._split.StratifiedKFold",
        "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
        "sklearn.metrics._dist_metrics.EuclideanDistance",
        "sklearn.metrics._dist_metrics.EuclideanDistance64",
        "sklearn.neighbors._kd_tree.KDTree",
        "sklearn.neighbors._ball_tree.BallTree",
        "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
    }
)


def write_classifier(path: str, estimator: Any, contract: ClassifierContract) -> None:
    """Write the file, complete or not at all.

    Raises:
        CannotWrite: disk full, no such folder, no permission.
    """
    with replacing(path) as temporary:
        skops.io.dump(estimator, temporary, compression=zipfile.ZIP_DEFLATED, compresslevel=1)
        with zipfile.ZipFile(temporary, "a", zipfile.ZIP_DEFLATED) as archive:
            document = {"contract": contract.to_plain(), "members": _members(archive)}
            archive.writestr(CONTRACT, json.dumps({**document, "sha256": _digest(document)}, ensure_ascii=False, indent=1))


def read_classifier(path: str, trust: bool = False) -> tuple[Any, ClassifierContract]:
    """The estimator and its contract. `trust`: let any type in.

    Raises:
        CannotRead: there is no such file.
        BadModel: no classifier of ours, a damaged or changed one, or one with types that are not let in; names them.
    """
    try:
        data = Path(path).read_bytes()  # once: what is checked is what is loaded
    except OSError as error:
        raise CannotRead(f"Cannot read the classifier {path}", received=error.strerror or error) from error
    contract = _contract(path, data)
    strangers = sorted(set(_read(path, skops.io.get_untrusted_types, data=data)))
    foreign = [name for name in strangers if name not in TYPES]
    if foreign and not trust:
        raise BadModel(
            f"The classifier {path} holds types that Tensorscape's own classifiers do not consist of",
            expected="scikit-learn's and numpy's",
            received=", ".join(foreign),
            remedy="They could run any code. If you know who made the file and what it needs them for, tick 'Trust the classifier'.",
        )
    estimator = _read(path, skops.io.loads, data=data, trusted=strangers)
    expected = f"{len(contract.features)} features, {len(contract.classes)} classes"
    received = f"{getattr(estimator[-1], 'n_features_in_', 0)} features, {len(getattr(estimator, 'classes_', ()))} classes"
    if received != expected:  # trees look for features by number, wherever that leads
        raise BadModel(f"The classifier {path} does not fit its own contract", expected=expected, received=received, remedy=REMEDY)
    return estimator, contract


def _contract(path: str, data: bytes) -> ClassifierContract:
    """Checked against all members, and against itself."""
    if not zipfile.is_zipfile(io.BytesIO(data)):
        raise BadModel(
            f"{path} is no classifier of Tensorscape",
            expected="a .skops file",
            received=_kind(data),
            remedy="Files of pickle and joblib run what they hold as a program: they are never opened. Train a classifier here.",
        )
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if CONTRACT not in archive.namelist():
                raise BadModel(
                    f"{path} was not made by Tensorscape: it does not say which bands it takes and which classes it tells", remedy=REMEDY
                )
            document = json.loads(archive.read(CONTRACT))
            members = _members(archive)
        found = document.pop("sha256")
        if found != _digest(document) or members != document["members"]:
            raise BadModel(f"The classifier {path} is damaged, or was changed after it was made", remedy=REMEDY)
        return ClassifierContract.from_plain(document["contract"])
    except (zipfile.BadZipFile, zlib.error, ValueError, KeyError, TypeError, AttributeError, NotImplementedError, EOFError) as error:
        raise BadModel(f"The classifier {path} is damaged ({error})", remedy=REMEDY) from error


def _members(archive: zipfile.ZipFile) -> dict[str, str]:
    """The SHA-256 of each but the contract."""
    return {name: hashlib.sha256(archive.read(name)).hexdigest() for name in sorted(archive.namelist()) if name != CONTRACT}


def _digest(document: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(document, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def _read(path: str, call: Any, **arguments: Any) -> Any:
    """skops raises whatever its parts do on what it does not know."""
    try:
        return call(**arguments)
    except Exception as error:
        raise BadModel(
            f"The classifier {path} cannot be loaded ({type(error).__name__}: {error})",
            remedy=f"It may come from another version of scikit-learn. {REMEDY}",
        ) from error


def _kind(data: bytes) -> str:
    return "a pickle (as of joblib)" if data[:1] == b"\x80" else "something else"
