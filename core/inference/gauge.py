"""Measures the peak memory of a piece of work."""

from __future__ import annotations

import threading
from types import TracebackType

INTERVAL_S = 0.002


class Gauge:
    """Peak memory in bytes, on the host and, where one computes, on the GPU. Enter it as often as there is something to measure.

    The host's peak is the larger of two. The process's resident memory above what it was when the gauge was made, sampled by a thread:
    it counts everything, but TensorFlow keeps what it once had, and in an engine that has computed before nothing seems to be needed.
    And the peak that TensorFlow's own allocator reports: exact, but of tensors only, and not known on every machine.
    """

    def __init__(self, gpu: bool) -> None:
        import psutil

        self._process, self._gpu = psutil.Process(), gpu
        self.level = self._resident()

    def __enter__(self) -> Gauge:
        self._start = [_reset(device) for device in self._devices()]
        self._peak, self._done = self._resident(), threading.Event()
        self._thread = threading.Thread(target=self._sample, name="memory gauge", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._done.set()
        self._thread.join()
        self._peak = max(self._peak, self._resident())

    @property
    def peaks(self) -> tuple[int, ...]:
        """Of what was measured last: host, and GPU if there is one."""
        tensors = [_peak(device) - start for device, start in zip(self._devices(), self._start, strict=True)]
        return (max(self._peak - self.level, tensors[0]), *tensors[1:])

    def _devices(self) -> tuple[str, ...]:
        return ("CPU:0", "GPU:0") if self._gpu else ("CPU:0",)

    def _resident(self) -> int:
        return int(self._process.memory_info().rss)

    def _sample(self) -> None:
        while not self._done.wait(INTERVAL_S):
            self._peak = max(self._peak, self._resident())


def _reset(device: str) -> int:
    """Let the device's peak start anew; bytes in use now, 0 where its allocator does not tell."""
    import tensorflow as tf

    try:
        tf.config.experimental.reset_memory_stats(device)
        return int(tf.config.experimental.get_memory_info(device)["current"])
    except (ValueError, tf.errors.OpError):
        return 0


def _peak(device: str) -> int:
    import tensorflow as tf

    try:
        return int(tf.config.experimental.get_memory_info(device)["peak"])
    except (ValueError, tf.errors.OpError):
        return 0
