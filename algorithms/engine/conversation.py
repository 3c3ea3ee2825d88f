"""What is said between QGIS and the engine about one job: the log and the progress, a cancel, the one ending."""

from __future__ import annotations

import time
from typing import Any, Callable

from ...core import protocol
from ...core.errors import Cancelled, EngineDied, from_wire
from . import processes
from .cancelling import is_cancelled
from .connection import Engine

# After a cancel. The engine ends a stubborn job itself, with its process, after CANCEL_GRACE_S; these are for one that cannot.
_TERMINATE_S = protocol.CANCEL_GRACE_S + 0.15
_KILL_S = protocol.CANCEL_GRACE_S + 0.3


class LeftIdle(Exception):
    """The engine ended properly before it saw the job."""


class Conversation:
    """One job's exchange with the engine, from its start to its one ending."""

    def __init__(self, engine: Engine, job_id: int, feedback: Any, closing: Callable[[], bool]) -> None:
        self._engine, self._id, self._feedback, self._closing = engine, job_id, feedback, closing
        self._cancelled_at: float | None = None
        self._heard = False
        self._texts = Pace()

    def run(self, job: dict[str, Any]) -> dict[str, Any]:
        """Send the job, pass on what the engine says, and return the outputs.

        Raises:
            TensorscapeError: the ending that the engine told, or its death; Cancelled.
            LeftIdle: the engine had left before the job reached it.
        """
        self._engine.send({"type": "run", "id": self._id, "job": job})
        while True:
            try:
                self._follow_cancel()
                event = self._engine.receive()
                if event is not None and event.get("id", self._id) == self._id and self._take(event):
                    return dict(event["outputs"])
            except KeyboardInterrupt:  # Ctrl-C, where Python sees it before QGIS does
                self._cancel()
            except EOFError:
                raise self._ended() from None

    def _take(self, event: dict[str, Any]) -> bool:
        """Pass an event on; True for the result."""
        self._heard = self._heard or "id" in event
        kind = event["type"]
        if kind == "log":
            push = {"warning": self._feedback.pushWarning, "debug": self._feedback.pushDebugInfo}
            push.get(event["level"], self._feedback.pushInfo)(event["text"])
        elif kind == "progress":
            self._feedback.setProgress(100.0 * event["fraction"])
            if event["text"] and self._texts.due():
                self._feedback.setProgressText(event["text"])
        elif kind == "cancelled":
            raise Cancelled
        elif kind == "error":
            raise from_wire(event["kind"], event["message"], event.get("details", ""))
        return bool(kind == "result")

    def _follow_cancel(self) -> None:
        if self._cancelled_at is None:
            if is_cancelled(self._feedback):
                self._cancel()
            return
        waited = time.monotonic() - self._cancelled_at
        if waited > _KILL_S:
            self._engine.kill()
        elif waited > _TERMINATE_S:
            self._engine.terminate()

    def _cancel(self) -> None:
        self._cancelled_at = self._cancelled_at or time.monotonic()
        self._engine.send({"type": "cancel", "id": self._id})

    def _ended(self) -> Exception:
        status = self._engine.wait()
        if self._cancelled_at is not None or self._closing():
            return Cancelled()
        if status == 0 and not self._heard:
            return LeftIdle()
        return EngineDied(
            f"The engine {processes.describe_end(status)}", remedy="The next run starts a new one.", details=self._engine.last_words()
        )


class Pace:
    """When to show another progress text. QGIS writes each into its log, so: a few seconds apart, and ever rarer in long jobs."""

    def __init__(self, first_s: float = 3.0, growth: float = 0.1) -> None:
        self._start = self._last = time.monotonic()
        self._first_s, self._growth = first_s, growth

    def due(self) -> bool:
        """Whether enough time has passed since it last was."""
        now = time.monotonic()
        if now - self._last < max(self._first_s, self._growth * (now - self._start)):
            return False
        self._last = now
        return True
