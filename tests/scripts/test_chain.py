"""The chain runs a step again when something it depends on changed, and only then."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from scripts import chain
from scripts.workspace import Failure

# Stands for qgis_process: writes the file that --OUTPUT names, counts its runs, and prints as qgis_process does.
PROGRAM = """#!{python}
import json, pathlib, sys
given = dict(word[2:].split("=", 1) for word in sys.argv if word.startswith("--") and "=" in word)
if given.get("FAIL"):
    print(json.dumps({{"log": {{"errors": ["the reason why"]}}}}))
    sys.exit(1)
output = pathlib.Path(given["OUTPUT"])
output.write_text("made")
with open(output.with_suffix(".runs"), "a") as runs:
    runs.write("x")
print("noise before", json.dumps({{"results": {{"OUTPUT": str(output), "NUMBER": 7}}}}))
"""


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "bin" / "qgis_process.bin"
    path.parent.mkdir()
    path.write_text(PROGRAM.format(python=sys.executable))
    path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{path.parent}{os.pathsep}{os.environ['PATH']}")
    return path


def runs(output: Path) -> int:
    return len(output.with_suffix(".runs").read_text())


def run_two(folder: Path, seed: int = 0, inputs: tuple[Path, ...] = ()) -> tuple[int, int]:
    """Run a chain of two steps; how often each ran so far."""
    steps = chain.Chain(folder / "steps", sys.executable, inputs)
    first, second = folder / "first.txt", folder / "second.txt"
    assert steps.run("first", {"SEED": seed, "OUTPUT": first}) == {"OUTPUT": str(first), "NUMBER": 7}
    steps.run("second", {"INPUT": first, "OUTPUT": second})
    return runs(first), runs(second)


def test_a_second_run_does_nothing(program: Path, tmp_path: Path) -> None:
    assert run_two(tmp_path) == (1, 1)
    assert run_two(tmp_path) == (1, 1)


def test_a_changed_parameter_runs_all_that_follows(program: Path, tmp_path: Path) -> None:
    run_two(tmp_path)
    assert run_two(tmp_path, seed=1) == (2, 2)


def test_a_lost_output_is_made_again(program: Path, tmp_path: Path) -> None:
    run_two(tmp_path)
    (tmp_path / "second.txt").unlink()
    assert run_two(tmp_path) == (1, 2)


def test_a_changed_input_runs_everything(program: Path, tmp_path: Path) -> None:
    image = tmp_path / "image.tif"
    image.write_text("one")
    run_two(tmp_path, inputs=(image,))
    image.write_text("another")
    assert run_two(tmp_path, inputs=(image,)) == (2, 2)


def test_changed_code_runs_everything(program: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run_two(tmp_path)
    monkeypatch.setattr(chain, "code_fingerprint", lambda: "changed")
    assert run_two(tmp_path) == (2, 2)


def test_a_failure_tells_the_command_and_the_reason(program: Path, tmp_path: Path) -> None:
    steps = chain.Chain(tmp_path / "steps", sys.executable)
    with pytest.raises(Failure, match=r"(?s)tensorscape:broken --FAIL=1.*the reason why"):
        steps.run("broken", {"FAIL": 1})


def test_a_step_without_an_algorithm_is_a_job_of_the_engine(program: Path, tmp_path: Path) -> None:
    """The engine's own shell prints its outputs as JSON, and it fails with what is wrong with the job."""
    steps = chain.Chain(tmp_path / "steps", sys.executable)
    with pytest.raises(Failure, match="Unknown job"):
        steps.run_job({"job": "nonesuch"})
    assert json.loads((tmp_path / "steps" / "nonesuch.json").read_text()) == {"job": "nonesuch"}
