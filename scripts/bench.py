"""The benchmarks, in the engine's Python: `make bench [ONLY=name]`."""

from __future__ import annotations

import os
import subprocess
import sys

from . import setup
from .workspace import ROOT, guarded


def main() -> int:
    """Run benchmarks/__main__.py; its exit status."""
    names = os.environ.get("ONLY", "").split()
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    return subprocess.run([setup.engine_python(), "-m", "benchmarks", *names], cwd=ROOT, env=environment).returncode


if __name__ == "__main__":
    sys.exit(guarded(main))
