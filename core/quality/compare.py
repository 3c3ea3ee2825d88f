"""The job comparequality: how near an image is to a reference."""

from __future__ import annotations

from typing import Any

from ..errors import BadParameter
from ..jobs import CompareQuality
from ..raster.grid import Window
from ..reporting import Reporter
from ..stream import Stream
from .figures import Quality
from .pair import Block, Pair, open_pair
from .peak import Peak, find_peak
from .pictures import Views
from .report import pictures_of, write_report
from .similarity import HALO
from .tally import QualityTally


def run(job: CompareQuality, reporter: Reporter) -> dict[str, Any]:
    """One pass over both images, before it one for the range of the reference if that is the peak. Memory does not grow with them.

    Returns:
        The figures that are known and finite: no PSNR of equal images, no SAM of a single band.

    Raises:
        GridMismatch: the images lie on different grids.
        BadParameter: they differ in their bands, or not one pixel has data in both.
    """
    with open_pair(job, reporter) as pair:
        peak = find_peak(pair, job.peak, reporter)
        views = Views(pair) if job.output_html else None
        reporter.phase("Comparing the images")
        tally = _compare(pair, QualityTally(pair.reference.band_names, peak.value, job.ratio), views, reporter)
        if not tally.pixels:
            raise BadParameter("Not one pixel has data in both images", remedy="Check their no-data values.")
        pictures = pictures_of(pair, views) if views else ()
        found, whole = tally.scores(), pair.compared.height * pair.compared.width
    said = remarks(found, peak, whole)
    _log(found, peak, said, reporter)
    if job.output_html:
        write_report(job, found, peak, pictures, said)
    return ({"OUTPUT_HTML": job.output_html} if job.output_html else {}) | {name.upper(): value for name, value in found.numbers().items()}


def _compare(pair: Pair, tally: QualityTally, views: Views | None, reporter: Reporter) -> QualityTally:
    def compute(block: Block) -> None:
        similarity = tally.feed(block.reference, block.image, block.valid, HALO, reporter.check)
        if views:
            views.feed(block, similarity)

    stream: Stream[Window, Block, None] = Stream(lambda window: pair.read(window, HALO), compute, lambda window, nothing: None)
    stream.run(pair.windows(), pair.count, reporter)
    return tally


def remarks(found: Quality, peak: Peak, whole: int) -> list[str]:
    """What the user should know of the figures. `whole`: pixels without the border, with data or without."""
    said = []
    if found.rmse == 0:
        said.append("The images are equal wherever they were compared: PSNR is infinite, and left out of the numbers.")
    elif peak.value == 0:
        said.append("The reference has the same value everywhere: PSNR and SSIM need a peak. Give one.")
    if found.ssim is None and peak.value > 0:
        said.append("There is no window of 11 × 11 pixels with data in both images: SSIM is unknown.")
    if len(found.bands) > 1 and found.sam is None:
        said.append("The values of all bands are 0 in every pixel of one of the images: SAM is unknown.")
    if found.ergas is None:
        said.append("The mean of a band of the reference is 0: ERGAS, which divides by it, is unknown.")
    if found.pixels < whole:
        said.append(f"{whole - found.pixels:,} of {whole:,} pixels have no data in the image or the reference: they are left out.")
    return said


def _log(found: Quality, peak: Peak, said: list[str], reporter: Reporter) -> None:
    figures = ", ".join(f"{name.upper()} {value:.4g}" for name, value in found.numbers().items())
    reporter.info(f"{found.pixels:,} pixels, {len(found.bands)} bands, peak {peak.value:g} ({peak.origin}): {figures}")
    for sentence in said:
        reporter.warn(sentence)
