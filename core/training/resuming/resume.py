"""Going on after the last finished epoch of a training that was stopped, if it was the same training; keeping the epochs of this one."""

from __future__ import annotations

from types import TracebackType

from ...jobs import TrainModel
from ...reporting import Reporter
from ..data.feed import Feed
from ..learner import Learner
from ..loop import History
from .fingerprint import fingerprint
from .keeper import Keeper, forget
from .remembered import from_plain, to_plain


class NothingKept:
    """Of a training that cannot be resumed. What an earlier one kept for the same output is removed.

    Attributes:
        history: to go on from; None: of a training from its beginning.

    Raises:
        CannotWrite: another process is writing the same output.
    """

    history: History | None = None

    def __init__(self, output: str) -> None:
        forget(output)

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
        self._keeper, self._reporter = Keeper(job.output, fingerprint(job, feed), learner, reporter), reporter
        try:
            self.history = self._restored(job.fitting.epochs)
        except BaseException:
            self._keeper.close()
            raise
        reporter.info(f"Every epoch is kept in {self._keeper.path}. If this training is stopped, run it again with RESUME.")

    def _restored(self, epochs: int) -> History | None:
        found = self._keeper.restored()
        if found is None:
            return None
        told, weights = found
        history = from_plain(told["history"], weights)
        self._tell(len(history.epochs), epochs)
        return history

    def _tell(self, finished: int, epochs: int) -> None:
        stopped = "the training that was stopped"
        if finished < epochs:
            self._reporter.info(f"Going on from epoch {finished + 1} of {epochs}: {stopped} has finished {finished}.")
        else:
            self._reporter.info(f"All {epochs} epochs were finished by {stopped}: what is left is to write the model.")

    def epoch(self, history: History) -> None:
        self._keeper.keep({"history": to_plain(history)}, history.weights)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._keeper.end(kind is None)


def keeping(job: TrainModel, feed: Feed, learner: Learner, reporter: Reporter) -> NothingKept:
    """What keeps the finished epochs of a job, if it is to be resumed.

    Args:
        feed: of the training patches.
        learner: as it is before the first step.

    Raises:
        CannotWrite: another process is writing the same output.
    """
    return Kept(job, feed, learner, reporter) if job.resume else NothingKept(job.output)
