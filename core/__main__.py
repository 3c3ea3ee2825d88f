"""The engine from a shell.

python -m core JOB.json            do one job; progress on standard error, outputs as JSON on standard output
python -m core --serve [--idle S]  take jobs from a parent process (core/protocol.py)
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
from typing import Any

from . import jobs, worker
from .errors import BadParameter
from .reporting import Reporter


def main(arguments: list[str] | None = None) -> int:
    """Run as the arguments say; the exit status: 0 done, 1 failed, 130 cancelled."""
    parser = argparse.ArgumentParser(prog="python -m core", description="Tensorscape's engine.")
    parser.add_argument("job", nargs="?", help="a job as a JSON file (see core/jobs/)")
    parser.add_argument("--serve", action="store_true", help="take jobs from standard input")
    parser.add_argument("--idle", type=float, default=600.0, help="seconds without a job after which a serving engine leaves")
    options = parser.parse_args(arguments)
    if options.serve:
        worker.serve(options.idle)
    if not options.job:
        parser.error("name a job file, or --serve")
    return _run_file(options.job)


def _run_file(path: str) -> int:
    events = worker.own_streams()[1]
    cancelled = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: cancelled.set())
    ending = worker.finish(lambda: worker.run_job(_read(path), Reporter(_show, cancelled)))
    if ending["type"] == "result":
        events.write(json.dumps(ending["outputs"], indent=2).encode() + b"\n")
        events.flush()
        return 0
    print(ending.get("message", "Cancelled."), ending.get("details", ""), sep="\n", file=sys.stderr)
    return 1 if ending["type"] == "error" else 130


def _read(path: str) -> jobs.Job:
    try:
        with open(path, encoding="utf-8") as file:
            values: Any = json.load(file)
    except (OSError, ValueError) as error:
        raise BadParameter(f"Cannot read the job file {path} ({error})", expected="a JSON object, see core/jobs/") from error
    if not isinstance(values, dict):
        raise BadParameter(f"The job file {path}", expected="a JSON object", received=type(values).__name__)
    return jobs.from_dict(values)


def _show(event: dict[str, Any]) -> None:
    if event["type"] == "progress":
        print(f"\r{event['fraction']:4.0%} {event['text']:<40}", end="", file=sys.stderr, flush=True)
    else:
        print(f"\r{event['text']:<60}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
