"""The report of a comparison: one HTML page with all figures and pictures, and how the figures are computed."""

from __future__ import annotations

import os
from collections.abc import Sequence
from html import escape

from ..jobs import CompareQuality
from ..page import Cell, picture, section, table, write_page
from .detail import detail_picture, worst_window
from .figures import Quality
from .pair import Pair
from .peak import Peak
from .pictures import Views

_HEADER = ("Band", "Mean of the reference", "RMSE", "MAE", "Bias", "Correlation", "PSNR (dB)", "SSIM")
METHODS = (
    "RMSE is the root mean squared error, MAE the mean of the errors' size, bias the mean of image − reference, all in pixel values; "
    "correlation is Pearson's. Over all bands: the root of the mean of the squared RMSEs, of the others the mean.",
    "PSNR = 20 log10(peak ÷ RMSE). SSIM: Wang et al. (2004), windows of 11 × 11 pixels weighted by a Gaussian of 1.5 pixels, K1 0.01, K2 "
    "0.03, population covariance; windows that reach over the edge or touch pixels without data are left out. Both depend on the peak: "
    "figures of different scenes can be compared only if it is the same.",
    "SAM is the mean angle between the spectra of image and reference: Yuhas et al. (1992). 0 is best; it tells wrong colours, and not "
    "wrong brightness. ERGAS = 100 ÷ ratio · root of the mean of (RMSE ÷ mean of the reference)² over the bands: Wald (2000). 0 is best.",
)


def write_report(job: CompareQuality, found: Quality, peak: Peak, pictures: Sequence[str], said: list[str]) -> None:
    """Write the page to the job's `output_html`. `said`: remarks on the figures; `pictures`: parts of the page.

    Raises:
        CannotWrite: disk full, no such folder, no permission.
    """
    image, reference = os.path.basename(job.image), os.path.basename(job.reference)
    border = f", without {job.border} pixels at every edge" if job.border else ""
    lead = f"{image} against the reference {reference}: {found.pixels:,} pixels{border}, {len(found.bands)} bands."
    write_page(
        job.output_html,
        "Quality of the image",
        f'<p class="lead">{escape(lead)}</p>\n',
        *(f'<p class="warning">{escape(sentence)}</p>\n' for sentence in said),
        table(_overall(job, found, peak)),
        section("Bands", table(_bands(found), _HEADER)),
        section("Where they differ", *pictures),
        section("How the figures are computed", *(f"<p>{escape(text)}</p>\n" for text in METHODS)),
    )


def pictures_of(pair: Pair, views: Views) -> tuple[str, ...]:
    """The overviews, and where they differ most in full; made while the images are open."""
    size = "one pixel" if views.step == 1 else f"the mean of {views.step} × {views.step} pixels"
    window = worst_window(views.difference, views.step, pair.compared)
    place = (
        f"rows {window.row} to {window.row + window.height - 1}, columns {window.col} to {window.col + window.width - 1}, counted from 0"
    )
    return (
        f"<p>The whole: each point is {size}. Grey: not compared.</p>\n",
        picture(views.picture(), "Reference and image in the same colours, the size of their difference, and SSIM"),
        f"<p>Where the difference is largest, in full ({place}):</p>\n",
        picture(detail_picture(pair, views.bands, window), "Reference, image and the size of their difference"),
    )


def _overall(job: CompareQuality, found: Quality, peak: Peak) -> list[tuple[str, Cell]]:
    return [
        ("PSNR (dB), the more the better", found.psnr),
        ("SSIM, 1 is best", found.ssim),
        ("SAM (degrees), 0 is best", found.sam),
        (f"ERGAS, 0 is best (ratio {job.ratio:g})", found.ergas),
        ("RMSE", found.rmse),
        ("Peak of PSNR and SSIM", f"{peak.value:g}: {peak.origin}"),
    ]


def _bands(found: Quality) -> list[tuple[Cell, ...]]:
    bands: list[tuple[Cell, ...]] = [
        (band.name, band.mean, band.rmse, band.mae, band.bias, band.correlation, band.psnr, band.ssim) for band in found.bands
    ]
    overall = ("All bands", None, found.rmse, found.mae, found.bias, found.correlation, found.psnr, found.ssim)
    return [*bands, overall]
