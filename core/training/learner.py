"""What the training loop asks of a model, whoever brings the gradients: a Keras network or a graph with a training operation of its own."""

from __future__ import annotations

from typing import Protocol

import numpy as np


class Learner(Protocol):
    """A model that learns, one batch at a time."""

    def train(self, sources: list[np.ndarray], targets: list[np.ndarray]) -> None:
        """One step on a batch of any size."""

    def totals(self) -> float | None:
        """Sum of the losses since the last call; None if the model tells none."""

    def predict(self, sources: list[np.ndarray]) -> list[np.ndarray]:
        """Raw outputs of the heads, without learning."""

    def state(self) -> dict[str, np.ndarray]:
        """Everything that training changes, by name."""

    def restore(self, state: dict[str, np.ndarray]) -> None:
        """Go back to a state."""

    def write(self, folder: str) -> None:
        """The model, complete, into an empty folder."""
