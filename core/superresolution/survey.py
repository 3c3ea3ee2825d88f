"""A first look at the pairs, before anything is learnt: what the network has to know of them, and what the user has."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..jobs.superresolution import TrainSuperresolution
from ..reporting import Reporter
from .data import Opened, band_names
from .enlarged import enlarged
from .pairs import Pairing, fit_radiometry, sampled
from .report.shifts import Shifts, report_shifts
from .scaling import Scale, robust_scale


@dataclass(frozen=True)
class Survey:
    """What is known of the pairs.

    Attributes:
        pairing: with the radiometry that was found, if it was wished for.
        scales: of the bands of each input.
        shifts: of given coarse patches, and of the guide.
        enlarged: by how many times each band of the fine patches was enlarged before; see core/superresolution/enlarged.py.
        names: of these bands.
        shared: share of the pairs to learn from that show ground of those that validate.
    """

    pairing: Pairing
    scales: list[Scale]
    shifts: tuple[Shifts, ...]
    enlarged: list[int]
    names: Sequence[str]
    shared: float = 0.0

    def warnings(self) -> Iterator[str]:
        """What may spoil the training, in words."""
        yield from (shifts.in_words() for shifts in self.shifts if shifts.serious)
        if self.shared:
            yield (
                f"{self.shared:.0%} of the pairs to learn from show ground of pairs that validate: the figures flatter. Give validation "
                "patches of other ground."
            )
        for factor in sorted(set(self.enlarged) - {1}):
            names = ", ".join(name for name, times in zip(self.names, self.enlarged, strict=True) if times == factor)
            yield (
                f"The fine pixels of {names} come in squares of {factor} × {factor} equal ones: the image was enlarged. A network learns "
                "to draw these squares, and its figures say nothing. Cut the patches from the image in its own pixel size."
            )


def survey(job: TrainSuperresolution, opened: Opened, pairing: Pairing, reporter: Reporter) -> Survey:
    """Radiometry, scales and enlargement from some of the training patches, the shifts of all; in the log, and in the table of the pairs.

    Raises:
        CannotWrite: the table cannot be written.
    """
    reporter.phase("Looking at the pairs")
    patches = opened.training
    some = sampled(patches)
    shifts = report_shifts({"training": patches, "validation": opened.validation}, pairing, job.output_pairs, reporter)
    if pairing.given and job.fit_radiometry:
        pairing = _fitted(some, pairing, reporter)
    inputs = zip(*(pairing(part)[0] for part in some), strict=True)
    scales = [robust_scale(np.concatenate([part.reshape(-1, part.shape[-1]) for part in parts])) for parts in inputs]
    found = Survey(pairing, scales, shifts, enlarged([part[0][0] for part in some]), band_names(patches), opened.shared)
    for shift in shifts:
        if not shift.serious:
            reporter.info(shift.in_words())
    for text in found.warnings():
        reporter.warn(text)
    return found


def _fitted(some: Sequence[Sequence[np.ndarray]], pairing: Pairing, reporter: Reporter) -> Pairing:
    fine, coarse = ([part[place].astype(np.float32) for part in some] for place in (0, 1))
    fitted = fit_radiometry(coarse, fine, pairing.factor, pairing.mtf)
    lines = (f"{gain:.4g} · value + {offset:.4g}" for gain, offset in zip(fitted.gain, fitted.offset, strict=True))
    reporter.info(f"Radiometry of the fine images, band by band: {', '.join(lines)}.")
    return replace(pairing, radiometry=fitted)
