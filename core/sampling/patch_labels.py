"""One truth a patch, as an image of one column: the code of its class, or its measurements."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..classes import LandClass, make_classes
from ..raster.source import Source
from ..raster.statistics import BandStatistics
from ..raster.writer import Bands, RasterWriter
from . import sidecar
from .codes import code_table, label_dtype
from .patch_images import describe, numbers, stack
from .samples import Samples

STRIP = 8192  # rows


@dataclass(frozen=True)
class PatchLabels:
    """What is to be learnt of each patch.

    Attributes:
        kind: "labels" (classes) or "targets" (measurements).
        values: (samples, bands) in the type that is written.
        bands: their names.
        classes: those that have samples, of labels.
    """

    kind: str
    values: np.ndarray
    bands: tuple[str, ...]
    classes: tuple[LandClass, ...] = ()

    def write(self, path: str, samples: Samples, reference: Source) -> None:
        """The image [samples, 1, bands] with its sidecar."""
        bands = Bands(self.values.dtype.name, self.bands, classes=self.classes, strip_rows=min(len(samples), STRIP))
        with RasterWriter(path, stack(len(samples), 1, 1), bands) as writer:
            writer.write(self.values[:, np.newaxis, :], 0, 0)
        beside = replace(describe(self.kind, samples, reference, (1, 1), self.bands), classes=self.classes)
        if self.kind == sidecar.TARGETS:
            statistics = BandStatistics(len(self.bands))
            statistics.feed(self.values[:, np.newaxis, :])
            beside = replace(beside, **numbers(statistics))
        sidecar.write(path, beside)


def class_labels(samples: Samples) -> PatchLabels:
    """The code of each sample's class."""
    codes = code_table(samples.labels)
    values = np.array([codes[label] for label in samples.labels], np.int64)[samples.label]
    present = set(np.unique(values).tolist())
    classes = make_classes(sorted((code, str(label)) for label, code in codes.items() if code in present))
    return PatchLabels(sidecar.LABELS, values.astype(label_dtype(present))[:, np.newaxis], ("class",), classes)


def measurements(samples: Samples, fields: tuple[str, ...]) -> PatchLabels:
    """The values of these fields."""
    return PatchLabels(sidecar.TARGETS, samples.values, fields)
