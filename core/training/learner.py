"""What the training loop needs of a model: of a Keras network, or of a graph that brings a training operation of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from .data.feed import Batch


@dataclass(frozen=True)
class Totals:
    """Sums over the batches since the last look: of the losses (None: the model tells none), of the right answers of the first head of
    classes, and of the samples or pixels of which its truth is known."""

    loss: float | None
    right: float = 0.0
    known: float = 0.0


@dataclass(frozen=True)
class Inferred:
    """Answers of every head to a batch: indices of classes, or measurements; and the sum of the samples' losses (None: unknown)."""

    loss: float | None
    answers: list[np.ndarray]


class Learner(Protocol):
    """A model that learns, one batch at a time."""

    def train(self, batch: Batch, rate: float) -> None:
        """One step, at this learning rate."""

    def totals(self) -> Totals:
        """Of the steps since the last call."""

    def infer(self, batch: Batch) -> Inferred:
        """Answers, without learning."""

    def weights(self) -> list[np.ndarray]:
        """What the model is after training."""

    def set_weights(self, weights: Sequence[np.ndarray]) -> None:
        """Put back what `weights` gave."""

    def state(self) -> dict[str, np.ndarray]:
        """All that the next step depends on: weights, the optimizer's memory, random generators."""

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Put back what `state` gave: the next step is what it would have been."""
