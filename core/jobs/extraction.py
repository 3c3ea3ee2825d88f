"""Patches and their truth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Optional

from ..fields import bounded, choice
from .base import NODATA_RULES, Job, Part


@dataclass(frozen=True)
class PatchSource(Part):
    """Images stacked to feed one model input, and the patches to cut from them. `width`, `height`: of a patch, in this source's pixels."""

    images: tuple[str, ...] = ()
    width: int = bounded(16, low=1)
    height: int = bounded(16, low=1)
    nodata: Optional[float] = None
    output: str = ""


@dataclass(frozen=True)
class LabelImage(Part):
    """Truth as a raster, cut into label patches. `width`, `height`: of a patch, in its pixels; None: the ground of source 1's patch.

    Whole numbers are classes (segmentation), others measurements. `nodata`: value of pixels without truth; None: its own, if it has one.
    """

    image: str = ""
    width: Optional[int] = None
    height: Optional[int] = None
    nodata: Optional[float] = None


@dataclass(frozen=True)
class ExtractPatches(Job):
    """Patches of every source at the points, and their truth: a class (`field`), measurements (`targets`) or label patches (`labels`).

    Attributes:
        padding: keep patches that reach over the image, padded by reflection.
        nodata_rule: a pixel has no data if "all" or "any" of its bands have none.
        output_records: folder for TFRecord shards, an output beside the patch images or instead of them.
        records_per_file: patches in one of them.
    """

    name: ClassVar[str] = "extractpatches"
    sources: tuple[PatchSource, ...] = ()
    points: str = ""
    points_layer: str = ""
    field: str = ""
    targets: tuple[str, ...] = ()
    labels: LabelImage = LabelImage()
    padding: bool = False
    nodata_rule: str = choice(NODATA_RULES)
    output_labels: str = ""
    rejected: str = ""
    output_records: str = ""
    records_per_file: int = bounded(1000, low=1)
    output_html: str = ""
