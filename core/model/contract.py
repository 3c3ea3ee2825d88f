"""What a model says of its inputs and outputs: its contract. Training writes it, serving checks it before the first block.

It lies inside the model's folder, as `assets.extra/mlm.json` (core/model/mlm.py gives its form). `assets.extra` is the place that
TensorFlow leaves free in a SavedModel, so the folder stays one that any TensorFlow program can load.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from fractions import Fraction

from ..classes import LandClass, class_type, code_dtype
from ..errors import BadModel

GRAPH = "saved_model.pb"  # of a SavedModel
DOCUMENT = os.path.join("assets.extra", "mlm.json")
KINDS = ("classes", "probabilities", "features", "values")


@dataclass(frozen=True)
class InputSpec:
    """One source that the model takes.

    Attributes:
        name: of the input in the SavedModel's signature.
        bands: names, in the model's order; empty if only their number is known.
        band_count: how many.
        dtype: numpy's name of the type that the signature takes.
        receptive_field: (width, height) in pixels of this source.
        spacing: pixel size of the training images in map units; None if unknown.
    """

    name: str
    bands: tuple[str, ...]
    band_count: int
    dtype: str
    receptive_field: tuple[int, int]
    spacing: float | None = None

    def __post_init__(self) -> None:
        _check_size(f"Receptive field of input {self.name}", self.receptive_field)
        if self.band_count < 1 or len(self.bands) not in (0, self.band_count):
            raise BadModel(f"Bands of input {self.name}", expected=f"{self.band_count} names, at least one", received=len(self.bands))


@dataclass(frozen=True)
class OutputSpec:
    """One thing that the model gives.

    Attributes:
        name: of the output in the SavedModel's signature.
        kind: classes (codes, one a pixel), probabilities (one band a class), features, or values (anything else).
        bands: names of the bands of a raster of it.
        dtype: numpy's name of its type.
        classes: for the kinds classes and probabilities; the bands of probabilities are in this order.
        nodata: the value that means "no data"; None for none.
    """

    name: str
    kind: str
    bands: tuple[str, ...]
    dtype: str
    classes: tuple[LandClass, ...] = ()
    nodata: float | None = None

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise BadModel(f"Kind of output {self.name}", expected="one of " + ", ".join(KINDS), received=repr(self.kind))
        if self.kind == "probabilities" and len(self.bands) != len(self.classes):
            raise BadModel(f"Classes of output {self.name}", expected=f"{len(self.bands)}, one a band", received=len(self.classes))
        for what, values in (("codes", [c.code for c in self.classes]), ("names", [c.name for c in self.classes])):
            if len(set(values)) != len(values):
                raise BadModel(f"Classes of output {self.name}", expected=f"every one another {what[:-1]}", received=values)


@dataclass(frozen=True)
class Contract:
    """A model's inputs, outputs and geometry (the words are those of GLOSSARY.md).

    Attributes:
        name: for people.
        inputs: in the order of the sources; the first is the reference.
        outputs: the first is the main one.
        expression_field: (width, height) in output pixels.
        scale_factor: spacing of the output over spacing of source 1.
        fully_convolutional: takes blocks of any size; otherwise patches of exactly the receptive field.
        architecture: id in the gallery, or what the literature calls it; empty if unknown.
        trained: whether the weights have seen data.
        margin: (width, height) in output pixels that the network's padding spoils on every side of a block; serving computes as many more
            and throws them away, so that blocks join exactly.
    """

    name: str
    inputs: tuple[InputSpec, ...]
    outputs: tuple[OutputSpec, ...]
    expression_field: tuple[int, int] = (1, 1)
    scale_factor: Fraction = Fraction(1)
    fully_convolutional: bool = False
    architecture: str = ""
    trained: bool = True
    margin: tuple[int, int] = (0, 0)

    def __post_init__(self) -> None:
        _check_size("Expression field", self.expression_field)
        if not self.inputs or not self.outputs:
            raise BadModel("The contract", expected="inputs and outputs", received=f"{len(self.inputs)} and {len(self.outputs)}")
        if self.scale_factor <= 0:
            raise BadModel("Scale factor", expected="above 0", received=self.scale_factor)

    @property
    def classes(self) -> tuple[LandClass, ...]:
        """Of the first output that has any; empty for a model that tells no classes."""
        return next((output.classes for output in self.outputs if output.classes), ())


def class_output(name: str, classes: tuple[LandClass, ...]) -> OutputSpec:
    """The output that gives the code of the winning class."""
    codes = [c.code for c in classes]
    return OutputSpec(name, "classes", ("class",), code_dtype(codes), classes, class_type(codes)[1])


def read(folder: str) -> Contract | None:
    """The contract in a model folder, or beside a `.keras` file; None where there is none: a foreign model, whose graph has to be asked.

    Raises:
        BadModel: the document cannot be read, or something in it is wrong; the message names it.
    """
    from . import mlm  # imports this module

    place = os.path.dirname(folder) if os.path.isfile(folder) else folder
    path = os.path.join(place, DOCUMENT)
    of_another = place != folder and os.path.isfile(os.path.join(place, GRAPH))  # a SavedModel: its own, with other outputs
    if not os.path.isfile(path) or of_another:
        return None
    try:
        with open(path, encoding="utf-8") as file:
            document = json.load(file)
    except (OSError, ValueError) as error:
        raise BadModel(f"The model's contract {path} is corrupt ({error})", remedy=mlm.REMEDY) from error
    try:
        return mlm.from_document(document)
    except BadModel as error:
        raise BadModel(f"The model's contract {path} is corrupt. {error}", remedy=mlm.REMEDY) from error


def write(folder: str, contract: Contract) -> None:
    """Put the contract into a model folder that is being written (one under its temporary name)."""
    from . import mlm

    path = os.path.join(folder, DOCUMENT)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        json.dump(mlm.to_document(contract), file, indent=2, ensure_ascii=False, allow_nan=False)


def _check_size(what: str, size: tuple[int, int]) -> None:
    if len(size) != 2 or any(not isinstance(side, int) or side < 1 for side in size):
        raise BadModel(what, expected="width and height in pixels, both at least 1", received=size)
