"""Child processes that QGIS starts: with which surroundings, and how they are ended.

Standard library only.
"""

from __future__ import annotations

import os
import queue
import signal
import subprocess  # nosec B404: starting the engine is this package's purpose
import threading
from collections.abc import Mapping, Sequence
from typing import Any, Callable

from ...core.errors import Cancelled

# QGIS, its wrapper or its bundle set these for its own libraries; another Python must not see them.
_OF_QGIS = ("PYTHON", "PIP_", "GDAL_", "PROJ_", "DYLD_")
_OF_QGIS_EXACTLY = frozenset({"LD_LIBRARY_PATH", "LD_PRELOAD", "__PYVENV_LAUNCHER__", "VIRTUAL_ENV"})

_WINDOWS = os.name == "nt"
_DEATHS = {
    "SIGKILL": "most likely out of memory; lower 'Memory budget' and close other programs",
    "SIGILL": "this processor lacks instructions (AVX) that TensorFlow needs",
    "SIGSEGV": "a library crashed",
    "SIGABRT": "a library gave up",
    "SIGBUS": "most likely a full disk or a lost network drive",
}
_WINDOWS_DEATHS = {0xC0000005: "SIGSEGV", 0xC000001D: "SIGILL", 0xC0000017: "SIGKILL", 0xC0000409: "SIGABRT"}


def clean_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment variables without those that QGIS set for itself."""
    return {
        name: value for name, value in environment.items() if not name.upper().startswith(_OF_QGIS) and name.upper() not in _OF_QGIS_EXACTLY
    }


def start(command: Sequence[str], environment: Mapping[str, str], **options: Any) -> subprocess.Popen[bytes]:
    """Start a child in a group of its own: Ctrl-C in the terminal reaches QGIS alone, which then cancels; no window opens on Windows.

    Raises:
        OSError: there is no such program, or it cannot be run.
    """
    if _WINDOWS:
        options["creationflags"] = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0) | getattr(subprocess, "CREATE_NO_WINDOW", 0)
    else:
        options["start_new_session"] = True
    return subprocess.Popen(list(command), env=dict(environment), **options)  # nosec B603: a list, no shell; our own command


def run(command: Sequence[str], environment: Mapping[str, str], on_line: Callable[[str], None], cancelled: Callable[[], bool]) -> int:
    """Run a program to its end and return its exit status, passing on each line that it prints.

    Raises:
        Cancelled: the user stopped it.
        OSError: as `start`.
    """
    process = start(command, environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    lines: queue.Queue[bytes | None] = queue.Queue()
    threading.Thread(target=_drain, args=(process, lines), daemon=True).start()
    try:
        while True:
            try:
                line = lines.get(timeout=0.1)
            except queue.Empty:
                line = b""
            if line is None:
                return process.wait()
            if cancelled():
                raise Cancelled
            if line:
                on_line(line.decode("utf-8", "replace").rstrip())
    finally:
        if process.poll() is None:
            kill(process)


def _drain(process: subprocess.Popen[bytes], lines: queue.Queue[bytes | None]) -> None:
    for line in process.stdout:  # type: ignore[union-attr]  # we asked for a pipe
        lines.put(line)
    lines.put(None)


def kill(process: subprocess.Popen[bytes]) -> None:
    """End the child and all it started, at once, and wait for it."""
    try:
        if _WINDOWS:
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)  # it leads its group (see `start`)
    except (ProcessLookupError, PermissionError):
        process.poll()  # gone already
    process.wait()


def describe_end(code: int) -> str:
    """What an exit status means, in words: "was killed (signal 9): most likely out of memory; …"."""
    name = _WINDOWS_DEATHS.get(code & 0xFFFFFFFF, "") if code >= 0 else _signal_name(-code)
    if not name:
        return f"ended (exit status {code})"
    verb = "was killed" if name in ("SIGKILL", "SIGTERM", "SIGINT", "SIGHUP") else "crashed"
    cause = f": {_DEATHS[name]}" if name in _DEATHS else ""
    return f"{verb} ({f'signal {-code}' if code < 0 else f'exit status {code & 0xFFFFFFFF:#x}'}){cause}"


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
