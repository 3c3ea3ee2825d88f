"""One engine process and the pipes to it: started, listened to without blocking, ended."""

from __future__ import annotations

import collections
import os
import queue
import subprocess  # nosec B404: see processes.py
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Callable

from ...core import protocol
from ...core.errors import Cancelled, EngineMissing
from . import processes

PLUGIN_FOLDER = Path(__file__).resolve().parents[2]
HANDSHAKE_S = 90.0  # importing numpy and rasterio takes 1 s; after an update, with a cold disk and a virus scanner, far longer
POLL_S = 0.05
_STDERR_LINES = 200
_REPAIR = "Run the algorithm 'Check the engine' with 'Create or repair'."


class Engine:
    """A running engine. Two threads drain its output and its error stream, so it never stalls on a full pipe.

    Raises:
        EngineMissing: the program does not exist or cannot be run.
    """

    def __init__(self, command: Sequence[str]) -> None:
        self.command = tuple(command)
        self._events: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self._errors: collections.deque[str] = collections.deque(maxlen=_STDERR_LINES)
        pipes = {name: subprocess.PIPE for name in ("stdin", "stdout", "stderr")}
        try:
            self._process = processes.start(command, processes.clean_environment(os.environ), cwd=str(PLUGIN_FOLDER), **pipes)
        except OSError as error:
            raise EngineMissing(f"The engine's Python, {command[0]}, cannot be run ({error.strerror})", remedy=_REPAIR) from error
        self._listeners = [threading.Thread(target=work, daemon=True) for work in (self._read_events, self._read_errors)]
        for listener in self._listeners:
            listener.start()

    @property
    def pid(self) -> int:
        """Its process id, which is also in the names of its unfinished outputs."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it can be spoken to."""
        return self._process.poll() is None

    def await_ready(self, cancelled: Callable[[], bool]) -> None:
        """Wait for its first message.

        Raises:
            EngineMissing: it ended, stayed silent, or speaks another version; its own last words are in the message.
            Cancelled: the user did not want to wait.
        """
        deadline = time.monotonic() + HANDSHAKE_S
        while time.monotonic() < deadline:
            if cancelled():
                raise Cancelled
            try:
                event = self.receive()
            except EOFError:
                raise self._failed_start(processes.describe_end(self.wait())) from None
            if event is not None and event["type"] == "ready":
                return self._check_version(event)
        raise self._failed_start(f"said nothing for {HANDSHAKE_S:.0f} s")

    def send(self, message: dict[str, Any]) -> None:
        """Say something. If the engine is gone, nothing happens here: `receive` tells."""
        try:
            self._process.stdin.write(protocol.encode(message))  # type: ignore[union-attr]  # we asked for a pipe
            self._process.stdin.flush()  # type: ignore[union-attr]
        except (OSError, ValueError):  # the pipe is broken, or closed by `leave`
            return

    def receive(self, timeout_s: float = POLL_S) -> dict[str, Any] | None:
        """Its next message, or None if none came in time.

        Raises:
            EOFError: it has ended, and everything it said was received.
        """
        try:
            event = self._events.get(timeout=timeout_s)
        except queue.Empty:
            return None
        if event is None:
            self._events.put(None)  # for whoever asks again
            raise EOFError
        return event

    def leave(self, patience_s: float = 0.5) -> None:
        """Let it go: politely, then at once."""
        self.send({"type": "shutdown"})
        try:
            self._process.stdin.close()  # type: ignore[union-attr]
        except OSError:  # unsent bytes to a dead process
            self._process.poll()
        try:
            self._process.wait(patience_s)
        except subprocess.TimeoutExpired:
            self.kill()

    def terminate(self) -> None:
        """Ask the operating system to end it."""
        self._process.terminate()

    def kill(self) -> None:
        """End it and what it started, now."""
        processes.kill(self._process)

    def wait(self, patience_s: float = 1.0) -> int:
        """Its exit status; one that closed its output but lives on is ended."""
        try:
            return self._process.wait(patience_s)
        except subprocess.TimeoutExpired:
            self.kill()
            return self._process.wait()

    def last_words(self) -> str:
        """The end of its error stream."""
        self._listeners[1].join(0.2)
        return "\n".join(self._errors)

    def _check_version(self, event: dict[str, Any]) -> None:
        if event.get("version") != protocol.VERSION:
            raise EngineMissing(
                "The engine and the plugin do not fit together",
                expected=f"protocol version {protocol.VERSION}",
                received=event.get("version"),
                remedy="The plugin was probably updated while QGIS was running: restart QGIS.",
            )

    def _failed_start(self, how: str) -> EngineMissing:
        words = self.last_words()
        last = words.strip().rsplit("\n", 1)[-1]
        return EngineMissing(
            f"The engine did not start: {self.command[0]} {how}{f', saying: {last}' if last else ''}", remedy=_REPAIR, details=words
        )

    def _read_events(self) -> None:
        for line in self._process.stdout:  # type: ignore[union-attr]
            try:
                self._events.put(protocol.decode(line))
            except ValueError:  # something wrote past the engine's guard: show it, go on
                text = line[:500].decode("utf-8", "replace").rstrip()
                self._events.put({"type": "log", "level": "debug", "text": f"The engine printed: {text}"})
        self._events.put(None)

    def _read_errors(self) -> None:
        for line in self._process.stderr:  # type: ignore[union-attr]
            self._errors.append(line[:2000].decode("utf-8", "replace").rstrip())
