"""The curves and pictures of a training for TensorBoard, while it runs."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from ...model.backend import tf
from ...training.report.board import TRAINING, VALIDATION, Board
from ..validation import Made, Validation
from .album import enlarged

OF_TRAINING = ("loss", "learning_rate")
NO_FIGURES = (*OF_TRAINING, "epoch", "seconds")
STRETCH = (2, 98)  # percentiles that become black and white


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
        figures = {name: value for name, value in row.items() if name not in NO_FIGURES}
        self._board.write(VALIDATION, number, figures, {"coarse_made_true": self._picture(made)} if made else {})

    def _picture(self, made: Made) -> bytes:
        inputs, high = self._validation.pair(0)
        parts = [enlarged(inputs[0], high), made(inputs), high]
        shown = [0, 1, 2] if high.shape[-1] > 2 else [0]
        black, white = np.percentile(high[..., shown], STRETCH, axis=(0, 1, 2))
        pixels = (np.concatenate(parts, axis=2)[0][..., shown] - black) / np.maximum(white - black, 1e-6)
        png: bytes = tf.io.encode_png((np.clip(pixels, 0, 1) * 255).astype(np.uint8)).numpy()
        return png

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        if self._board:
            self._board.close()
