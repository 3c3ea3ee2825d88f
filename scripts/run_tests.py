"""Runs the three test suites, each in the Python it is for, and sums up: `make test`.

engine     tests/, without the two below: the engine's Python, no QGIS
qgis       tests/algorithms: QGIS's Python with pytest-qgis and a fake engine
workflows  tests/workflows: real qgis_process with the real engine, in temporary profiles
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

from . import qgis, setup
from .workspace import BUILD, ROOT, Failure, guarded, say

REPORTS = BUILD / "reports"


@dataclass(frozen=True)
class Suite:
    """Tests that run together. `paths`: what pytest is given."""

    name: str
    python: str
    paths: tuple[str, ...]


@dataclass(frozen=True)
class Ending:
    """How a suite ended: pytest's exit status, its closing line, seconds."""

    suite: str
    status: int
    line: str
    seconds: float


def suites(engine: str, qgis_python: str) -> list[Suite]:
    """All suites, the quick ones first."""
    return [
        Suite("engine", engine, ("tests", "--ignore=tests/algorithms", "--ignore=tests/workflows")),
        Suite("qgis", qgis_python, ("tests/algorithms",)),
        Suite("workflows", engine, ("tests/workflows",)),
    ]


def run(suite: Suite, arguments: Sequence[str], variables: dict[str, str]) -> Ending:
    """Run one suite; what pytest prints is shown as it comes."""
    say(f"\n── {suite.name}: {' '.join(suite.paths)}")
    start = time.monotonic()
    command = [suite.python, "-m", "pytest", *suite.paths, f"--junitxml={REPORTS / suite.name}.xml", *arguments]
    process = subprocess.Popen(command, cwd=ROOT, env=variables, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    last = ""
    for line in process.stdout or ():
        sys.stdout.write(line)
        sys.stdout.flush()
        last = line.strip("= \n") or last
    return Ending(suite.name, process.wait(), last, time.monotonic() - start)


def environment(engine: str) -> dict[str, str]:
    """The tests' variables: no display, no other Python's modules, the engine that was set up."""
    variables = qgis.environment(BUILD / "test-profile", engine, qgis.link_plugin())
    return {
        **variables,
        "QT_QPA_PLATFORM": "offscreen",
        "PYTHONDONTWRITEBYTECODE": "1",
        "HYPOTHESIS_STORAGE_DIRECTORY": str(BUILD / "hypothesis"),
    }


def summary(endings: Sequence[Ending]) -> str:
    """One line a suite."""
    return "\n".join(f"{ending.suite:<10} {'passed' if not ending.status else 'FAILED':<7} {ending.line}" for ending in endings)


def main() -> int:
    """Run the suites that SUITE names, all by default; ARGS goes to pytest. The exit status is 0 if all passed."""
    engine = setup.engine_python()
    known = suites(engine, setup.venv_python(BUILD / "venv-qgis"))
    wanted = os.environ.get("SUITE", "").split() or [suite.name for suite in known]
    unknown = set(wanted) - {suite.name for suite in known}
    if unknown:
        raise Failure(f"Unknown suite {' '.join(sorted(unknown))}: expected {', '.join(suite.name for suite in known)}.")
    REPORTS.mkdir(parents=True, exist_ok=True)
    arguments = shlex.split(os.environ.get("ARGS", ""))
    variables = environment(engine)
    endings = [run(suite, arguments, variables) for suite in known if suite.name in wanted]
    text = summary(endings)
    (REPORTS / "summary.txt").write_text(text + "\n")
    say(f"\n── Summary\n{text}\n{sum(ending.seconds for ending in endings):.0f} s in all; reports in {REPORTS}")
    return max(ending.status for ending in endings)


if __name__ == "__main__":
    sys.exit(guarded(main))
