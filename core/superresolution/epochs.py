"""The epochs of a training: what is told of them, which was the best, and how a stopped training finds back to its last one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from ..fingerprint import Fingerprint, images, software
from ..jobs.superresolution import ImageLosses, TrainSuperresolution
from ..model.loading.load import device_in_use
from ..reporting import Reporter
from ..training.report.table import write_rows
from ..training.resuming.keeper import Keeper, forget
from .learner import SuperLearner

PSNR = "psnr"


@dataclass
class Epochs:
    """Those that have ended.

    Attributes:
        rows: number, loss, learning rate and figures of each.
        best: number of the one with the greatest PSNR; or the last one, where that would only choose the least of detail.
        weights: after that one, averaged: what is written.
    """

    rows: list[dict[str, float]] = field(default_factory=list)
    best: int = 0
    weights: list[np.ndarray] = field(default_factory=list)

    def add(self, row: Mapping[str, float], weights: list[np.ndarray], by_psnr: bool = True) -> bool:
        """Take in an epoch; whether it is the best so far. Equal images have no PSNR: nothing is better than those.

        Args:
            by_psnr: False: the newest is the best. Invented detail costs PSNR (Blau & Michaeli, *The Perception-Distortion Tradeoff*,
                2018): by it, a training with a discriminator would end with the weights from before the discriminator.
        """
        self.rows.append(dict(row))
        if by_psnr and self.best and row.get(PSNR, np.inf) <= self.rows[self.best - 1].get(PSNR, np.inf):
            return False
        self.best, self.weights = len(self.rows), weights
        return True

    def write(self, path: str) -> None:
        """As CSV, a row for every epoch.

        Raises:
            CannotWrite: disk full, no such folder, no permission.
        """
        write_rows(path, self.rows)


def chosen_by_psnr(losses: ImageLosses) -> bool:
    """Whether the network shall be near the truth, and nothing else: neither a discriminator nor VGG ask for detail."""
    return losses.adversarial == "none" and not losses.vgg


class Kept:
    """Keeps the last epoch of a training on disk while it is not wanted in vain: `job.resume`.

    Use as a context manager: when the training ends well, nothing is left.
    """

    def __init__(self, job: TrainSuperresolution, learner: SuperLearner, reporter: Reporter) -> None:
        self._reporter, self._keeper = reporter, Keeper(job.output, fingerprint_of(job), learner, reporter) if job.resume else None
        if self._keeper is None:
            forget(job.output)

    def found(self) -> Epochs:
        """Those of the training that was stopped, with the learner as it was after the last of them; none of any other training."""
        kept = self._keeper.restored() if self._keeper else None
        if kept is None:
            return Epochs()
        told, weights = kept
        self._reporter.info(f"Going on after epoch {len(told['rows'])}.")
        return Epochs(told["rows"], told["best"], weights)

    def keep(self, epochs: Epochs) -> None:
        """The last of them has ended."""
        if self._keeper:
            self._keeper.keep({"rows": epochs.rows, "best": epochs.best}, epochs.weights)

    def __enter__(self) -> Kept:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self._keeper:
            self._keeper.end(kind is None)


def fingerprint_of(job: TrainSuperresolution) -> Fingerprint:
    """What the weights depend on."""
    values = {name: value for name, value in asdict(job).items() if not name.startswith("output") and name != "resume"}
    pairs = {name: values.pop(name) for name in ("training", "validation")}
    paths = tuple(path for part in pairs.values() for paths in part.values() for path in paths)
    parameters: dict[str, Any] = {f"parameter {name.upper()}": value for name, value in values.items()}
    return {**parameters, "the patches": images(paths), "the device": device_in_use(), **software()}
