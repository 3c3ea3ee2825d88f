"""Structural similarity, SSIM: Wang, Bovik, Sheikh & Simoncelli, "Image quality assessment: from error visibility to structural
similarity", IEEE Transactions on Image Processing 13 (2004).

In a window about each pixel, weighted as a Gaussian, with means μ, variances σ² and the covariance σ_xy of reference x and image y::

    SSIM = (2 μ_x μ_y + C₁) (2 σ_xy + C₂) / ((μ_x² + μ_y² + C₁) (σ_x² + σ_y² + C₂))      C₁ = (0.01 L)², C₂ = (0.03 L)², L: the peak

Of the paper are also the weights (σ 1.5 pixels, 11 × 11) and that variances are the population's. Only whole windows count, so that the
mean over an image is that of scikit-image, `structural_similarity(gaussian_weights=True, sigma=1.5, use_sample_covariance=False)`, which
takes whole images without gaps. This one takes blocks with a halo, and its windows over no-data can be left out.
"""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter, minimum_filter

HALO = 5  # pixels of a window on each side of its centre
SIDE = 2 * HALO + 1
_SIGMA, _K1, _K2 = 1.5, 0.01, 0.03


def ssim_map(reference: np.ndarray, image: np.ndarray, peak: float) -> np.ndarray:
    """SSIM of each whole window of one band: (rows, cols) become (rows − 10, cols − 10), empty if there is none.

    Args:
        reference, image: finite numbers; what lies outside of the windows that count may be anything finite.
        peak: L, above 0.
    """
    if min(reference.shape) < SIDE:
        return np.empty(_shape_of_windows(reference))
    origin = float(reference.mean(dtype=np.float64))  # variances do not change with it, and lose no digits to large values
    x, y = reference.astype(np.float64) - origin, image.astype(np.float64) - origin
    mean_x, mean_y = _blurred(x), _blurred(y)
    variances = _blurred(x * x) - mean_x**2 + _blurred(y * y) - mean_y**2
    covariance = _blurred(x * y) - mean_x * mean_y
    c1, c2 = (_K1 * peak) ** 2, (_K2 * peak) ** 2
    mean_x, mean_y = mean_x + origin, mean_y + origin
    luminance = (2 * mean_x * mean_y + c1) / (mean_x**2 + mean_y**2 + c1)
    similarity: np.ndarray = luminance * (2 * covariance + c2) / (variances + c2)
    return similarity


def whole_windows(valid: np.ndarray) -> np.ndarray:
    """Which windows of `ssim_map` hold nothing but data. `valid`: (rows, cols), True is data."""
    if min(valid.shape) < SIDE:
        return np.empty(_shape_of_windows(valid), bool)
    whole: np.ndarray = minimum_filter(valid, SIDE, mode="nearest")[HALO:-HALO, HALO:-HALO]
    return whole


def _blurred(values: np.ndarray) -> np.ndarray:
    blurred: np.ndarray = gaussian_filter(values, _SIGMA, radius=HALO)[HALO:-HALO, HALO:-HALO]
    return blurred


def _shape_of_windows(pixels: np.ndarray) -> tuple[int, ...]:
    return tuple(max(length - SIDE + 1, 0) for length in pixels.shape)
