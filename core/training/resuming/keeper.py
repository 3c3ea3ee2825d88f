"""The last finished epoch of a training in its checkpoint: put there, and found again by the same training."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from ...fingerprint import Fingerprint, changes
from ...kept import kept_path
from ...reporting import Reporter
from .checkpoint import Checkpoint

STATE, BEST = "state/", "best/"  # before the names of arrays: all that the next step depends on, and the weights of the best epoch


class Stateful(Protocol):
    """What learns."""

    def state(self) -> dict[str, np.ndarray]:
        """All that its next step depends on."""

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Put back what `state` gave."""


class Keeper:
    """Keeps epochs of a training that is to be resumed; holds the lock of its checkpoint until `end`.

    Raises:
        CannotWrite: another process is writing the same output; or the disk is full (`keep`, too).
    """

    def __init__(self, output: str, fingerprint: Fingerprint, learner: Stateful, reporter: Reporter) -> None:
        self._fingerprint, self._learner, self._reporter = fingerprint, learner, reporter
        self._checkpoint = Checkpoint(output)
        self.path = self._checkpoint.path

    def restored(self) -> tuple[Any, list[np.ndarray]] | None:
        """What was told of the training that was stopped, and the weights of its best epoch; the learner is then as it was after its last
        one. None, and said why: it was another training, or what it left is damaged. None: there was none."""
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
        return told, [weights[str(place)] for place in range(len(weights))]

    def keep(self, told: Mapping[str, Any], weights: Sequence[np.ndarray]) -> None:
        """An epoch has ended.

        Args:
            told: what JSON holds of all epochs.
            weights: of the best one.
        """
        state = {f"{STATE}{name}": array for name, array in self._learner.state().items()}
        best = {f"{BEST}{place}": array for place, array in enumerate(weights)}
        self._checkpoint.write({"fingerprint": self._fingerprint, **told}, state | best)

    def close(self) -> None:
        """Let go, and leave what there is."""
        self._checkpoint.close()

    def end(self, well: bool) -> None:
        """The training is over: nothing is left of one that ended well; of one that did not, its finished epochs are."""
        if well or self._checkpoint.empty:
            self._checkpoint.remove()
            return
        self.close()
        self._reporter.info("The finished epochs are kept: run it again with RESUME to go on from them.")


def forget(output: str) -> None:
    """Remove what an earlier training kept for the same output.

    Raises:
        CannotWrite: another process is writing the same output.
    """
    if os.path.isdir(kept_path(output)):
        Checkpoint(output).remove()


def _part(arrays: Mapping[str, np.ndarray], prefix: str) -> dict[str, np.ndarray]:
    return {name[len(prefix) :]: array for name, array in arrays.items() if name.startswith(prefix)}
