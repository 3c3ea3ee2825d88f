"""One list of classes for a map and its reference, which may call them by names or by codes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import isfinite

from ..classes import Colour, LandClass, make_classes
from ..painting import map_classes, match
from ..raster.legend import Legend
from ..sampling.truth import Label
from .class_map import Coverage


@dataclass(frozen=True)
class AssessedClass:
    """A class of the comparison.

    Attributes:
        code: in the map; None for a class that only the reference has.
        pixels: of the whole map.
        area: of them on the ground, in m²; NaN where the map's CRS tells none.
    """

    name: str
    code: int | None
    colour: Colour
    pixels: int = 0
    area: float = 0.0


@dataclass(frozen=True)
class ClassList:
    """The classes that the map or the reference has, and where each code and each label stands among them.

    Classes of one name are one class, whatever their codes.
    """

    classes: tuple[AssessedClass, ...]
    of_code: Mapping[int, int]
    of_label: Mapping[Label, int]

    @property
    def names(self) -> list[str]:
        """In their order."""
        return [c.name for c in self.classes]

    @property
    def only_in_reference(self) -> list[str]:
        """Names of classes that the map's legend does not know."""
        return [c.name for c in self.classes if c.code is None]

    @property
    def area(self) -> float | None:
        """Of the whole map, in m²; None where it is not known."""
        total = sum(c.area for c in self.classes)
        return total if isfinite(total) else None

    def is_right(self, label: Label, code: int) -> bool:
        """Whether a code of the map says the same as a reference class."""
        return self.of_code[code] == self.of_label[label]


def shared_names(names: Mapping[int, str], legend: Iterable[str]) -> dict[int, str]:
    """The names of another raster if it speaks the map's language: if one of them at least is a name of the map. Else its codes count."""
    known = {folded(name) for name in legend}
    return dict(names) if any(folded(name) in known for name in names.values()) else {}


def list_classes(coverage: Mapping[int, Coverage], legend: Legend, labels: Iterable[Label], names: Mapping[int, str]) -> ClassList:
    """The classes, those of the map in the order of their codes, then those of the reference alone.

    Args:
        coverage: of the codes that the map holds.
        labels: of the reference; `names`: of its codes, where these count.
    """
    known = map_classes(coverage, legend.names, legend.colours)
    found = {label: match(names.get(label, label) if isinstance(label, int) else label, known) for label in labels}
    wanted = set(coverage) | {c.code for c in found.values() if c is not None}
    classes, of_code = _merged([c for c in known if c.code in wanted], coverage)
    strangers = sorted((label for label, c in found.items() if c is None), key=lambda label: (isinstance(label, str), label))
    spoken = [names.get(label, f"class {label}") if isinstance(label, int) else label for label in strangers]
    made = make_classes(enumerate([c.name for c in classes] + spoken))[len(classes) :]
    of_label = {label: of_code[c.code] for label, c in found.items() if c is not None}
    of_label |= {label: len(classes) + place for place, label in enumerate(strangers)}
    return ClassList((*classes, *(AssessedClass(c.name, None, c.colour) for c in made)), of_code, of_label)


def list_alike(first: ClassList, coverage: Mapping[int, Coverage], legend: Legend) -> ClassList:
    """The classes of another map against the same reference, whose classes are what they are to the first map: by name, since the
    reference may speak in codes of the first map."""
    found = list_classes(coverage, legend, {first.names[place] for place in first.of_label.values()}, {})
    return replace(found, of_label={label: found.of_label[first.names[place]] for label, place in first.of_label.items()})


def _merged(known: Sequence[LandClass], coverage: Mapping[int, Coverage]) -> tuple[list[AssessedClass], dict[int, int]]:
    """The classes of the map, and where each code stands among them."""
    classes: list[AssessedClass] = []
    places: dict[str, int] = {}
    of_code: dict[int, int] = {}
    for c in known:
        more = coverage.get(c.code, Coverage())
        place = places.setdefault(folded(c.name), len(classes))
        if place == len(classes):
            classes.append(AssessedClass(c.name, c.code, c.colour))
        before = classes[place]
        classes[place] = replace(before, pixels=before.pixels + more.pixels, area=before.area + more.area)
        of_code[c.code] = place
    return classes, of_code


def folded(name: str) -> str:
    """By which names of classes are compared."""
    return name.strip().lower()
