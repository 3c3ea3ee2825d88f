"""Candidates from vector truth: polygons, lines or points with a class each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
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

NULL_CLASS, NO_GEOMETRY, OUTSIDE, NO_PIXEL = (
    "without a class",
    "without a usable geometry",
    "outside the image",
    "too small to hold a pixel's centre",
)


@dataclass
class Losses:
    """What of the truth gives no candidates: features by reason, and pixels within no-data or the mask."""

    features: Counter[str] = field(default_factory=Counter)
    pixels: int = 0

    def sentences(self) -> list[str]:
        """For the log."""
        lines = [f"{count} features {reason} were left out." for reason, count in self.features.items()]
        return lines + ([f"{self.pixels} pixels of the truth lie in no-data or outside the mask and were left out."] if self.pixels else [])


class VectorTruth:
    """The pixels of `image` that the features of `truth` cover, where the image has data and the mask is above 0.

    Features are taken in the order of the file, each row by row; a pixel under several features is a candidate of each.
    A large feature is handled in strips of `most_pixels`.
    """

    def __init__(
        self,
        truth: VectorReader,
        field_name: str,
        image: Source,
        mask: Source | None,
        reporter: Reporter,
        most_pixels: int = MOST_PIXELS,
    ) -> None:
        truth.check_field(field_name)
        self._truth, self._field, self._image, self._mask = truth, field_name, image, mask
        self._reporter, self._most_pixels = reporter, most_pixels
        self.losses = Losses()

    def batches(self) -> Iterator[Batch]:
        """See Candidates. `losses` says afterwards what this pass left out."""
        self.losses = Losses()
        for index, feature in enumerate(self._truth.features(self._image.grid.crs)):
            self._reporter.progress(index / max(len(self._truth), 1), f"feature {index + 1}")
            label = label_of(feature.attributes[self._field], self._field)
            if label is None:
                self.losses.features[NULL_CLASS] += 1
            elif feature.geometry is None:
                self.losses.features[NO_GEOMETRY] += 1
            else:
                yield from self._of_feature(feature, feature.geometry, label)

    def totals(self) -> Counter[Label]:
        """See Candidates. As `batches`, it says what was left out."""
        counts: Counter[Label] = Counter()
        for batch in self.batches():
            counts[batch.label] += batch.pixels.size
        return counts

    def _of_feature(self, feature: Feature, geometry: Geometry, label: Label) -> Iterator[Batch]:
        window = pixel_window(geometry, self._image.grid)
        if window.empty:
            self.losses.features[OUTSIDE] += 1
            return
        any_covered = False
        for strip in strips(window, self._most_pixels):
            self._reporter.check()
            pixels = covered(geometry, self._image.grid, strip)
            if not pixels.any():
                continue
            any_covered = True
            valid = pixels & valid_pixels(self._image, self._mask, strip)
            self.losses.pixels += int(pixels.sum() - valid.sum())
            yield Batch(label, strip, np.flatnonzero(valid), feature)
        if not any_covered:
            self.losses.features[NO_PIXEL] += 1

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
