"""How far two images of the same ground lie apart: phase correlation.

Kuglin & Hines, *The phase correlation image alignment method* (1975). Moving an image turns the phases of its spectrum in proportion to
the frequency; the inverse transform of the turned phases alone is a peak at the shift, whatever the radiometry of the two.
"""

from __future__ import annotations

import numpy as np


def shift_between(reference: np.ndarray, image: np.ndarray) -> tuple[float, float]:
    """How far the content of `image` lies (down, to the right) of that of `reference`, in pixels, to about a tenth.

    Args:
        reference, image: (rows, cols, bands); the peaks of the bands are added up.

    Returns:
        NaN twice where there is nothing to compare: neither varies.
    """
    window = np.outer(*(np.hanning(length + 2)[1:-1] for length in reference.shape[:2]))[:, :, np.newaxis]  # edges are no content
    first, second = (np.fft.fft2((part - part.mean(axis=(0, 1))) * window, axes=(0, 1)) for part in (reference, image))
    product = second * first.conj()
    sizes = np.abs(product)
    if not sizes.max() > 0:
        return np.nan, np.nan
    # Weak frequencies are noise: of the spectrum's two extremes, pure phase and plain correlation, the root of the size lies between.
    peaks = np.fft.ifft2(product / np.sqrt(sizes + 1e-12 * sizes.max()), axes=(0, 1)).real.sum(axis=2)
    row, col = np.unravel_index(np.argmax(peaks), peaks.shape)
    return _place(peaks[:, col], int(row)), _place(peaks[row], int(col))


def _place(line: np.ndarray, peak: int) -> float:
    """The top of the parabola through the peak and its neighbours; the second half of the line is what lies before its beginning."""
    before, top, after = line[peak - 1], line[peak], line[(peak + 1) % len(line)]
    bend = before - 2 * top + after
    place = peak + (0.5 * float((before - after) / bend) if bend < 0 else 0.0)
    return place - len(line) if place > len(line) / 2 else place
