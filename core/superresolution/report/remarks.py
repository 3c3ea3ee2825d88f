"""What a training's figures mean, in plain words: what went wrong, and what to do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ..epochs import PSNR
from ..validation import CONSISTENCY, Figures

RISE = 0.05  # dB in the last fifth of the epochs: from there on, more epochs are worth their time
FALL = 0.2  # dB from the best epoch to the last
INCONSISTENT = 1.0  # dB below bicubic
COST = 3.0  # dB below bicubic, at most, that invented detail explains
LEARNT = 0.01  # share of the first loss
FEW = 3  # epochs, in which nothing can be seen
PERCEPTION = (
    "A discriminator or VGG takes part: with them PSNR falls by design, as detail that looks true is in part invented (Blau & Michaeli, "
    "The Perception-Distortion Tradeoff, 2018). Judge this model by the pictures; for images to measure in, train by L1 or L2 alone."
)


def warnings(rows: Sequence[Mapping[str, float]], best: int, bicubic: Figures, by_psnr: bool) -> Iterator[str]:
    """What should be known of a training.

    Args:
        rows: figures of the epochs.
        best: number of the epoch whose weights were kept.
        by_psnr: the network shall be near the truth, and nothing else (see core/superresolution/epochs.py).
    """
    kept, curve = rows[best - 1], [row[PSNR] for row in rows if PSNR in row]
    cost = 0.0 if by_psnr else COST
    if PSNR in kept and kept[PSNR] <= bicubic.get(PSNR, float("-inf")) - cost:
        yield (
            f"The network is {'far worse' if cost else 'no better'} than bicubic interpolation: PSNR {kept[PSNR]:.2f} dB, bicubic "
            f"{bicubic[PSNR]:.2f} dB. Train longer, give more pairs, or look whether the two images of a pair show the same ground."
        )
    if by_psnr and len(curve) == len(rows):
        yield from _of_the_curve(curve, best)
    if len(rows) >= FEW and by_psnr and rows[-1]["loss"] > (1 - LEARNT) * rows[0]["loss"]:
        yield (
            f"The loss hardly fell: {rows[0]['loss']:.4g} in the first epoch, {rows[-1]['loss']:.4g} in the last. Raise the learning rate, "
            "or look whether the pairs fit."
        )
    if CONSISTENCY in kept and kept[CONSISTENCY] < bicubic.get(CONSISTENCY, float("-inf")) - INCONSISTENT:
        yield (
            f"What is made contradicts the coarse images: seen by the coarse sensor, it is at {kept[CONSISTENCY]:.2f} dB, bicubic "
            f"interpolation at {bicubic[CONSISTENCY]:.2f} dB. Colours or brightness may be wrong."
        )


def _of_the_curve(psnr: Sequence[float], best: int) -> Iterator[str]:
    if still_rising(psnr):
        yield "PSNR was still rising in the last epochs: train longer (EPOCHS)."
    elif psnr[best - 1] - psnr[-1] > FALL:
        yield (
            f"PSNR fell by {psnr[best - 1] - psnr[-1]:.2f} dB after epoch {best}: from there on the network learnt the training pairs by "
            "heart, or the learning rate is too high. More pairs help; more epochs do not."
        )


def still_rising(psnr: Sequence[float]) -> bool:
    """Whether the last epoch is the best, and the last fifth of them brought more than RISE."""
    fifth = max(len(psnr) // 5, 1)
    return len(psnr) >= FEW and psnr[-1] == max(psnr) and psnr[-1] - psnr[-1 - fifth] > RISE
