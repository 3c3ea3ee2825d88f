"""Read ahead → compute → write behind: three stages that overlap, with bounded queues between them."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from .reporting import Reporter

Item = TypeVar("Item")
Loaded = TypeVar("Loaded")
Computed = TypeVar("Computed")

DEPTH = 2  # items between two stages: enough to overlap, few enough to bound memory
POLL_S = 0.1


class _Stopped(Exception):
    """Another stage ended: nothing more to do here."""


@dataclass
class Shares:
    """Where the time of a run goes, in seconds: computing, and waiting for the other two stages."""

    computing: float = 0.0
    reading: float = 0.0
    writing: float = 0.0

    def in_words(self) -> str:
        """For the log; the largest share is the bottleneck."""
        parts = (("computing", self.computing), ("waiting for images", self.reading), ("waiting for the output", self.writing))
        whole = max(sum(seconds for _, seconds in parts), 1e-9)
        return f"Time: {', '.join(f'{seconds / whole:.0%} {name}' for name, seconds in parts)}."


class Stream(Generic[Item, Loaded, Computed]):
    """Runs every item through `read` (a thread of its own), `compute` (the calling thread) and `write` (another thread).

    Each function is called from one thread only, in the order of the items, so that GDAL's datasets, which are not thread-safe, may be
    used inside. An error or a cancel in any stage stops all of them, and is raised by `run`.
    """

    def __init__(
        self, read: Callable[[Item], Loaded], compute: Callable[[Loaded], Computed], write: Callable[[Item, Computed], None]
    ) -> None:
        self._read, self._compute, self._write = read, compute, write
        self._loaded: queue.Queue[Any] = queue.Queue(DEPTH)
        self._computed: queue.Queue[Any] = queue.Queue(DEPTH)
        self._stop = threading.Event()
        self._failure: BaseException | None = None
        self.shares = Shares()

    def run(self, items: Iterable[Item], total: int, reporter: Reporter, what: str = "") -> None:
        """Process all items; progress is counted in items of `total`."""
        threads = [
            threading.Thread(target=self._guard, args=(self._read_all, items), name="read ahead", daemon=True),
            threading.Thread(target=self._guard, args=(self._write_all,), name="write behind", daemon=True),
        ]
        for thread in threads:
            thread.start()
        try:
            self._compute_all(total, reporter, what)
        except _Stopped:
            pass  # the failure of the other stage is raised below
        except BaseException:
            self._stop.set()
            raise
        finally:
            for thread in threads:
                thread.join()
        if self._failure is not None:
            raise self._failure

    def _read_all(self, items: Iterable[Item]) -> None:
        for item in items:
            self._put(self._loaded, (item, self._read(item)))
        self._put(self._loaded, None)

    def _compute_all(self, total: int, reporter: Reporter, what: str) -> None:
        done, asked = 0, time.perf_counter()
        while (loaded := self._get(self._loaded, reporter)) is not None:
            item, pixels = loaded
            started = time.perf_counter()
            results = self._compute(pixels)
            computed = time.perf_counter()
            self._put(self._computed, (item, results))
            given = time.perf_counter()
            self.shares.reading += started - asked
            self.shares.computing += computed - started
            self.shares.writing += given - computed
            done, asked = done + 1, given
            reporter.progress(done / max(total, 1), what)
        self._put(self._computed, None)

    def _write_all(self) -> None:
        while (computed := self._get(self._computed)) is not None:
            self._write(*computed)

    def _guard(self, stage: Callable[..., None], *arguments: Any) -> None:
        try:
            stage(*arguments)
        except _Stopped:
            pass
        except BaseException as error:  # whatever it is, the calling thread has to raise it
            self._failure = self._failure or error
            self._stop.set()

    def _put(self, target: queue.Queue[Any], value: Any) -> None:
        while not self._stop.is_set():
            try:
                return target.put(value, timeout=POLL_S)
            except queue.Full:
                continue
        raise _Stopped

    def _get(self, origin: queue.Queue[Any], reporter: Reporter | None = None) -> Any:
        while not self._stop.is_set():
            if reporter:
                reporter.check()
            try:
                return origin.get(timeout=POLL_S)
            except queue.Empty:
                continue
        raise _Stopped
