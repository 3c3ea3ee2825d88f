"""The figures of core/quality/figures.py, gathered block by block: a few numbers a band are kept, however large the images are."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from .figures import BandQuality, Quality, ergas, mean_known, psnr, spectral_angles
from .similarity import ssim_map, whole_windows


class QualityTally:
    """Compares images with references: two whole ones in blocks, or patch after patch.

    Args:
        names: of the bands.
        peak: L of PSNR and SSIM; 0 if there is none.
        ratio: of ERGAS, spacing of the low-resolution image ÷ spacing of the high-resolution one.
    """

    def __init__(self, names: Sequence[str], peak: float, ratio: float = 4.0) -> None:
        self._names, self._peak, self._ratio = tuple(names), peak, ratio
        self._errors, self._moments = _Errors(len(names)), _Moments(len(names))
        self._angles, self._spectra = 0.0, 0
        self._similarity, self._windows = np.zeros(len(names)), 0

    def feed(
        self,
        reference: np.ndarray,
        image: np.ndarray,
        valid: np.ndarray | None = None,
        halo: int = 0,
        check: Callable[[], None] = lambda: None,
    ) -> np.ndarray:
        """A block or patch of both, (rows, cols, bands).

        Args:
            valid: (rows, cols), True where both are to be compared, and finite; None: wherever both are finite.
            halo: 0, or similarity.HALO where so many pixels on every side belong to the neighbouring blocks: only the windows of SSIM
                reach into them.
            check: called between bands; may raise.

        Returns:
            SSIM of each window, the mean over the bands; NaN where it was left out. With a halo it is of the block's pixels without it.
        """
        counted = both_finite(reference, image) if valid is None else valid
        inside = (slice(halo, reference.shape[0] - halo), slice(halo, reference.shape[1] - halo))
        self._feed_pixels(reference[inside][counted[inside]], image[inside][counted[inside]])
        return self._feed_windows(reference, image, counted, check)

    def _feed_pixels(self, reference: np.ndarray, image: np.ndarray) -> None:
        """(pixels, bands) of both."""
        if not len(reference):
            return
        truth, told = reference.astype(np.float64), image.astype(np.float64)
        self._errors.feed(told - truth)
        self._moments.feed(truth, told)
        if len(self._names) > 1:
            angles = spectral_angles(truth, told)
            known = ~np.isnan(angles)
            self._angles += float(angles[known].sum())
            self._spectra += int(known.sum())

    def _feed_windows(self, reference: np.ndarray, image: np.ndarray, valid: np.ndarray, check: Callable[[], None]) -> np.ndarray:
        whole = whole_windows(valid)
        mean = np.zeros(whole.shape)
        if self._peak <= 0 or not whole.any():
            return np.full(whole.shape, np.nan)
        for band in range(len(self._names)):
            check()
            truth, told = (np.where(valid, pixels[:, :, band], 0) for pixels in (reference, image))
            found = ssim_map(truth, told, self._peak)
            self._similarity[band] += float(found[whole].sum())
            mean += found / len(self._names)
        self._windows += int(whole.sum())
        return np.where(whole, mean, np.nan)

    def scores(self) -> Quality:
        """Of all that was fed, which has to be one pixel at least."""
        rmse = np.sqrt(self._errors.squares / self._errors.count)
        bands = tuple(self._band(place, name, float(rmse[place])) for place, name in enumerate(self._names))
        overall = float(np.sqrt(np.mean(rmse**2)))
        return Quality(
            pixels=self._errors.count,
            psnr=psnr(overall, self._peak),
            ssim=mean_known([band.ssim for band in bands]),
            sam=self._angles / self._spectra if self._spectra else None,
            ergas=ergas(rmse, self._moments.mean[0], self._ratio),
            rmse=overall,
            mae=float(np.mean([band.mae for band in bands])),
            bias=float(np.mean([band.bias for band in bands])),
            correlation=mean_known([band.correlation for band in bands]),
            bands=bands,
        )

    @property
    def pixels(self) -> int:
        """How many were compared so far."""
        return self._errors.count

    def _band(self, place: int, name: str, rmse: float) -> BandQuality:
        errors = self._errors
        return BandQuality(
            name=name,
            mean=float(self._moments.mean[0, place]),
            rmse=rmse,
            mae=float(errors.sizes[place] / errors.count),
            bias=float(errors.sums[place] / errors.count),
            correlation=self._moments.correlation(place),
            psnr=psnr(rmse, self._peak),
            ssim=float(self._similarity[place] / self._windows) if self._windows else None,
        )


def both_finite(reference: np.ndarray, image: np.ndarray) -> np.ndarray:
    """Where no band of either is NaN or infinite: (rows, cols)."""
    finite: np.ndarray = np.isfinite(reference).all(axis=2) & np.isfinite(image).all(axis=2)
    return finite


class _Errors:
    """Sums of e, |e| and e² of each band."""

    def __init__(self, bands: int) -> None:
        self.count = 0
        self.sums, self.sizes, self.squares = np.zeros((3, bands))

    def feed(self, errors: np.ndarray) -> None:
        self.count += len(errors)
        self.sums += errors.sum(axis=0)
        self.sizes += np.abs(errors).sum(axis=0)
        self.squares += (errors**2).sum(axis=0)


class _Moments:
    """Means, and sums of squares and products about them, of two variables of each band, joined as in core/raster/statistics.py."""

    def __init__(self, bands: int) -> None:
        self._count = 0
        self.mean = np.zeros((2, bands))
        self._products = np.zeros((3, bands))  # of reference and reference, image and image, reference and image

    def feed(self, reference: np.ndarray, image: np.ndarray) -> None:
        """(pixels, bands) of both."""
        mean = np.stack([reference.mean(axis=0), image.mean(axis=0)])
        x, y = reference - mean[0], image - mean[1]
        total = self._count + len(x)
        between = mean - self.mean
        apart = np.stack([between[0] ** 2, between[1] ** 2, between[0] * between[1]])
        self._products += np.stack([(x * x).sum(axis=0), (y * y).sum(axis=0), (x * y).sum(axis=0)])
        self._products += apart * self._count * len(x) / total
        self.mean += between * len(x) / total
        self._count = total

    def correlation(self, band: int) -> float | None:
        """Pearson's; None where one of them does not vary, but for rounding."""
        squares, rounding = self._products[:2, band], self._count * (1e-14 * self.mean[:, band]) ** 2
        if (squares <= rounding).any():
            return None
        return float(np.clip(self._products[2, band] / np.sqrt(squares[0] * squares[1]), -1, 1))
