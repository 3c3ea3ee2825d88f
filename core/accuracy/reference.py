"""The reference that a map is judged by: points, lines or polygons with a field, or a raster of class codes on the map's grid."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from ..errors import BadParameter
from ..jobs import AssessAccuracy
from ..raster.legend import read_legend
from ..reporting import Reporter
from ..sampling.candidates import Batch
from ..sampling.label_truth import LabelTruth
from ..sampling.on_grid import open_on
from ..sampling.truth import Label, warn_without_crs
from ..sampling.vector_truth import Losses, Outcome, VectorTruth
from ..vector import VectorReader
from .class_map import ClassMap
from .classes import folded
from .point_truth import PointTruth

POINTS, SHAPES, RASTER = "points", "shapes", "raster"


@dataclass
class Reference:
    """Samples of known class, as the pixels of the map that they lie on.

    Attributes:
        stream: the pixels, a portion of one class after the other.
        kind: points, shapes (polygons, lines, or all sorts) or raster: what tells whether the samples are independent of each other.
        names: of the classes of a raster, where its files tell.
        ignored: how many pixels of each class were left out because the user said so.
        features: polygons or lines that gave a pixel at least.
    """

    stream: Callable[[], Iterator[Batch]]
    kind: str
    ignore: frozenset[str]
    names: dict[int, str] = field(default_factory=dict)
    losses: Losses = field(default_factory=Losses)
    ignored: Counter[Label] = field(default_factory=Counter)
    features: int = 0

    def batches(self) -> Iterator[Batch]:
        """The pixels of the classes that count."""
        for batch in self.stream():
            if self._ignores(batch.label):
                self.ignored[batch.label] += batch.pixels.size
            elif batch.pixels.size:
                yield batch

    def _ignores(self, label: Label) -> bool:
        name = self.names.get(label) if isinstance(label, int) else None
        return folded(str(label)) in self.ignore or (name is not None and folded(name) in self.ignore)

    def count_feature(self, outcome: Outcome) -> None:
        """What became of one feature of a vector layer."""
        self.losses.add(outcome)
        self.features += not outcome.reason


def open_reference(job: AssessAccuracy, judged: ClassMap, exits: contextlib.ExitStack, reporter: Reporter) -> Reference:
    """The reference of a job; its files are closed with `exits`.

    Raises:
        BadParameter: none was given, or two.
        BadTruth: there is no such field.
        GridMismatch: a raster on another grid than the map.
    """
    ignore = frozenset(folded(name) for name in job.ignore.split(",")) - {""}
    if bool(job.truth) == bool(job.reference):
        received = "both" if job.truth else "none"
        raise BadParameter("Reference", expected="either a vector layer (TRUTH) or a raster (REFERENCE)", received=received)
    if job.reference:
        labels = exits.enter_context(open_on(judged.path, job.reference, job.nodata))
        return Reference(LabelTruth(labels, 0, reporter).batches, RASTER, ignore, read_legend(job.reference).names)
    vector = exits.enter_context(VectorReader(job.truth, job.truth_layer))
    warn_without_crs(vector.crs, judged.source.grid.crs, reporter.warn)
    if vector.geometry_type.removeprefix("3D ") in ("Point", "MultiPoint"):
        losses = Losses()
        points = PointTruth(vector, job.field, judged.source.grid, losses, reporter)
        return Reference(points.batches, POINTS, ignore, losses=losses)
    truth = VectorTruth(vector, job.field, judged.source, None, reporter, on_feature=lambda outcome: reference.count_feature(outcome))
    reference = Reference(truth.batches, SHAPES, ignore)
    return reference
