"""The engine's main loop: guards its standard output, reads jobs, runs them one at a time, reports.

The main thread runs the jobs; a second thread reads standard input, so that a cancel is heard while a job computes. A job that
does not stop in time after a cancel (a long step inside TensorFlow, say) takes the whole process with it: the parent starts a new one.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import queue
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from typing import Any, BinaryIO

from . import jobs, partial, protocol
from .errors import Cancelled, InternalError, OutOfMemory, TensorscapeError, to_wire
from .paths import check_paths
from .reporting import Reporter, format_duration

# Where each job is done. Imported when the first such job comes: sampling never pays for TensorFlow.
RUNNERS = {
    "checkengine": ".environment_report",
    "createdemoscene": ".demoscene.create",
    "classstatistics": ".sampling.class_statistics",
    "selectsamples": ".sampling.select",
    "selectsamplesfromlabels": ".sampling.select_labels",
    "selectpatches": ".sampling.select_patches",
    "extractpatches": ".sampling.extract",
    "createmodel": ".model.create",
    "inspectmodel": ".model.inspection.inspect",
    "trainmodel": ".training.train",
    "servemodel": ".inference.serve",
    "trainclassifier": ".classification.train",
    "classifyimage": ".classification.classify",
    "normalize": ".normalization.normalize",
    "assessaccuracy": ".accuracy.assess",
    "comparequality": ".quality.compare",
    "trainsuperresolution": ".superresolution.train",
    "superresolve": ".superresolution.apply",
    "drawmap": ".pictures",
}
FORCED_EXIT = 3


def run_job(job: jobs.Job, reporter: Reporter) -> dict[str, Any]:
    """Do one job in this process and return its outputs (names → paths and numbers); logs its time and peak memory.

    Raises:
        TensorscapeError: anything that goes wrong, in the user's words; Cancelled if he stopped it.
    """
    start = time.monotonic()
    try:
        check_paths(job)
        module = importlib.import_module(RUNNERS[job.name], __package__)
        outputs: dict[str, Any] = module.run(job, reporter)
        protocol.encode(outputs)  # a NaN or a numpy number among them is a fault of the job, not of whoever passes it on
    except TensorscapeError:
        raise
    except Exception as error:
        raise _in_words(error) from error
    reporter.info(f"Done in {format_duration(time.monotonic() - start)}; peak memory of the engine {peak_memory_mb()} MB.")
    return outputs


def _in_words(error: Exception) -> TensorscapeError:
    details = traceback.format_exc()
    if isinstance(error, MemoryError) or type(error).__name__ == "ResourceExhaustedError":  # TensorFlow's, of the processor or the GPU
        return OutOfMemory("Not enough memory", remedy="Lower 'Memory budget'.", details=details)
    return InternalError(f"Unexpected {type(error).__name__}: {error}", remedy="Please report it with the log.", details=details)


def peak_memory_mb() -> int:
    """Largest resident memory of this process so far, in MB."""
    import psutil

    memory = psutil.Process().memory_info()
    if hasattr(memory, "peak_wset"):  # Windows
        return round(memory.peak_wset / 1e6)
    import resource

    unit = 1 if sys.platform == "darwin" else 1024  # bytes on macOS, KiB on Linux
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6)


class Worker:
    """Runs jobs from `requests` and writes events to `events`, until a shutdown, the end of input, or `idle_s` seconds without a job."""

    def __init__(self, requests: BinaryIO, events: BinaryIO, idle_s: float) -> None:
        self._requests, self._events, self._idle_s = requests, events, idle_s
        self._write_lock = threading.Lock()
        self._jobs: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self._cancels: dict[int, threading.Event] = {}  # of each job that was taken and has not ended

    def run(self) -> None:
        """The main loop; returns when the engine should leave."""
        threading.Thread(target=self._listen, daemon=True, name="listen").start()
        self._send({"type": "ready", "version": protocol.VERSION, "pid": os.getpid()})
        while True:
            try:
                request = self._jobs.get(timeout=self._idle_s)
            except queue.Empty:
                return
            if request is None:
                return
            self._do(request)

    def _listen(self) -> None:
        for line in self._requests:
            try:
                message = protocol.decode(line)
            except ValueError:
                continue  # not ours; the parent's own log shows what it sent
            if message["type"] == "run":
                self._cancels[message["id"]] = threading.Event()
                self._jobs.put(message)
            elif message["type"] == "cancel":
                self._cancel(message["id"])
            elif message["type"] == "shutdown":
                break
        self._jobs.put(None)  # standard input closed: the parent is gone, or wants us to be
        for job_id in list(self._cancels):
            self._cancel(job_id)

    def _cancel(self, job_id: int) -> None:
        cancelled = self._cancels.get(job_id)
        if cancelled is not None:  # else the job ended while its cancel was on the way
            cancelled.set()
            threading.Thread(target=self._insist, args=(job_id,), daemon=True).start()

    def _insist(self, job_id: int) -> None:
        deadline = time.monotonic() + protocol.CANCEL_GRACE_S
        while time.monotonic() < deadline:
            if job_id not in self._cancels:
                return
            time.sleep(0.02)
        partial.discard_all()
        os._exit(FORCED_EXIT)

    def _do(self, request: dict[str, Any]) -> None:
        job_id = request["id"]
        reporter = Reporter(lambda event: self._send({**event, "id": job_id}), self._cancels[job_id])
        ending = finish(lambda: run_job(jobs.from_dict(request["job"]), reporter))
        del self._cancels[job_id]
        self._send({**ending, "id": job_id})

    def _send(self, message: dict[str, Any]) -> None:
        try:
            with self._write_lock:
                self._events.write(protocol.encode(message))
                self._events.flush()
        except (BrokenPipeError, OSError):  # the parent died: nobody is left to tell
            partial.discard_all()
            os._exit(FORCED_EXIT)


def finish(action: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """The one event with which a job ends: result, error or cancelled."""
    try:
        return {"type": "result", "outputs": action()}
    except Cancelled:
        return {"type": "cancelled"}
    except TensorscapeError as error:
        return {"type": "error", **to_wire(error)}


def own_streams() -> tuple[BinaryIO, BinaryIO]:
    """Standard input and output for the protocol alone; what any library prints, in Python or C, goes to standard error."""
    events = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    requests = os.fdopen(os.dup(0), "rb")
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)  # a library that reads standard input must not eat our jobs
    os.close(null)
    return requests, events


def die_before_qgis() -> None:
    """Where memory runs out, let Linux end the engine, which says so and comes back, and not QGIS with the user's unsaved work."""
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w", encoding="ascii") as file:
        file.write("500")


def serve(idle_s: float) -> None:
    """Be the engine of a parent process that speaks core/protocol.py."""
    requests, events = own_streams()
    die_before_qgis()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent turns it into a cancel
    # Before the reader thread starts: on Windows, importing numpy hangs while another thread reads standard input. And before
    # TensorFlow, whose SQLite would otherwise break GeoPackage writing.
    for library in ("numpy", "rasterio", "fiona", "pyogrio"):
        importlib.import_module(library)
    Worker(requests, events, idle_s).run()
    os._exit(0)  # TensorFlow's threads may hang at exit
