"""The truth of one head: from what is on disk (codes of classes, measurements) to what the loss compares with.

Codes become the index of the class in the network's output, and UNKNOWN (−1) where there is no truth: such pixels count in no loss and in
no score. Measurements stay as they are; NaN stands for those that are unknown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from ...classes import LandClass, make_classes
from ...errors import BadModel, BadTruth
from ...model.heads import CLASSES, VALUES, Head
from ...raster.statistics import BandStatistics
from ...sampling import sidecar
from .patches import TruthOrigin

UNKNOWN = -1
MOST_CLASSES = 65536
NAMES_SHOWN = 12
SPACING_TOLERANCE = 0.01  # spacings are rounded on their way through files


class Survey:
    """What values a truth holds, seen batch by batch: of classes how many samples or pixels each has, of measurements the statistics.

    Args:
        kind: "classes" or "values".
        ignore: code that means "no truth".
    """

    def __init__(self, origin: TruthOrigin, kind: str, bands: int, ignore: int | None, role: str) -> None:
        self.origin, self.kind, self.role, self._ignore = origin, kind, role, ignore
        self.counts: Counter[int] = Counter()
        self.statistics = BandStatistics(bands)
        self._bands = bands
        if kind == CLASSES and bands != 1:
            raise BadTruth(f"{role} labels {origin.path}", expected="one band: the code of the class", received=f"{bands} bands")

    def feed(self, truth: np.ndarray) -> None:
        """Take in (samples, rows, cols, bands).

        Raises:
            BadTruth: classes that are no whole numbers, or so many that they are none.
        """
        if self.kind == VALUES:
            self._measure(truth)
            return
        codes, counts = np.unique(truth, return_counts=True)
        wrong = codes[~np.isfinite(codes) | (codes != np.round(codes))]
        if wrong.size:
            raise BadTruth(
                f"{self.role} labels {self.origin.path}", expected="whole numbers: the codes of the classes", received=wrong[0],
                remedy="Measurements are learnt by a model with TARGETS.",
            )  # fmt: skip
        self.counts.update(dict(zip(map(int, codes.tolist()), counts.tolist(), strict=True)))
        if len(self.counts) > MOST_CLASSES:
            raise BadTruth(f"{self.role} labels {self.origin.path}", expected=f"at most {MOST_CLASSES} classes", received="more")

    def _measure(self, truth: np.ndarray) -> None:
        values = np.asarray(truth, np.float64).reshape(-1, self._bands)
        if np.isinf(values).any():
            raise BadTruth(f"{self.role} measurements {self.origin.path}", expected="numbers, or NaN where unknown", received="infinity")
        known = values[~np.isnan(values).any(axis=1)]
        if len(known):
            self.statistics.feed(known)

    @property
    def classes(self) -> tuple[LandClass, ...]:
        """The classes that have samples, in the order of their codes, with the names of the sidecar; else the codes are the names.

        Raises:
            BadTruth: a code that the sidecar does not know.
        """
        present = sorted(code for code in self.counts if code != self._ignore)
        known = {c.code: c for c in self.origin.classes}
        unknown = [code for code in present if code not in known]
        if known and unknown:
            raise BadTruth(
                f"Labels outside the classes in {self.origin.path}", expected=f"codes among {sorted(known)}",
                received=unknown[:NAMES_SHOWN], remedy="Extract the patches again: labels and sidecar do not belong together.",
            )  # fmt: skip
        return tuple(known[code] for code in present) if known else make_classes((code, str(code)) for code in present)

    @property
    def named(self) -> bool:
        """Whether the names of the classes are known."""
        return bool(self.origin.classes)


@dataclass(frozen=True)
class Truth:
    """How a head's truth is read.

    Attributes:
        classes: in the order of the network's output; none for measurements.
        table: (2, n): codes, sorted, and the index of each one's class.
        size: (rows, cols) of the head's answer; None if it answers once a patch.
    """

    classes: tuple[LandClass, ...]
    table: np.ndarray
    size: tuple[int, int] | None

    def encode(self, truth: np.ndarray) -> np.ndarray:
        """(samples, rows, cols, bands) as on disk → what the loss takes: (samples[, rows, cols]) int32 of classes, (samples[, rows, cols],
        bands) float32 of measurements; cut to the head's answer, about the sample."""
        if self.size is not None:
            truth = cut(truth, self.size)
        values = self._indices(truth[..., 0]) if self.classes else truth.astype(np.float32)
        return values if self.size is not None else values[:, 0, 0]

    def _indices(self, codes: np.ndarray) -> np.ndarray:
        known, indices = self.table
        places = np.minimum(np.searchsorted(known, codes), len(known) - 1)
        return np.where(known[places] == codes, indices[places], UNKNOWN).astype(np.int32)


