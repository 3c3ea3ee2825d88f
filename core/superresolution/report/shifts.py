"""How far the images of given pairs lie apart: measured, said, and drawn."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from ...charts import BLUE, INK, png
from ...partial import replacing
from ...reporting import Reporter
from ...training.data.patches import Patches
from ..pairs import Pairing, shifts

TOLERATED = 0.25  # coarse pixels: from there on, details are learnt beside their place


@dataclass(frozen=True)
class Shifts:
    """Of every pair, (pairs, 2): by how many coarse pixels the fine image lies down and to the right; NaN where nothing varies."""

    found: np.ndarray

    @property
    def known(self) -> np.ndarray:
        """Those that could be measured, (pairs, 2)."""
        known: np.ndarray = self.found[np.isfinite(self.found).all(axis=1)]
        return known

    @property
    def distances(self) -> np.ndarray:
        """Of the known ones, in coarse pixels."""
        return np.hypot(*self.known.T)

    @property
    def serious(self) -> bool:
        """The images as wholes lie apart, or most pairs do; or nothing is known."""
        if not len(self.known):
            return True
        return bool(np.hypot(*np.median(self.known, axis=0)) > TOLERATED or np.mean(self.distances > TOLERATED) > 0.5)

    def in_words(self) -> str:
        """For the log and the report."""
        if not len(self.known):
            return "How far the pairs lie apart is unknown: nothing varies in them."
        down, right = np.median(self.known, axis=0)
        text = f"The fine images lie {down:+.2f} pixels down and {right:+.2f} to the right of the coarse ones (median, in coarse pixels)"
        if not self.serious:
            return f"{text}."
        far = np.mean(self.distances > TOLERATED)
        return f"{text}; {far:.0%} of the pairs are more than {TOLERATED} apart. Shift one of the images first."

    def picture(self) -> bytes:
        """How many pairs lie how far apart, as PNG; of known ones, of which there has to be one."""
        figure = Figure(figsize=(6.4, 2.3), layout="constrained")
        panel = figure.subplots()
        panel.hist(self.distances, bins=24, range=(0, max(float(self.distances.max()), 2 * TOLERATED)), color=BLUE)
        panel.axvline(TOLERATED, color=INK, linewidth=0.9, linestyle="--", label="tolerated")
        panel.set_xlabel("distance, in coarse pixels", fontsize=9)
        panel.set_ylabel("pairs", fontsize=9)
        panel.tick_params(labelsize=8)
        panel.spines[["top", "right"]].set_visible(False)
        panel.legend(frameon=False, fontsize=8)
        return png(figure)


def report_shifts(roles: Mapping[str, Patches], pairing: Pairing, table: str, reporter: Reporter) -> Shifts:
    """Measure how far the images of every given pair lie apart; say it, and write it to a table if wished for.

    Args:
        roles: "training" and "validation".

    Raises:
        CannotWrite: the table cannot be written.
    """
    pairs = [(role, place) for role, patches in roles.items() for place in range(patches.count)]
    found: list[tuple[float, float]] = []
    for role, place in pairs:
        fine, coarse = (part.astype(np.float32) for part in roles[role].read(place, place + 1))
        found += shifts(coarse, fine, pairing.factor, pairing.mtf)
        reporter.progress(len(found) / len(pairs), "Measuring how far the pairs lie apart")
    if table:
        with replacing(table) as temporary, open(temporary, "w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(("role", "pair", "down", "right"))
            told = zip(pairs, found, strict=True)
            writer.writerows((role, place + 1, f"{down:.3f}", f"{right:.3f}") for (role, place), (down, right) in told)
    measured = Shifts(np.array(found))
    (reporter.warn if measured.serious else reporter.info)(measured.in_words())
    return measured
