"""What a training tells while it runs: how far given pairs lie apart, and the curves and pictures for TensorBoard."""

from __future__ import annotations

import contextlib
import csv
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..model.backend import tf
from ..partial import replacing
from ..reporting import Reporter
from ..training.data.patches import Patches
from ..training.report.board import TRAINING, VALIDATION, Board
from .pairs import Pairing, shifts
from .validation import Made, Validation

TOLERATED = 0.25  # coarse pixels: from there on, details are learnt beside their place
OF_TRAINING = ("loss", "learning_rate")
STRETCH = (2, 98)  # percentiles that become black and white


def report_shifts(roles: Mapping[str, Patches], pairing: Pairing, table: str, reporter: Reporter) -> None:
    """Measure how far the images of every given pair lie apart; say it, and write it to a table if wished for.

    Args:
        roles: "training" and "validation".

    Raises:
        CannotWrite: the table cannot be written.
    """
    pairs = [(role, place) for role, patches in roles.items() for place in range(patches.count)]
    found = []
    for role, place in pairs:
        fine, coarse = (part.astype(np.float32) for part in roles[role].read(place, place + 1)[:2])
        found += shifts(coarse, fine, pairing.factor, pairing.mtf)
        reporter.progress(len(found) / len(pairs), "Measuring how far the pairs lie apart")
    if table:
        with replacing(table) as temporary, open(temporary, "w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(("role", "pair", "down", "right"))
            told = zip(pairs, found, strict=True)
            writer.writerows((role, place + 1, f"{down:.3f}", f"{right:.3f}") for (role, place), (down, right) in told)
    _tell(np.array(found), reporter)


def _tell(found: np.ndarray, reporter: Reporter) -> None:
    known = found[np.isfinite(found).all(axis=1)]
    if not len(known):
        reporter.warn("How far the pairs lie apart is unknown: nothing varies in them.")
        return
    down, right = np.median(known, axis=0)
    far = float(np.mean(np.hypot(*known.T) > TOLERATED))
    text = f"The fine images lie {down:+.2f} pixels down and {right:+.2f} to the right of the coarse ones (median, in coarse pixels)"
    if np.hypot(down, right) > TOLERATED or far > 0.5:
        reporter.warn(f"{text}; {far:.0%} of the pairs are more than {TOLERATED} apart. Shift one of the images first.")
    else:
        reporter.info(f"{text}.")


class Log(contextlib.AbstractContextManager["Log"]):
    """For TensorBoard: curves, and a pair with what is made of it whenever that got better.

    Args:
        folder: empty: nothing is written.
    """

    def __init__(self, folder: str, validation: Validation) -> None:
        self._board = Board(folder) if folder else None
        self._validation = validation
        if self._board:
            self._board.write(VALIDATION, 0, {f"bicubic_{name}": value for name, value in validation.bicubic.items()})

    def epoch(self, row: Mapping[str, float], made: Made | None) -> None:
        """One has ended. `made`: what the network makes, if it is to be shown."""
        if self._board is None:
            return
        number = int(row["epoch"])
        self._board.write(TRAINING, number, {name: row[name] for name in OF_TRAINING})
        figures = {name: value for name, value in row.items() if name not in (*OF_TRAINING, "epoch")}
        self._board.write(VALIDATION, number, figures, {"coarse_made_true": self._picture(made)} if made else {})

    def _picture(self, made: Made) -> bytes:
        inputs, high = self._validation.first()
        low = inputs[0]
        factor = high.shape[1] // low.shape[1]
        parts = [low.repeat(factor, axis=1).repeat(factor, axis=2), made(inputs), high]
        shown = [0, 1, 2] if high.shape[-1] > 2 else [0]
        black, white = np.percentile(high[..., shown], STRETCH, axis=(0, 1, 2))
        pixels = (np.concatenate(parts, axis=2)[0][..., shown] - black) / np.maximum(white - black, 1e-6)
        png: bytes = tf.io.encode_png((np.clip(pixels, 0, 1) * 255).astype(np.uint8)).numpy()
        return png

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        if self._board:
            self._board.close()
