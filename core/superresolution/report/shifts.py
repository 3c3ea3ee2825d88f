"""How far the images of pairs lie apart that are not made of each other: measured, told, and drawn."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from ...charts import BLUE, INK, png
from ...partial import replacing
from ...reporting import Reporter
from ...training.data.patches import Patches
from ..pairs import Pairing, shifts

FINE, COARSE, GUIDE = "fine", "coarse", "guide"
Names = tuple[str, str]  # of an image, and of the one that it is held against

TOLERATED = 0.25  # pixels: from there on, details are learnt beside their place


@dataclass(frozen=True)
class Shifts:
    """Of every pair by how far one image lies down and to the right of another.

    Attributes:
        image, other: in words, "fine".
        found: (pairs, 2) in pixels of the other, which are the coarser ones; NaN where nothing varies.
    """

    image: str
    other: str
    found: np.ndarray

    @property
    def known(self) -> np.ndarray:
        """Those that could be measured, (pairs, 2)."""
        known: np.ndarray = self.found[np.isfinite(self.found).all(axis=1)]
        return known

    @property
    def distances(self) -> np.ndarray:
        """Of the known ones."""
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
            return f"How far the {self.image} images lie from the {self.other} ones is unknown: nothing varies in them."
        down, right = np.median(self.known, axis=0)
        where = f"{down:+.2f} pixels down and {right:+.2f} to the right of the {self.other} ones (median, in {self.other} pixels)"
        text = f"The {self.image} images lie {where}"
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
        panel.set_xlabel(f"distance of the {self.image} from the {self.other} images, in {self.other} pixels", fontsize=9)
        panel.set_ylabel("pairs", fontsize=9)
        panel.tick_params(labelsize=8)
        panel.spines[["top", "right"]].set_visible(False)
        panel.legend(frameon=False, fontsize=8)
        return png(figure)


def report_shifts(roles: Mapping[str, Patches], pairing: Pairing, table: str, reporter: Reporter) -> tuple[Shifts, ...]:
    """Measure how far the images of every pair lie apart, where they are images of two sensors: fine and coarse ones, if these are given;
    the guide and the coarsest that there is. It is written to a table if wished for.

    Args:
        roles: "training" and "validation".

    Raises:
        CannotWrite: the table cannot be written.
    """
    pairs = [(role, place) for role, patches in roles.items() for place in range(patches.count)]
    found = []
    for done, (role, place) in enumerate(pairs, start=1):
        found.append(_of_pair(roles[role].read(place, place + 1), pairing))
        reporter.progress(done / len(pairs), "Measuring how far the pairs lie apart")
    if table:
        _write(table, pairs, found)
    return tuple(Shifts(*images, np.array([pair[images] for pair in found])) for images in found[0])


def _of_pair(patches: Sequence[np.ndarray], pairing: Pairing) -> dict[Names, tuple[float, float]]:
    fine, *others = (part.astype(np.float32) for part in patches)
    found = {}
    if pairing.given:
        found[FINE, COARSE] = shifts(others[0], fine, pairing.factor, pairing.mtf)[0]
    if pairing.guided:
        base, name = (others[0], COARSE) if pairing.given else (fine, FINE)
        # Their bands are others: what they have in common is best seen in the mean.
        coarse, guide = (part.mean(axis=-1, keepdims=True) for part in (base, others[-1]))
        found[GUIDE, name] = shifts(coarse, guide, pairing.factor, pairing.mtf)[0]
    return found


def _write(path: str, pairs: Sequence[tuple[str, int]], found: Sequence[Mapping[Names, tuple[float, float]]]) -> None:
    with replacing(path) as temporary, open(temporary, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("role", "pair", "image", "of", "down", "right"))
        for (role, place), shifts_of_pair in zip(pairs, found, strict=True):
            for images, (down, right) in shifts_of_pair.items():
                writer.writerow((role, place + 1, *images, f"{down:.3f}", f"{right:.3f}"))
