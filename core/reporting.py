"""How a job speaks while it runs: progress with the time left, log lines, and the place where a cancel takes effect."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from .errors import Cancelled

PROGRESS_INTERVAL_S = 0.1


class Reporter:
    """Given to every job. Thread-safe: readers and writers of a stream may log while the main thread computes.

    Args:
        emit: takes one event of core/protocol.py (without its id).
        cancelled: set from outside when the job should stop.
    """

    def __init__(self, emit: Callable[[dict[str, Any]], None], cancelled: threading.Event | None = None) -> None:
        self._emit = emit
        self._cancelled = cancelled or threading.Event()
        self._phase_start = time.monotonic()
        self._last_progress = 0.0

    def silent(self) -> Reporter:
        """One that hears the same cancel, and says nothing."""
        return Reporter(lambda event: None, self._cancelled)

    def check(self) -> None:
        """Raise Cancelled if the user cancelled. Call at least a few times a second."""
        if self._cancelled.is_set():
            raise Cancelled

    def info(self, text: str) -> None:
        """A line in the log."""
        self._emit({"type": "log", "level": "info", "text": text})

    def warn(self, text: str) -> None:
        """A line in the log that the user should not overlook."""
        self._emit({"type": "log", "level": "warning", "text": text})

    def phase(self, text: str) -> None:
        """Start of a part of the job: the time left is counted from here."""
        self._phase_start = time.monotonic()
        self._last_progress = 0.0
        self.info(text)

    def progress(self, fraction: float, what: str = "") -> None:
        """How much of the phase is done, in [0, 1]; also checks for a cancel. Cheap enough for inner loops."""
        self.check()
        now = time.monotonic()
        if fraction < 1.0 and now - self._last_progress < PROGRESS_INTERVAL_S:
            return
        self._last_progress = now
        left = (now - self._phase_start) * (1.0 - fraction) / fraction if fraction > 0 else None
        self._emit({"type": "progress", "fraction": min(max(fraction, 0.0), 1.0), "text": _describe(what, left)})


def _describe(what: str, seconds_left: float | None) -> str:
    if seconds_left is None:
        return what
    return f"{what}{', ' if what else ''}{format_duration(seconds_left)} left"


def format_duration(seconds: float) -> str:
    """Seconds in words that a person reads at a glance: "0.4 s", "42 s", "3 min 20 s", "2 h 05 min"."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 1:
        return f"{rest} s"
    hours, minutes_rest = divmod(minutes, 60)
    return f"{hours} h {minutes_rest:02d} min" if hours else f"{minutes} min {rest:02d} s"
