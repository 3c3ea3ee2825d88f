"""Super-resolution, and how near images come to what they should be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Optional

from ..fields import bounded, choice
from .base import Job
from .serving import PIXEL_TYPES, Serving


@dataclass(frozen=True)
class CompareQuality(Job):
    """PSNR, SSIM, SAM and ERGAS of an image against a reference on the same grid.

    Attributes:
        nodata: value that means "no data" in both; None: what each file says itself.
        border: pixels at every edge that are left out.
        peak: L of PSNR and SSIM, in pixel values; 0: 255 for bytes, else the range of the reference.
        ratio: of ERGAS: spacing of the low-resolution image that the image was made from ÷ spacing of the image.
    """

    name: ClassVar[str] = "comparequality"
    image: str = ""
    reference: str = ""
    nodata: Optional[float] = None
    border: int = bounded(0, low=0)
    peak: float = bounded(0.0, low=0.0)
    ratio: float = bounded(4.0, above=0.0)
    output_html: str = ""


@dataclass(frozen=True)
class Superresolve(Serving):
    """The image that a model makes of source 1, with smaller pixels, as the same measurements; further sources may help (fusion).

    Attributes:
        outputs: of the model, stacked; none: its main one.
        dtype: pixel type; automatic: that of the source.
    """

    name: ClassVar[str] = "superresolve"
    outputs: tuple[str, ...] = ()
    dtype: str = choice(PIXEL_TYPES)
    output: str = ""