def cut(truth: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """The middle of label patches: the pixels that a network without padding answers for. Patches of either size lie about the same
    sample by the one rule of extraction: they begin size // 2 pixels before it."""
    (rows, cols), (height, width) = truth.shape[1:3], size
    top, left = rows // 2 - height // 2, cols // 2 - width // 2
    return truth[:, top : top + height, left : left + width]


def kind_of(head: Head, told: bool, task: str, origin: TruthOrigin, dtype: np.dtype) -> str:
    """What a head learns: classes or measurements. A network whose contract or last layer tells is believed; a linear output of another
    learns what the user says, or what the truth looks like."""
    if told or head.kind == CLASSES:
        return head.kind
    if task != "automatic":
        return CLASSES if task == "classification" else VALUES
    if origin.kind:
        return CLASSES if origin.kind == sidecar.LABELS else VALUES
    return CLASSES if np.issubdtype(dtype, np.integer) and head.channels > 1 else VALUES


def check_size(head: Head, answer: tuple[int, int] | None, shape: tuple[int, ...], origin: TruthOrigin, role: str) -> None:
    """Whether label patches (rows, cols, bands) suit what a head answers: a map of so many rows and columns, or once a patch (None).

    Raises:
        BadTruth: they do not.
    """
    if answer is None and shape[:2] != (1, 1):
        raise BadTruth(
            f"{role} labels {origin.path}", expected="one label a patch, as the model answers once a patch",
            received=f"label patches of {shape[1]} × {shape[0]} pixels", remedy="Choose a model for maps, such as unet or fcn16.",
        )  # fmt: skip
    if answer is not None and (shape[0] < answer[0] or shape[1] < answer[1]):
        raise BadTruth(
            f"{role} labels {origin.path}", expected=f"label patches of at least {answer[1]} × {answer[0]} pixels, as the model's answer",
            received=f"{shape[1]} × {shape[0]}", remedy="Extract label patches (LABELS), or choose a model that answers once a patch.",
        )  # fmt: skip
    if head.kind == VALUES and shape[2] != head.channels:
        raise BadTruth(f"{role} measurements {origin.path}", expected=f"{head.channels}, as the model has", received=shape[2])


def check_spacing(truth: float | None, source: float | None, scale_factor: Fraction | None, origin: TruthOrigin, role: str) -> None:
    """Whether the pixels of label patches are as large as those of the model's answer; what nobody knows is not held against them.

    Args:
        truth, source: spacing of the label patches and of source 1, in map units.
        scale_factor: of the model.

    Raises:
        BadTruth: they are not: pixels would be taught what others show.
    """
    if truth is None or source is None or scale_factor is None:
        return
    wanted = source * float(scale_factor)
    if abs(truth - wanted) > SPACING_TOLERANCE * wanted:
        raise BadTruth(
            f"{role} labels {origin.path}", expected=f"pixels of {wanted:g} map units, as the model's answer has", received=f"{truth:g}",
            remedy="Resample the label image, or choose a model that answers at its spacing.",
        )  # fmt: skip


def check_classes(classes: Sequence[LandClass], wanted: int) -> None:
    """Whether a head for so many classes can be trained on these.

    Raises:
        BadTruth: the labels have one class only.
        BadModel: another number of classes than the model has.
    """
    names = _names(classes)
    if len(classes) < 2:
        raise BadTruth("Training labels", expected="at least two classes", received=f"only {names}", remedy="Sample more classes.")
    if len(classes) != wanted:
        raise BadModel(
            "The model's classes are not those of the labels",
            expected=f"{len(classes)} classes ({names})",
            received=f"a model for {wanted}",
            remedy=f"Create a model with CLASSES={len(classes)}, or replace the head of this one (REPLACE_HEAD).",
        )


def _names(classes: Sequence[LandClass]) -> str:
    return ", ".join(c.name for c in classes[:NAMES_SHOWN]) + (" …" if len(classes) > NAMES_SHOWN else "")


def class_order(classes: Sequence[LandClass], known: Sequence[LandClass], trained: bool) -> tuple[LandClass, ...]:
    """The classes in the order of the network's output. A trained model keeps its own order where it knows all the names, so that what it
    has learnt stays true, and may know more of them; otherwise the order is that of the codes."""
    by_name = {c.name: c for c in classes}
    if trained and len(by_name) == len(classes) and set(by_name) <= {c.name for c in known}:
        same = len(by_name) == len(known)
        return tuple(by_name[c.name] for c in known) if same else tuple(known)
    return tuple(classes)


def code_table(survey: Survey, classes: Sequence[LandClass], by_name: bool) -> np.ndarray:
    """(2, n): the codes of a truth, sorted, and for each the index of its class in `classes`. Codes may differ from file to file, so
    classes are matched by name where both files tell names, else by code.

    Raises:
        BadTruth: a class that `classes` has not; the message names it.
    """
    index = {c.name if by_name else c.code: position for position, c in enumerate(classes)}
    keys = {c.code: c.name if by_name else c.code for c in survey.classes}
    unknown = [str(key) for key in keys.values() if key not in index]
    if unknown:
        raise BadTruth(
            f"{survey.role} labels have classes that the {'model' if survey.role == 'Training' else 'training labels'} have not",
            expected="among " + ", ".join(map(str, index)), received=", ".join(unknown[:NAMES_SHOWN]),
            remedy="Sample again with another seed or a smaller spatial block, or leave the class out.",
        )  # fmt: skip
    codes = sorted(keys)
    return np.array([codes, [index[keys[code]] for code in codes]], np.int64).reshape(2, -1)
