"""Going on from the finished blocks of a run that was stopped, if it was the same run; keeping those of this one."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from types import TracebackType
from typing import Any

import numpy as np

from ..fingerprint import Fingerprint, changes
from ..jobs import ServeModel
from ..kept import kept_path
from ..raster.writer import Bands
from ..reporting import Reporter
from .fingerprint import fingerprint
from .journal import Journal, Pixels
from .plan import Block


@dataclass(frozen=True)
class Run:
    """What a journal says of its run. `memory`: its budget in MB, on which the automatic block size depends."""

    fingerprint: Fingerprint
    block_size: int
    memory: int

    @classmethod
    def of(cls, header: Mapping[str, Any]) -> Run | None:
        """From the header of a journal; None if it is damaged, or of another version that wrote other things."""
        run, block_size, memory = (header.get(name) for name in ("fingerprint", "block_size", "memory"))
        if isinstance(run, dict) and isinstance(block_size, int) and isinstance(memory, int) and block_size > 0:
            return cls(run, block_size, memory)
        return None

    def block_size_for(self, job: ServeModel) -> int:
        """The block size that the same job should go on with, as the automatic one may come out differently; 0: what the job says. So with
        another memory budget, which somebody gives whose run was stopped for want of memory."""
        return self.block_size if not job.block_size and job.memory == self.memory else 0


class NothingKept:
    """Of a run that cannot be resumed. What an earlier run kept for the same output is removed.

    Attributes:
        block_size: that the run has to have to go on from finished blocks; 0: any.

    Raises:
        CannotWrite: another process is writing the same output.
    """

    block_size = 0

    def __init__(self, output: str) -> None:
        if os.path.exists(kept_path(output)):
            Journal(output).remove()

    def begin(self, block_size: int) -> None:
        """The run starts, with this block size."""

    def restore(self, blocks: Iterable[Block], total: int, write: Callable[[Block, list[np.ndarray]], None]) -> int:
        """Write the finished ones among the blocks (`total` of them), which are the first ones; how many they were."""
        return 0

    def keep(self, block: Block, arrays: Sequence[np.ndarray]) -> None:
        """A block is finished."""

    def __enter__(self) -> NothingKept:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """The run is over; without an error, all its outputs have their names."""


class Kept(NothingKept):
    """Of a run that goes on where the same run was stopped, and keeps its finished blocks until it has ended well."""

    def __init__(self, job: ServeModel, evaluator: str, bands: Sequence[Bands], reporter: Reporter) -> None:
        self._products = [Pixels(each.dtype, len(each.names)) for each in bands]
        self._memory, self._reporter = job.memory, reporter
        written = [[each.dtype, str(each.nodata), *each.names] for each in bands]
        self._fingerprint = {**fingerprint(job, evaluator), "what is written": written}
        self._journal = Journal(job.products[0].path)
        self._earlier = Run.of(self._journal.header)
        self._changes = changes(self._earlier.fingerprint, self._fingerprint) if self._earlier else []
        if self._earlier and not self._changes:
            self.block_size = self._earlier.block_size_for(job)

    def begin(self, block_size: int) -> None:
        if self._earlier and not self._changes and self._earlier.block_size != block_size:
            self._changes = [f"the block size changed from {self._earlier.block_size} to {block_size}"]
        if self._changes:
            self._reporter.warn(f"Starting afresh, as this is not the run that was stopped: {'; '.join(self._changes)}.")
        if self._changes or not self._earlier:
            self._journal.begin(asdict(Run(self._fingerprint, block_size, self._memory)))
        self._reporter.info(f"Finished blocks are kept in {self._journal.path}. If this run is stopped, run it again with RESUME.")

    def restore(self, blocks: Iterable[Block], total: int, write: Callable[[Block, list[np.ndarray]], None]) -> int:
        finished = 0
        for block, arrays in self._journal.restore(blocks, self._products):
            write(block, arrays)
            finished += 1
            self._reporter.progress(finished / total, "Finished blocks")
        if finished:
            self._reporter.info(f"Going on from the run that was stopped: {finished} of {total} blocks are finished.")
        return finished

    def keep(self, block: Block, arrays: Sequence[np.ndarray]) -> None:
        self._journal.append(block.window, arrays)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if kind is None or self._journal.empty:
            self._journal.remove()
            return
        self._journal.close()
        self._reporter.info("The finished blocks are kept: run it again with RESUME to go on from them.")


def keeping(job: ServeModel, evaluator: str, bands: Sequence[Bands], reporter: Reporter) -> NothingKept:
    """What keeps the finished blocks of a job, if it is to be resumed.

    Args:
        evaluator: the form in which the model is applied, and its precision.
        bands: of every product.

    Raises:
        CannotWrite: another process is writing the same output.
    """
    return Kept(job, evaluator, bands, reporter) if job.resume else NothingKept(job.products[0].path)
