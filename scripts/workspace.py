"""Where things are in a checkout, and how the scripts speak and run programs."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Optional

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
LOGS = BUILD / "logs"
PLUGIN = "tensorscape"
SYSTEM_PYTHON = "/usr/bin/python3"  # on Debian the one that QGIS uses, whatever `python3` is on the PATH
TAIL_LINES = 25


class Failure(Exception):
    """Something went wrong outside our code; the message says what, and what to do. Shown without a traceback."""


def say(text: str) -> None:
    """One line for the user, at once: what follows may take minutes."""
    print(text, flush=True)


def system_python() -> str:
    """The Python that QGIS uses."""
    return SYSTEM_PYTHON if os.path.exists(SYSTEM_PYTHON) else sys.executable


def run_logged(command: Sequence[str], log_name: str, environment: Optional[Mapping[str, str]] = None) -> None:
    """Run a program with its output in build/logs/`log_name`.log, which grows over the calls.

    Raises:
        Failure: the program cannot be started or ended with an error; says which, and shows the end of its output.
    """
    LOGS.mkdir(parents=True, exist_ok=True)
    log = LOGS / f"{log_name}.log"
    with open(log, "ab") as file:
        file.write(f"\n$ {' '.join(command)}\n".encode())
        file.flush()
        start = file.tell()
        try:
            status = subprocess.call(list(command), stdin=subprocess.DEVNULL, stdout=file, stderr=file, cwd=ROOT, env=environment)
        except OSError as error:
            raise Failure(f"Cannot run {command[0]}: {error.strerror or error}.") from error
    if status:
        text = log.read_bytes()[start:].decode(errors="replace")
        raise Failure(f"{' '.join(command)} failed (exit status {status}). Its last lines, whole in {log}:\n{tail(text)}")


def tail(text: str, lines: int = TAIL_LINES) -> str:
    """The last lines of a program's output, which is where the reason stands."""
    return "\n".join(text.rstrip().splitlines()[-lines:])


def guarded(main: Callable[[], Optional[int]]) -> int:
    """Run a script's main function: the exit status, with failures and Ctrl-C in plain words."""
    try:
        return main() or 0
    except Failure as failure:
        print(f"\n{failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
        return 130
