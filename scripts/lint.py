"""What a machine can see before a reviewer does: `make lint`. Runs every check, then says which failed.

bandit and detect-secrets are the gate of QGIS's plugin repository; the last check keeps one machine's paths out of everybody's.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from . import setup
from .workspace import BUILD, ROOT, guarded, say

BIN = Path(setup.venv_python(BUILD / "venv-lint")).parent
PLUGIN_CODE = ("__init__.py", "plugin.py", "algorithms", "core")
NOISE = ("WARNING\tTest in comment", "WARNING\tnosec encountered")
MACHINE = re.compile(
    r"(?<![\w.])/(?:work|root|home/\w+|Users/\w+|tmp/\w+)/[\w.]"  # somebody's folders
    r"|(?:pypi|pythonhosted|conda|anaconda|npmjs)\.(?:org|com|io)"  # hosts of package registries: the user's pip knows its own
)


def files() -> list[Path]:
    """The files that are, or are about to be, in the repository."""
    listing = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True
    )
    return sorted({ROOT / name for name in listing.stdout.split("\0") if name and (ROOT / name).is_file()})


def commands(engine: str) -> dict[str, list[str]]:
    """The tools, by the name under which they are reported."""
    tool = {name: str(BIN / name) for name in ("ruff", "mypy", "bandit")}
    present = [name for name in PLUGIN_CODE if (ROOT / name).exists()]
    return {
        "ruff check": [tool["ruff"], "check", "."],
        "ruff format": [tool["ruff"], "format", "--check", "."],
        "mypy": [tool["mypy"], "--python-executable", engine, "core", "scripts"],
        "bandit": [tool["bandit"], "-q", "-r", "-c", "pyproject.toml", *present],
    }


def passes(command: Sequence[str]) -> bool:
    """Run a tool; whether it found nothing. Its report is shown, without bandit's wonder at the reasons that follow `# nosec`."""
    done = subprocess.run(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)
    sys.stderr.writelines(line for line in done.stderr.splitlines(keepends=True) if not any(noise in line for noise in NOISE))
    return done.returncode == 0


def machine_paths(paths: Iterable[Path]) -> list[str]:
    """Lines that name one machine's folders or a package registry."""
    found = []
    for path in paths:
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except UnicodeDecodeError:
            continue  # an image
        numbered = enumerate(lines, 1)
        found += [f"{path.relative_to(ROOT)}:{n}: {line.strip()[:120]}" for n, line in numbered if MACHINE.search(line)]
    return found


def secrets(paths: Sequence[Path]) -> list[str]:
    """What detect-secrets takes for a secret."""
    names = [str(path.relative_to(ROOT)) for path in paths]
    output = subprocess.run([str(BIN / "detect-secrets"), "scan", *names], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True).stdout
    found = json.loads(output)["results"]
    return [f"{name}:{hit['line_number']}: {hit['type']}" for name, hits in sorted(found.items()) for hit in hits]


def main() -> int:
    """Run all checks; the exit status is 0 if all found nothing."""
    failed = []
    for name, command in commands(setup.engine_python()).items():
        say(f"── {name}")
        if not passes(command):
            failed.append(name)
    paths = files()
    for name, found in (("detect-secrets", secrets(paths)), ("machine paths", machine_paths(paths))):
        say(f"── {name}")
        if found:
            say("\n".join(found))
            failed.append(name)
    say(f"\nlint: {'FAILED: ' + ', '.join(failed) if failed else 'nothing found'}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(guarded(main))
