"""How the learning rate goes on: a pure function of the step, so that a training that is resumed goes on exactly."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ..jobs import Fitting

LOWEST = 0.01  # of the highest rate, at the end of "exponential"
DROP = 0.5  # at each plateau
PLATEAU = 0.2  # of all epochs without a better one make a plateau


@dataclass(frozen=True)
class Schedule:
    """The learning rate of every step.

    Attributes:
        highest: the rate that it rises to.
        kind: cosine (Loshchilov & Hutter, *SGDR*, 2017), constant, exponential or plateau.
        epochs, steps: of the training, and of each epoch.
        warmup: epochs.
    """

    kind: str
    highest: float
    epochs: int
    steps: int
    warmup: int = 0

    @classmethod
    def of(cls, fitting: Fitting, samples: int) -> Schedule:
        """That of a job."""
        return cls(
            fitting.schedule,
            fitting.learning_rate,
            fitting.epochs,
            math.ceil(samples / fitting.batch_size),
            min(fitting.warmup, fitting.epochs),
        )

    def rate(self, epoch: int, step: int, drops: int = 0) -> float:
        """At a step of an epoch, both from 0; `drops`: plateaus so far."""
        done, rising = epoch * self.steps + step, self.warmup * self.steps
        if done < rising:
            return self.highest * (done + 1) / (rising + 1)
        share = (done - rising) / max(self.epochs * self.steps - rising, 1)
        if self.kind == "cosine":
            return self.highest * (1 + math.cos(math.pi * share)) / 2
        if self.kind == "exponential":
            return self.highest * LOWEST**share
        return self.highest * DROP**drops if self.kind == "plateau" else self.highest

    def drops(self, epochs_without_gain: int) -> bool:
        """Whether a plateau is reached: the rate falls, and counting begins anew."""
        return self.kind == "plateau" and epochs_without_gain >= max(2, round(PLATEAU * self.epochs))
