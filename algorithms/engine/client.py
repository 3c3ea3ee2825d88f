"""Runs jobs in the engine: one warm process, one job at a time, cancelled within two seconds, replaced when it dies."""

from __future__ import annotations

import atexit
import os
import shutil
import threading
from collections.abc import Sequence
from typing import Any, Callable

from ...core import jobs, protocol
from ...core.errors import Cancelled
from . import environment
from .cancelling import is_cancelled
from .connection import POLL_S, Engine
from .conversation import Conversation, LeftIdle

IDLE_S = 600.0  # an engine without work leaves after this: it holds half a gigabyte once TensorFlow is loaded


class Client:
    """What algorithms use. Thread-safe: jobs from several threads wait for each other, and can be cancelled while they wait.

    Args:
        command: gives the words that start an engine; asked before each job, so that a changed setting takes effect.
    """

    def __init__(self, command: Callable[[], Sequence[str]]) -> None:
        self._command = command
        self._turn = threading.Lock()
        self._engine: Engine | None = None
        self._closing = False
        self._jobs = 0

    def run(self, job: jobs.Job, feedback: Any) -> dict[str, Any]:
        """Do the job and return its outputs. `feedback`: a QgsProcessingFeedback, which gets the log and the progress.

        Raises:
            TensorscapeError: the job's own error; EngineMissing, EngineDied; Cancelled if the user stopped it.
        """
        self._await_turn(feedback)
        try:
            self._closing = False
            return self._run(jobs.to_dict(job), feedback)
        finally:
            self._turn.release()

    def shutdown(self) -> None:
        """End the engine, and with it a job that still runs. Takes at most half a second; the next job starts a new engine."""
        self._closing = True
        engine, self._engine = self._engine, None
        if engine is not None:
            engine.leave()

    def _await_turn(self, feedback: Any) -> None:
        if self._turn.acquire(blocking=False):
            return
        feedback.pushInfo("Waiting for the engine: another job is running.")
        while not self._turn.acquire(timeout=POLL_S):
            if is_cancelled(feedback):
                raise Cancelled

    def _run(self, job: dict[str, Any], feedback: Any) -> dict[str, Any]:
        engine = self._warm_engine()
        if engine is not None:
            try:
                return self._converse(engine, job, feedback)
            except LeftIdle:
                feedback.pushDebugInfo("The engine had just left after a while without work; starting it again.")
        return self._converse(self._new_engine(feedback), job, feedback)

    def _warm_engine(self) -> Engine | None:
        engine = self._engine
        if engine is None or (engine.alive and engine.command == tuple(self._command())):
            return engine
        engine.leave()
        self._engine = None
        return None

    def _new_engine(self, feedback: Any) -> Engine:
        feedback.pushInfo("Starting the engine …")
        engine = self._engine = Engine(self._command())
        try:
            engine.await_ready(lambda: self._closing or is_cancelled(feedback))
        except BaseException:  # a KeyboardInterrupt too: an engine that nobody knows of would live on
            self._engine = None
            engine.kill()
            raise
        return engine

    def _converse(self, engine: Engine, job: dict[str, Any], feedback: Any) -> dict[str, Any]:
        self._jobs += 1
        conversation = Conversation(engine, self._jobs, feedback, lambda: self._closing)
        try:
            return conversation.run(job)
        finally:
            if not engine.alive:
                self._engine = None
                remove_leftovers(job, engine.pid)


def remove_leftovers(job: dict[str, Any], pid: int) -> None:
    """Remove the unfinished outputs of a dead engine."""
    for path in protocol.leftovers(job, pid):
        if os.path.isdir(path):
            shutil.rmtree(path, ignore_errors=True)
        else:
            try:
                os.remove(path)
            except OSError:  # held open by another program, or gone: it is hidden, and hurts nobody
                continue


def engine_command() -> list[str]:
    """The words that start the engine, in the environment that was found.

    Raises:
        EngineMissing: there is none.
    """
    return [environment.find_python(), "-m", "core", "--serve", "--idle", str(IDLE_S)]


_shared: Client | None = None


def shared_client() -> Client:
    """The one client of this QGIS: its engine stays warm between algorithms, and ends with QGIS."""
    global _shared
    if _shared is None:
        _shared = Client(engine_command)
        atexit.register(_shared.shutdown)
    return _shared
