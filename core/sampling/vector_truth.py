"""Candidates from vector truth: polygons, lines or points with a class each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field

import numpy as np

from ..errors import BadTruth
from ..raster.source import Source
from ..reporting import Reporter
from ..reprojection import Geometry
from ..vector import Feature, VectorReader
from .burn import covered, pixel_window
from .candidates import MOST_PIXELS, Batch, strips
from .on_grid import valid_pixels
from .truth import Label, label_of

NULL_CLASS, NO_GEOMETRY, OUTSIDE, NO_PIXEL, NO_DATA = (
    "without a class",
    "without a usable geometry",
    "outside the image",
    "too small to hold a pixel's centre",
    "wholly in no-data or outside the mask",
)


@dataclass(frozen=True)
class Outcome:
    """What became of one feature of the truth.

    Attributes:
        fid: its id in its file.
        label: its class; None if it has none.
        pixels: candidates that it gives.
        left_out: pixels under it that are none, for no-data or the mask.
        reason: why it gives no candidate at all; empty if it gives some.
    """

    fid: int
    label: Label | None
    pixels: int = 0
    left_out: int = 0
    reason: str = ""


@dataclass
class Losses:
    """What of the truth gives no candidates: features by reason, and pixels within no-data or the mask."""

    features: Counter[str] = field(default_factory=Counter)
    pixels: int = 0

    def add(self, outcome: Outcome) -> None:
        """One more feature."""
        self.pixels += outcome.left_out
        if outcome.reason:
            self.features[outcome.reason] += 1

    def sentences(self) -> list[str]:
        """For the log."""
        lines = [f"{count} features {reason} were left out." for reason, count in self.features.items()]
        return lines + ([f"{self.pixels} pixels of the truth lie in no-data or outside the mask and were left out."] if self.pixels else [])


class VectorTruth:
    """The pixels of `image` that the features of `truth` cover, where the image has data and the mask is above 0.

    Features are taken in the order of the file, each row by row; a pixel under several features is a candidate of each.
    A large feature is handled in strips of `most_pixels`. `on_feature` is told what became of each feature, in their order, once
    all its batches were taken.
    """

    def __init__(
        self,
        truth: VectorReader,
        field_name: str,
        image: Source,
        mask: Source | None,
        reporter: Reporter,
        most_pixels: int = MOST_PIXELS,
        *,
        on_feature: Callable[[Outcome], None] | None = None,
    ) -> None:
        truth.check_field(field_name)
        self._truth, self._field, self._image, self._mask = truth, field_name, image, mask
        self._reporter, self._most_pixels, self._on_feature = reporter, most_pixels, on_feature
        self.losses = Losses()

    def batches(self) -> Iterator[Batch]:
        """See Candidates. `losses` says afterwards what this pass left out."""
        self.losses = Losses()
        for index, feature in enumerate(self._truth.features(self._image.grid.crs)):
            self._reporter.progress(index / max(len(self._truth), 1), f"feature {index + 1}")
            label = label_of(feature.attributes[self._field], self._field)
            if label is None:
                outcome = Outcome(feature.fid, None, reason=NULL_CLASS)
            elif feature.geometry is None:
                outcome = Outcome(feature.fid, label, reason=NO_GEOMETRY)
            else:
                outcome = yield from self._of_feature(feature, feature.geometry, label)
            self.losses.add(outcome)
            if self._on_feature is not None:
                self._on_feature(outcome)

    def totals(self) -> Counter[Label]:
        """See Candidates. As `batches`, it says what was left out."""
        counts: Counter[Label] = Counter()
        for batch in self.batches():
            counts[batch.label] += batch.pixels.size
        return counts

    def _of_feature(self, feature: Feature, geometry: Geometry, label: Label) -> Generator[Batch, None, Outcome]:
        window = pixel_window(geometry, self._image.grid)
        if window.empty:
            return Outcome(feature.fid, label, reason=OUTSIDE)
        taken = left_out = 0
        for strip in strips(window, self._most_pixels):
            self._reporter.check()
            pixels = covered(geometry, self._image.grid, strip)
            if not pixels.any():
                continue
            positions = np.flatnonzero(pixels & valid_pixels(self._image, self._mask, strip))
            taken += positions.size
            left_out += int(np.count_nonzero(pixels)) - positions.size
            yield Batch(label, strip, positions, feature)
        reason = "" if taken else NO_DATA if left_out else NO_PIXEL
        return Outcome(feature.fid, label, taken, left_out, reason)

    def explain_nothing(self) -> BadTruth:
        """The error for a truth without a single candidate."""
        reasons = [f"{count} of {len(self._truth)} features {reason}" for reason, count in self.losses.features.items()]
        reasons += [f"{self.losses.pixels} pixels in no-data or outside the mask"] if self.losses.pixels else []
        return BadTruth(
            "Not one pixel of the image can be a sample",
            expected="truth that overlaps the image",
            received="; ".join(reasons) or "no feature at all",
            remedy="Check the truth's CRS, the mask and the no-data value.",
        )
