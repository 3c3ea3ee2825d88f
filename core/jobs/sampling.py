"""Which places to learn from: counts, samples, patches on a grid."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar, Optional

from ..errors import BadParameter
from ..fields import bounded, choice
from .base import Job, Part

STRATEGIES = ("smallest", "constant", "percent", "total", "all", "byclass")
SAMPLERS = ("random", "periodic")
PATCH_STRATEGIES = ("chessboard", "split", "all", "balanced")


@dataclass(frozen=True)
class Sampling(Part):
    """How many samples of each class, which of the candidates, and which of them are kept for validation.

    Attributes:
        strategy: smallest (as many as the rarest class has), constant (`number` of each), percent (`percent` of each), total (`number`
            in all, shared in proportion), all, byclass (counts from the CSV file `byclass`, columns class and count).
        number: samples a class (constant) or in all (total).
        percent: share of each class's pixels, in percent.
        byclass: path of the CSV file of the strategy byclass.
        sampler: random (exact count) or periodic (every n-th candidate, in the order of the truth).
        jitter: of the periodic sampler, in candidates: each sample moves at random by up to so many, within its period.
        validation_share: share of the samples that goes to validation, from 0 to below 1. 0 with validation areas: as many as they
            have in proportion.
        spatial_block: side of the square areas that go to training or to validation as a whole, in map units; 0: each polygon
            goes to one side as a whole (label images have no polygons: each pixel for itself).
        validation_areas, validation_areas_layer: polygons; all in them may validate, all else may train. Empty: no such layer.
        spatial_buffer: in map units; no sample trains that is nearer than this to a pixel that may validate.
        seed: of everything random.
    """

    strategy: str = choice(STRATEGIES)
    number: int = bounded(1000, low=1)
    percent: float = bounded(10.0, low=0.0, high=100.0)
    byclass: str = ""
    sampler: str = choice(SAMPLERS)
    validation_share: float = bounded(0.0, low=0.0, high=0.99)
    spatial_block: float = bounded(0.0, low=0.0)
    validation_areas: str = ""
    validation_areas_layer: str = ""
    spatial_buffer: float = bounded(0.0, low=0.0)
    jitter: int = bounded(0, low=0)
    seed: int = bounded(0, low=0)

    @property
    def splits(self) -> bool:
        """Whether there are validation samples at all."""
        return bool(self.validation_share or self.validation_areas)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.strategy == "byclass" and not self.byclass:
            raise BadParameter("Strategy byclass", expected="a CSV file with the columns class and count", received="none")


@dataclass(frozen=True)
class ClassStatistics(Job):
    """How many pixels of `image` each class and each feature of a vector truth covers; `mask`: raster, above 0 is valid.

    Attributes:
        output: CSV, a row for each class.
        output_features: CSV, a row for each feature.
    """

    name: ClassVar[str] = "classstatistics"
    image: str = ""
    truth: str = ""
    truth_layer: str = ""
    field: str = ""
    mask: str = ""
    output: str = ""
    output_features: str = ""
    output_html: str = ""


@dataclass(frozen=True)
class SelectSamples(Job):
    """Sample positions (points at pixel centres of `image`) from vector truth; `mask`: raster, above 0 is valid."""

    name: ClassVar[str] = "selectsamples"
    image: str = ""
    truth: str = ""
    truth_layer: str = ""
    field: str = ""
    mask: str = ""
    sampling: Sampling = Sampling()
    output: str = ""
    output_validation: str = ""
    rates: str = ""
    output_html: str = ""


@dataclass(frozen=True)
class SelectSamplesFromLabels(Job):
    """Sample positions from a label image (its first band). `nodata`: label that is none; `padding`: border left out, in pixels."""

    name: ClassVar[str] = "selectsamplesfromlabels"
    labels: str = ""
    nodata: Optional[float] = None
    padding: int = bounded(0, low=0)
    sampling: Sampling = Sampling()
    output: str = ""
    output_validation: str = ""
    rates: str = ""
    output_html: str = ""


@dataclass(frozen=True)
class SelectPatches(Job):
    """Positions of patches on a regular grid over an image; a patch is kept only if all of its pixels have data.

    Attributes:
        nodata: value that means "no data" in the image; None: the image's own.
        mask: raster on the image's grid; a patch is kept only if all of its pixels are above 0 there. Empty: none.
        patch_size: rows and columns of a patch, in pixels.
        step: from one patch to the next, in pixels; 0: the patch size, side by side.
        offset_x, offset_y: columns and rows before the first patch, in pixels.
        strategy: chessboard (every other patch validates), split (at random, by the shares), all (all train), balanced (those
            that show the classes of `labels` about equally often, then by the shares).
        training_share, validation_share, test_share: of the patches; what they leave of 1 is left out.
        labels: label image on the image's grid, for the strategy balanced.
        number_of_classes: labels from 0 to this number − 1 are classes, others none; 0: every label is one.
        spatial_share: of all patches, those with which the strategy balanced begins, as they come.
    """

    name: ClassVar[str] = "selectpatches"
    image: str = ""
    nodata: Optional[float] = None
    mask: str = ""
    patch_size: int = bounded(16, low=1)
    step: int = bounded(0, low=0)
    offset_x: int = bounded(0, low=0)
    offset_y: int = bounded(0, low=0)
    strategy: str = choice(PATCH_STRATEGIES)
    training_share: float = bounded(0.5, low=0.0, high=1.0)
    validation_share: float = bounded(0.25, low=0.0, high=1.0)
    test_share: float = bounded(0.25, low=0.0, high=1.0)
    labels: str = ""
    number_of_classes: int = bounded(0, low=0)
    spatial_share: float = bounded(0.25, low=0.0, high=1.0)
    seed: int = bounded(0, low=0)
    output: str = ""
    output_validation: str = ""
    output_test: str = ""

    @property
    def shares(self) -> tuple[float, float, float]:
        """Of training, validation and test, as the strategy has them."""
        if self.strategy in ("chessboard", "all"):
            return (0.5, 0.5, 0.0) if self.strategy == "chessboard" else (1.0, 0.0, 0.0)
        return self.training_share, self.validation_share, self.test_share

    def __post_init__(self) -> None:
        super().__post_init__()
        in_all = sum(Fraction(str(share)) for share in self.shares)  # as typed: 0.1 + 0.2 + 0.7 is 1
        if in_all > 1:
            raise BadParameter("The shares of training, validation and test", expected="at most 1 in all", received=float(in_all))
        if self.strategy == "balanced" and not self.labels:
            raise BadParameter("Strategy balanced", expected="a label image", received="none")
