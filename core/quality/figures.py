"""How near an image is to a reference: what the figures are, and their formulas. Of n pixels in B bands, e = image − reference:

- RMSE_b = √(mean e²), MAE_b = mean |e|, bias_b = mean e, and Pearson's correlation, of each band; overall RMSE = √(mean over bands of
  RMSE_b²), of the others the mean over the bands.
- PSNR = 20 log₁₀(L / RMSE), in dB, of each band and, with the overall RMSE, of all; L is the peak, one for all bands.
- SSIM: core/quality/similarity.py; overall, the mean over the bands.
- SAM = mean angle between the spectra of image and reference, in degrees: Yuhas, Goetz & Boardman, "Discrimination among semi-arid
  landscape endmembers using the spectral angle mapper (SAM) algorithm" (1992). A spectrum that is all 0 has no direction: such pixels are
  left out.
- ERGAS = 100 / ratio · √(mean over bands of (RMSE_b / mean of the reference_b)²): Wald, "Quality of high resolution synthesised images: is
  there a simple criterion?" (2000).

A figure that has no meaning is None: PSNR and SSIM without a peak (a reference of one value), SSIM without a whole window, SAM of one band,
ERGAS where the reference's mean is 0, a correlation with what does not vary. PSNR of equal images is infinite.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, isfinite, log10

import numpy as np


@dataclass(frozen=True)
class BandQuality:
    """Of one band. `mean`: of the reference; it, `rmse`, `mae` and `bias` are in pixel values, `psnr` in dB."""

    name: str
    mean: float
    rmse: float
    mae: float
    bias: float
    correlation: float | None
    psnr: float | None
    ssim: float | None


@dataclass(frozen=True)
class Quality:
    """Of all bands, and each one's own. `pixels`: how many were compared; `psnr` in dB, `sam` in degrees."""

    pixels: int
    psnr: float | None
    ssim: float | None
    sam: float | None
    ergas: float | None
    rmse: float
    mae: float
    bias: float
    correlation: float | None
    bands: tuple[BandQuality, ...]

    def numbers(self) -> dict[str, float]:
        """The main figures, by the names that logs and outputs use. What is unknown or infinite is left out: JSON knows neither."""
        found = {name: getattr(self, name) for name in ("psnr", "ssim", "sam", "ergas", "rmse")}
        return {name: value for name, value in found.items() if value is not None and isfinite(value)}


def psnr(rmse: float, peak: float) -> float | None:
    """Peak signal-to-noise ratio in dB; infinite without any error, None without a peak."""
    if rmse == 0:
        return inf
    return 20 * log10(peak / rmse) if peak > 0 else None


def ergas(rmse: np.ndarray, mean: np.ndarray, ratio: float) -> float | None:
    """Relative global error of synthesis, in percent; the less, the better.

    Args:
        rmse, mean: of each band; the mean is the reference's.
        ratio: spacing of the low-resolution image ÷ spacing of the high-resolution one.
    """
    if not mean.all():
        return None
    return float(100 / ratio * np.sqrt(np.mean((rmse / mean) ** 2)))


def spectral_angles(reference: np.ndarray, image: np.ndarray) -> np.ndarray:
    """Angles in degrees between spectra (pixels, bands) → (pixels); NaN where one of them is all 0.

    From the half-angle's tangent, as in Kahan, "How futile are mindless assessments of roundoff" (2006): the arc cosine of the usual
    formula cannot tell angles below 10⁻⁶ degrees from rounding, and gives equal spectra an angle.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        first, second = (spectra / np.linalg.norm(spectra, axis=1, keepdims=True) for spectra in (reference, image))
    angles: np.ndarray = 2 * np.degrees(np.arctan2(np.linalg.norm(first - second, axis=1), np.linalg.norm(first + second, axis=1)))
    return angles


def mean_known(values: Sequence[float | None]) -> float | None:
    """The mean of those that are known; None if none is."""
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None
