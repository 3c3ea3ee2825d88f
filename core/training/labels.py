"""The classes of the samples: codes in a label image, names beside it; from them, the index of each sample's class in the model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..classes import LandClass, make_classes
from ..errors import BadModel, BadParameter, BadTruth
from ..raster.grid import Window
from ..raster.source import Source
from ..sampling import sidecar

CHUNK_ROWS = 65536
NAMES_SHOWN = 12


@dataclass(frozen=True)
class Labels:
    """What a label image says.

    Attributes:
        codes: (samples,) int64.
        classes: those that have samples, in the order of their codes, with the names of the sidecar; the codes are the names without one.
        named: whether there was a sidecar.
    """

    codes: np.ndarray
    classes: tuple[LandClass, ...]
    named: bool


def read_labels(path: str, count: int, role: str) -> Labels:
    """The labels of `count` samples: an image of one column and one row a sample.

    Raises:
        BadParameter: another number of labels than of patches.
        BadTruth: not one whole number a sample, or a code that the sidecar does not know.
        CannotRead: missing or damaged.
    """
    with Source([path]) as source:
        if source.grid.width != 1 or source.count != 1:
            raise BadTruth(
                f"{role} labels {path}",
                expected="an image of one column and one band, with one row a patch",
                received=f"{source.grid.width} columns, {source.count} bands",
                remedy="Label patches (segmentation) cannot be trained on yet." if source.grid.width > 1 else "",
            )
        if source.grid.height != count:
            raise BadParameter(f"{role} labels {path}", expected=f"{count} labels, one a patch", received=source.grid.height)
        chunks = [(row, min(CHUNK_ROWS, count - row)) for row in range(0, count, CHUNK_ROWS)]
        values = np.concatenate([source.read(Window(row, 0, rows, 1)).ravel() for row, rows in chunks])
    codes = _whole(values, path, role)
    beside = sidecar.read(path)
    return Labels(codes, _classes(codes, beside.classes if beside else (), path), bool(beside and beside.classes))


def _whole(values: np.ndarray, path: str, role: str) -> np.ndarray:
    if not np.isfinite(values).all() or (values != np.round(values)).any():
        wrong = values[~np.isfinite(values) | (values != np.round(values))][0]
        raise BadTruth(f"{role} labels {path}", expected="whole numbers: the codes of the classes", received=wrong)
    return values.astype(np.int64)


def _classes(codes: np.ndarray, known: Sequence[LandClass], path: str) -> tuple[LandClass, ...]:
    present = [int(code) for code in np.unique(codes)]
    if not known:
        return make_classes((code, str(code)) for code in present)
    by_code = {c.code: c for c in known}
    unknown = [code for code in present if code not in by_code]
    if unknown:
        raise BadTruth(
            f"Labels outside the classes in {path}", expected=f"codes among {sorted(by_code)}", received=unknown[:NAMES_SHOWN],
            remedy="Extract the patches again: labels and sidecar do not belong together.",
        )  # fmt: skip
    return tuple(by_code[code] for code in present)


def check_classes(labels: Labels, model_classes: int) -> None:
    """Whether a model with so many classes can be trained on the labels.

    Raises:
        BadTruth: the labels have one class only.
        BadModel: another number of classes than the model has.
    """
    names = ", ".join(c.name for c in labels.classes[:NAMES_SHOWN]) + (" …" if len(labels.classes) > NAMES_SHOWN else "")
    if len(labels.classes) < 2:
        raise BadTruth("Training labels", expected="at least two classes", received=f"only {names}", remedy="Sample more classes.")
    if len(labels.classes) != model_classes:
        raise BadModel(
            "The model's classes are not those of the labels",
            expected=f"{len(labels.classes)} classes ({names})",
            received=f"a model for {model_classes}",
            remedy=f"Create a model with CLASSES={len(labels.classes)}.",
        )


def class_order(labels: Labels, model_classes: Sequence[LandClass], trained: bool) -> tuple[LandClass, ...]:
    """The classes in the order of the model's outputs. A trained model that knows the same names keeps its order, so that what it
    has learnt stays true; otherwise the order is that of the codes."""
    by_name = {c.name: c for c in labels.classes}
    if trained and set(by_name) == {c.name for c in model_classes}:
        return tuple(by_name[c.name] for c in model_classes)
    return labels.classes


def class_indices(labels: Labels, classes: Sequence[LandClass], by_name: bool) -> np.ndarray:
    """For each sample the index of its class in `classes`. Codes may differ from file to file, so classes are matched by name where both
    files tell names, else by code.

    Raises:
        BadTruth: a class that `classes` has not; the message names it.
    """
    index = {c.name if by_name else c.code: position for position, c in enumerate(classes)}
    keys = {c.code: c.name if by_name else c.code for c in labels.classes}
    unknown = [str(key) for key in keys.values() if key not in index]
    if unknown:
        raise BadTruth(
            "Validation labels have classes that the training labels have not",
            expected="among " + ", ".join(map(str, index)), received=", ".join(unknown[:NAMES_SHOWN]),
            remedy="Sample again with another seed or a smaller spatial block, or leave the class out.",
        )  # fmt: skip
    codes = np.array(sorted(keys), np.int64)
    return np.array([index[keys[int(code)]] for code in codes], np.int64)[np.searchsorted(codes, labels.codes)]
