"""Going on after the last finished epoch of a training that was stopped, if it was the same training; keeping the epochs of this one."""

from __future__ import annotations

import os
from types import TracebackType
from typing import Any

import numpy as np

from ...fingerprint import changes
from ...jobs import TrainModel
from ...kept import kept_path
from ...reporting import Reporter
from ..data.feed import Feed
from ..learner import Learner
from ..loop import History
from .checkpoint import Checkpoint
from .fingerprint import fingerprint
from .remembered import from_plain, to_plain

STATE, BEST = "state/", "best/"  # before the names of arrays: all that the next step depends on, and the weights of the best epoch


class NothingKept:
    """Of a training that cannot be resumed. What an earlier one kept for the same output is removed.

    Attributes:
        history: to go on from; None: of a training from its beginning.

    Raises:
        CannotWrite: another process is writing the same output.
    """

    history: History | None = None

    def __init__(self, output: str) -> None:
        if os.path.isdir(kept_path(output)):
            Checkpoint(output).remove()

    def epoch(self, history: History) -> None:
        """The last epoch of the history has ended."""

    def __enter__(self) -> NothingKept:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """The training is over; without an error, all its outputs have their names."""


class Kept(NothingKept):
    """Of a training that goes on where the same training was stopped: `learner` and `history` are then as they were after its last
    finished epoch."""

    def __init__(self, job: TrainModel, feed: Feed, learner: Learner, reporter: Reporter) -> None:
        self._fingerprint, self._learner, self._reporter = fingerprint(job, feed), learner, reporter
        self._checkpoint = Checkpoint(job.output)
        try:
            self.history = self._restored(job.fitting.epochs)
        except BaseException:
            self._checkpoint.close()
            raise
        reporter.info(f"Every epoch is kept in {self._checkpoint.path}. If this training is stopped, run it again with RESUME.")

    def _restored(self, epochs: int) -> History | None:
        if self._checkpoint.empty:
            return None
        found = self._checkpoint.read()
        if found is None:
            self._reporter.warn("Starting afresh, as what the training that was stopped has left is damaged.")
            return None
        told, arrays = found
        changed = changes(told["fingerprint"], self._fingerprint)
        if changed:
            self._reporter.warn(f"Starting afresh, as this is not the training that was stopped: {'; '.join(changed)}.")
            return None
        self._learner.restore(_part(arrays, STATE))
        weights = _part(arrays, BEST)
        history = from_plain(told["history"], [weights[str(place)] for place in range(len(weights))])
        self._tell(len(history.epochs), epochs)
        return history

    def _tell(self, finished: int, epochs: int) -> None:
        stopped = "the training that was stopped"
        if finished < epochs:
            self._reporter.info(f"Going on from epoch {finished + 1} of {epochs}: {stopped} has finished {finished}.")
        else:
            self._reporter.info(f"All {epochs} epochs were finished by {stopped}: what is left is to write the model.")

    def epoch(self, history: History) -> None:
        state = {f"{STATE}{name}": array for name, array in self._learner.state().items()}
        best = {f"{BEST}{place}": array for place, array in enumerate(history.weights)}
        self._checkpoint.write({"fingerprint": self._fingerprint, "history": to_plain(history)}, state | best)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if kind is None or self._checkpoint.empty:
            self._checkpoint.remove()
            return
        self._checkpoint.close()
        self._reporter.info("The finished epochs are kept: run it again with RESUME to go on from them.")


def keeping(job: TrainModel, feed: Feed, learner: Learner, reporter: Reporter) -> NothingKept:
    """What keeps the finished epochs of a job, if it is to be resumed.

    Args:
        feed: of the training patches.
        learner: as it is before the first step.

    Raises:
        CannotWrite: another process is writing the same output.
    """
    return Kept(job, feed, learner, reporter) if job.resume else NothingKept(job.output)


def _part(arrays: dict[str, Any], prefix: str) -> dict[str, np.ndarray]:
    return {name[len(prefix) :]: array for name, array in arrays.items() if name.startswith(prefix)}
