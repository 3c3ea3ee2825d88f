"""How good made images are: the figures of core/quality/figures.py on the validation pairs, and the same of bicubic interpolation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ..model.backend import keras
from ..quality.figures import Quality, psnr
from ..quality.tally import QualityTally
from .data import PairFeed
from .degradation import degraded, inner, rim
from .networks import parts
from .pairs import Inputs, Pair
from .scaling import Scale, give_scale

Made = Callable[[Inputs], np.ndarray]  # from what a network is given to the fine image, (samples, rows, cols, bands)
Figures = dict[str, float]
CONSISTENCY = "consistency"


@dataclass(frozen=True)
class Judged:
    """How good the images are that were made of all validation pairs.

    Attributes:
        consistency: PSNR, in dB, of the made images, seen by the coarse sensor, against what this has seen; None where nothing differs.
        errors: RMSE of each pair, in pixel values.
    """

    quality: Quality
    consistency: float | None
    errors: np.ndarray

    def figures(self) -> Figures:
        """psnr, ssim, sam, ergas, rmse and consistency; those without meaning are missing."""
        figures = self.quality.numbers()
        return figures if self.consistency is None else {**figures, CONSISTENCY: self.consistency}


class Validation:
    """The validation pairs, and what bicubic interpolation makes of them.

    What lies within two coarse pixels of a patch's edge does not count, as while training.

    Attributes:
        by_bicubic: what it makes.
        of_bicubic: how good that is.
        bicubic: its figures.
    """

    def __init__(self, feed: PairFeed, names: Sequence[str], scale: Scale, check: Callable[[], None]) -> None:
        self._feed, self.names, self._check = feed, names, check
        self.peak = _range(feed, check)
        self.by_bicubic = bicubic_of(len(names), feed.pairing.factor, scale)
        self.of_bicubic = self.judge(self.by_bicubic)
        self.bicubic = self.of_bicubic.figures()

    @property
    def factor(self) -> int:
        """How many times finer."""
        return self._feed.pairing.factor

    def measure(self, made: Made) -> Figures:
        """The figures of what is made."""
        return self.judge(made).figures()

    def judge(self, made: Made) -> Judged:
        """How good it is what is made of all pairs; of these, only one is in memory at a time."""
        factor, mtf = self._feed.pairing.factor, self._feed.pairing.mtf
        tally, squares, count, sizes = QualityTally(self.names, self.peak, factor), 0.0, 0, []
        for inputs, high in self._feed.in_order():
            self._check()
            fine = made(inputs)
            for truth, image in zip(*(inner(part, factor, parts.BICUBIC_REACH) for part in (high, fine)), strict=True):
                tally.feed(truth, image)
                sizes.append(float(np.sqrt(np.mean((image.astype(np.float64) - truth) ** 2))))
            errors = _inconsistency(inputs[0], fine, factor, mtf)
            squares, count = squares + float((errors**2).sum()), count + errors.size
        consistency = psnr((squares / count) ** 0.5, self.peak) if count and squares else None
        return Judged(tally.scores(), consistency, np.array(sizes))

    def pair(self, place: int) -> Pair:
        """One to look at; from 0."""
        return self._feed.pair(place)


def bicubic_of(bands: int, factor: int, scale: Scale) -> Made:
    """Bicubic interpolation, by the layer that the light network has."""
    source, scaled = parts.source(bands)
    network = keras.Model(source, parts.image(parts.bicubic(scaled, factor), factor, full=True))
    give_scale(network, scale)
    return lambda inputs: network(inputs[0], training=False).numpy()


def _inconsistency(low: np.ndarray, fine: np.ndarray, factor: int, mtf: float) -> np.ndarray:
    """Differences of what the coarse sensor would see of the made image from what it saw; the edges do not count."""
    edge = max(rim(factor, mtf), parts.BICUBIC_REACH)
    seen = degraded(fine, factor, mtf)
    return inner(seen, 1, edge - rim(factor, mtf)).astype(np.float64) - inner(low, 1, edge)


def _range(feed: PairFeed, check: Callable[[], None]) -> float:
    """Greatest less least value of the true images: the peak of PSNR and SSIM."""
    least, greatest = np.inf, -np.inf
    for _, high in feed.in_order():
        check()
        least, greatest = min(least, float(high.min())), max(greatest, float(high.max()))
    return greatest - least
