"""A chain of algorithms run through qgis_process, each step only if something it depends on changed since its last run."""

from __future__ import annotations

import hashlib
import json
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Optional

from . import qgis
from .workspace import PLUGIN, ROOT, Failure, say, tail

CODE = ("core", "algorithms", "resources")
TICK_S = 1.0


class Chain:
    """Runs steps one after the other, with their logs and results in `folder`.

    A step's key covers its parameters, the code, the inputs from outside and, through the key of the step before, everything earlier.
    """

    def __init__(self, folder: Path, engine: str, inputs: Iterable[Path] = ()) -> None:
        """`inputs`: files from outside that the chain reads; `engine`: the engine's Python."""
        self._folder, self._engine = folder, engine
        self._key = _digest(code_fingerprint(), *(_state(path) for path in inputs))
        self._count = 0
        self._log = folder
        folder.mkdir(parents=True, exist_ok=True)

    def run(self, algorithm: str, parameters: Mapping[str, qgis.Value]) -> dict[str, Any]:
        """Run one of our algorithms through qgis_process; its results by output name.

        Raises:
            Failure: the algorithm failed; with what it said.
        """
        command = [qgis.program(), *qgis.arguments(f"{PLUGIN}:{algorithm}", parameters)]
        return self._step(algorithm, command, lambda: self._process(command))

    def run_job(self, job: Mapping[str, Any]) -> dict[str, Any]:
        """Run a job of the engine that has no algorithm: `python -m core JOB.json`."""
        path = self._folder / f"{job['job']}.json"
        command = [self._engine, "-m", "core", str(path)]

        def act() -> dict[str, Any]:
            path.write_text(json.dumps(job, indent=2))
            return dict(json.loads(self._output(command, None)))

        return self._step(job["job"], command, act, json.dumps(job))

    def _process(self, command: list[str]) -> dict[str, Any]:
        output = self._output([command[0], "--json", *command[1:]], qgis.environment(qgis.PROFILE, self._engine))
        return qgis.results(output)

    def _step(self, name: str, command: list[str], act: Callable[[], dict[str, Any]], *depends_on: str) -> dict[str, Any]:
        self._count += 1
        self._key = _digest(self._key, *command, *depends_on)
        memory = self._folder / f"{self._count:02}-{name}.memory.json"
        self._log = self._folder / f"{self._count:02}-{name}.log"
        say(f"\n[{self._count}] {name}\n    {readable(command)}")
        known = _recall(memory, self._key)
        if known is not None:
            say("    up to date")
            return known
        start = time.monotonic()
        found = act()
        memory.write_text(json.dumps({"key": self._key, "results": found}))
        say(f"    done in {time.monotonic() - start:.0f} s")
        return found

    def _output(self, command: list[str], environment: Optional[Mapping[str, str]]) -> str:
        """Standard output of the program. On a terminal the seconds tick meanwhile: `--json` keeps everything for the end."""
        start = time.monotonic()
        with open(self._log, "w+", encoding="utf-8") as log:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, text=True, cwd=ROOT, env=environment
            )
            try:
                output = _wait(process, start)
            except KeyboardInterrupt:  # the program got the same Ctrl-C: let it remove what it had begun
                process.wait()
                raise
            log.seek(0)
            said = log.read()
            log.write(f"\n{output}")
        if process.returncode:
            raise Failure(
                f"{readable(command)}\nfailed (exit status {process.returncode}):\n{tail(said + _errors(output))}\nWhole log: {self._log}"
            )
        return output


def code_fingerprint() -> str:
    """A hash of the code that the chain runs."""
    files = sorted(path for folder in CODE for path in (ROOT / folder).rglob("*") if path.is_file() and path.suffix != ".pyc")
    return _digest(*(path.read_bytes().decode("latin-1") for path in files))


def readable(command: list[str]) -> str:
    """The command for the shell, with the checkout's own paths made relative to it."""
    return shlex.join(word.replace(f"{ROOT}/", "") for word in command)


def _wait(process: subprocess.Popen[str], start: float) -> str:
    while True:
        try:
            return process.communicate(timeout=TICK_S)[0]
        except subprocess.TimeoutExpired:
            if sys.stdout.isatty():
                print(f"\r    {time.monotonic() - start:.0f} s", end="\r", flush=True)


def _errors(output: str) -> str:
    """What qgis_process logged as errors in its JSON; all of its output if it is none."""
    try:
        log = json.loads(output[output.find("{") :])["log"]
    except (ValueError, KeyError):
        return output
    return "\n".join(str(line) for kind in ("warning", "warnings", "error", "errors") for line in log.get(kind, []))


def _recall(memory: Path, key: str) -> Any:
    try:
        known = json.loads(memory.read_text())
    except (OSError, ValueError):
        return None
    paths = [value for value in known["results"].values() if isinstance(value, str) and value.startswith("/")]
    return known["results"] if known["key"] == key and all(Path(path).exists() for path in paths) else None


def _state(path: Path) -> str:
    status = path.stat()
    return f"{path} {status.st_mtime_ns} {status.st_size}"


def _digest(*texts: str) -> str:
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()
