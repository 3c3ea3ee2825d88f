"""What a classifier says of itself: the images, features and classes it was trained with. It lies inside the classifier's file."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from math import hypot
from pathlib import Path
from typing import Any

from ..classes import LandClass
from ..errors import BadModel
from ..inference.fit import hide_transparent, stems_of
from ..model.bands import judge_bands, judge_spacing
from ..model.contract import InputSpec
from ..raster.source import Source
from ..reporting import Reporter
from .recipe import Recipe

REMEDY = "Give the images that the classifier was trained with, in that order, or train it again."


@dataclass(frozen=True)
class ModelRef:
    """The model whose outputs are features.

    Attributes:
        path: where it lay.
        fingerprint: of its files (`fingerprint`).
        outputs: in the order of their features.
        signature, placeholders: how it was called.
    """

    path: str
    fingerprint: str
    outputs: tuple[str, ...]
    signature: str = ""
    placeholders: str = ""


@dataclass(frozen=True)
class ClassifierContract:
    """All that has to be known of a classifier to apply it.

    Attributes:
        classifier: its kind, as the job names it.
        sources: bands and spacing of each.
        recipe: what is computed of the bands.
        model: None where the bands are all.
        features: names, in the order of the columns.
        classes: in the order of the probabilities.
        libraries: versions it was made with.
    """

    classifier: str
    sources: tuple[InputSpec, ...]
    recipe: Recipe
    model: ModelRef | None
    features: tuple[str, ...]
    classes: tuple[LandClass, ...]
    libraries: dict[str, str]

    def to_plain(self) -> dict[str, Any]:
        """As JSON can carry it."""
        return {**asdict(self), "classes": [c.to_plain() for c in self.classes]}

    @classmethod
    def from_plain(cls, values: dict[str, Any]) -> ClassifierContract:
        """What `to_plain` described; any of KeyError, TypeError, ValueError or BadModel for what is none."""
        sources = tuple(
            InputSpec(**{**spec, "bands": tuple(spec["bands"]), "receptive_field": tuple(spec["receptive_field"])})
            for spec in values["sources"]
        )
        recipe, model = values["recipe"], values["model"]
        return cls(
            str(values["classifier"]),
            sources,
            Recipe(**{**recipe, "counts": tuple(recipe["counts"]), "indices": tuple((int(a), int(b)) for a, b in recipe["indices"])}),
            None if model is None else ModelRef(**{**model, "outputs": tuple(model["outputs"])}),
            tuple(values["features"]),
            tuple(LandClass.from_plain(c) for c in values["classes"]),
            dict(values["libraries"]),
        )


def describe_source(number: int, source: Source, side: int) -> InputSpec:
    """A source as the contract keeps it; `side`: of the square of pixels that is read."""
    return InputSpec(f"source{number}", source.band_names, source.count, source.dtype.name, (side, side), _spacing(source))


def check_source(number: int, source: Source, spec: InputSpec, reporter: Reporter) -> None:
    """Hold a source to the one that the classifier was trained with.

    Raises:
        BadModel: another number of bands, or others by name; with both lists.
    """
    hide_transparent(number, source, spec.band_count, reporter)
    judgement = judge_bands(spec, source.band_names, stems_of(source)) if source.count == spec.band_count else None
    if judgement is None or judgement.fault:
        raise BadModel(
            f"Source {number} has other bands than the classifier was trained with, or in another order",
            expected=f"{spec.band_count} ({', '.join(spec.bands)})",
            received=f"{source.count} ({', '.join(source.band_names)})",
            remedy=REMEDY,
        )
    for warning in (judgement.warning, judge_spacing(spec, _spacing(source)).warning):
        if warning:
            reporter.warn(f"Source {number}: {warning.replace('the model', 'the classifier')}")


def _spacing(source: Source) -> float:
    return hypot(source.grid.transform.a, source.grid.transform.d)


def fingerprint(model: str) -> str:
    """SHA-256 of the names and contents of a model's files: the same wherever it lies. Hidden files, which systems
    leave about, do not count.

    Raises:
        BadModel: there is no such model.
    """
    place = Path(model)
    files = [place] if place.is_file() else sorted(path for path in place.rglob("*") if path.is_file() and not path.name.startswith("."))
    if not files:
        raise BadModel(f"There is no model at {model}", remedy="Give the folder where it lies now (MODEL).")
    digest = hashlib.sha256()
    for path in files:
        name = path.name if path == place else path.relative_to(place).as_posix()
        digest.update(f"{name}\0{_sha256(path)}\n".encode())
    return digest.hexdigest()


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while part := file.read(1 << 20):
            digest.update(part)
    return digest.hexdigest()
