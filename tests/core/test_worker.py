"""The engine's main loop: a real process, spoken to through its pipes, with a job that behaves as told."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from core import jobs, protocol, worker
from core.errors import BadTruth, Cancelled, CannotWrite, InternalError, OutOfMemory
from core.reporting import Reporter

ROOT = Path(worker.__file__).resolve().parents[1]
# The job checkengine, replaced: it does what its path says, and writes there unless it is a word.
STUB = f"""
import ctypes, os, sys, time, types
sys.path.insert(0, {str(ROOT)!r})
from core import worker, partial
def run(job, reporter):
    word = os.path.basename(job.output_html)
    if word == "print":
        print("by Python"); os.write(1, b"by the descriptor\\n"); ctypes.CDLL(None).printf(b"by C\\n"); ctypes.CDLL(None).fflush(None)
        return {{"read": sys.stdin.read(), "fd0": len(os.read(0, 10))}}
    if word == "steps":
        reporter.phase("counting")
        for i in range(1, 4):
            reporter.progress(i / 3, "step"); time.sleep(0.15)
        reporter.warn("mind"); return {{"pid": os.getpid()}}
    with partial.replacing(job.output_html) as path:
        open(path, "w").close(); reporter.info("begun")
        while word == "listens": time.sleep(0.01); reporter.check()
        time.sleep(60)
stub = types.ModuleType("core.stub"); stub.run = run; sys.modules["core.stub"] = stub
worker.RUNNERS["checkengine"] = ".stub"
"""


class Engine:
    """A serving engine and the pipes to it."""

    def __init__(self, idle_s: float = 60.0) -> None:
        pipes = {name: subprocess.PIPE for name in ("stdin", "stdout", "stderr")}
        self.process = subprocess.Popen([sys.executable, "-c", f"{STUB}\nworker.serve({idle_s})"], start_new_session=True, **pipes)
        assert self.hear() == {"type": "ready", "version": protocol.VERSION, "pid": self.process.pid}

    def say(self, **message: Any) -> None:
        self.process.stdin.write(protocol.encode(message))
        self.process.stdin.flush()

    def hear(self) -> dict[str, Any]:
        return protocol.decode(self.process.stdout.readline())

    def run(self, job_id: int, path: str) -> None:
        self.say(type="run", id=job_id, job={"job": "checkengine", "output_html": path})

    def ending(self, job_id: int) -> tuple[list[dict[str, Any]], dict[str, Any]]:
        """What is heard until the job ends, and its end."""
        events = []
        while True:
            event = self.hear()
            assert event["id"] == job_id
            if event["type"] in protocol.ENDINGS:
                return events, event
            events.append(event)


@pytest.fixture
def start() -> Iterator[Callable[..., Engine]]:
    engines: list[Engine] = []

    def make(**options: Any) -> Engine:
        engines.append(Engine(**options))
        return engines[-1]

    yield make
    for engine in engines:
        engine.process.kill()
        engine.process.wait()
        for pipe in (engine.process.stdin, engine.process.stdout, engine.process.stderr):
            pipe.close()


def test_jobs_run_one_after_the_other_and_report(start):
    engine = start()
    engine.run(1, "steps")
    engine.run(2, "steps")
    for job_id in (1, 2):
        events, ending = engine.ending(job_id)
        assert ending == {"type": "result", "id": job_id, "outputs": {"pid": engine.process.pid}}
        progress = [event for event in events if event["type"] == "progress"]
        assert [round(event["fraction"], 2) for event in progress] == [0.33, 0.67, 1.0]
        assert progress[1]["text"].startswith("step, 0.")
        texts = [(event["level"], event["text"]) for event in events if event["type"] == "log"]
        assert texts[:2] == [("info", "counting"), ("warning", "mind")]
        assert texts[2][1].startswith("Done in 0.")
        assert "peak memory" in texts[2][1]


def test_whatever_prints_does_not_disturb_the_protocol_and_whatever_reads_does_not_eat_it(start):
    engine = start()
    engine.run(1, "print")
    engine.run(2, "steps")
    assert engine.ending(1)[1]["outputs"] == {"read": "", "fd0": 0}
    assert engine.ending(2)[1]["type"] == "result"
    engine.say(type="shutdown")
    assert engine.process.wait(5) == 0
    printed = engine.process.stderr.read()
    assert all(text in printed for text in (b"by Python", b"by the descriptor", b"by C"))


def test_a_wrong_job_and_junk_are_errors_and_not_the_end(start):
    engine = start()
    engine.process.stdin.write(b"junk\n\n")
    engine.say(type="run", id=1, job={"job": "fly"})
    ending = engine.ending(1)[1]
    assert (ending["type"], ending["kind"]) == ("error", "BadParameter")
    engine.say(type="cancel", id=1)  # too late: of no effect
    engine.say(type="cancel", id=99)
    engine.run(2, "steps")
    assert engine.ending(2)[1]["type"] == "result"


def test_cancel_stops_a_job_that_listens_and_keeps_the_engine(start, tmp_path):
    engine = start()
    engine.run(1, str(tmp_path / "listens"))
    assert engine.hear()["text"] == "begun"
    begin = time.monotonic()
    engine.say(type="cancel", id=1)
    assert engine.ending(1)[1] == {"type": "cancelled", "id": 1}
    assert time.monotonic() - begin < 0.5
    assert os.listdir(tmp_path) == []
    time.sleep(protocol.CANCEL_GRACE_S + 0.2)
    engine.run(2, "steps")
    assert engine.ending(2)[1]["type"] == "result"


def test_a_cancel_that_comes_with_its_job_is_heard(start, tmp_path):
    engine = start()
    path = str(tmp_path / "listens")
    messages = ({"type": "run", "id": 1, "job": {"job": "checkengine", "output_html": path}}, {"type": "cancel", "id": 1})
    engine.process.stdin.write(b"".join(map(protocol.encode, messages)))
    engine.process.stdin.flush()
    assert engine.ending(1)[1]["type"] == "cancelled"


def test_a_job_that_does_not_listen_takes_the_engine_with_it_in_time(start, tmp_path):
    engine = start()
    engine.run(1, str(tmp_path / "deaf"))
    assert engine.hear()["text"] == "begun"
    begin = time.monotonic()
    engine.say(type="cancel", id=1)
    assert engine.process.wait(5) == worker.FORCED_EXIT
    assert protocol.CANCEL_GRACE_S <= time.monotonic() - begin < 2.0
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("word", ["listens", "deaf"])
def test_the_end_of_input_ends_the_engine_and_its_job(start, tmp_path, word):
    engine = start()
    engine.run(1, str(tmp_path / word))
    assert engine.hear()["text"] == "begun"
    begin = time.monotonic()
    engine.process.stdin.close()
    engine.process.wait(5)
    assert time.monotonic() - begin < 2.0
    assert os.listdir(tmp_path) == []


def test_a_parent_that_dies_before_the_job_begins_ends_it_too(start, tmp_path):
    engine = start()
    engine.run(1, str(tmp_path / "listens"))
    engine.process.stdin.close()
    engine.process.wait(3)
    assert os.listdir(tmp_path) == []


def test_an_idle_engine_leaves(start):
    engine = start(idle_s=0.3)
    assert engine.process.wait(5) == 0


def test_ctrl_c_is_the_parents_business(start, tmp_path):
    engine = start()
    engine.run(1, str(tmp_path / "listens"))
    assert engine.hear()["text"] == "begun"
    os.kill(engine.process.pid, signal.SIGINT)
    time.sleep(0.2)
    assert engine.process.poll() is None


@pytest.mark.skipif(not Path("/proc/self/oom_score_adj").exists(), reason="Linux only")
def test_where_memory_runs_out_the_engine_goes_before_qgis(start):
    assert Path(f"/proc/{start().process.pid}/oom_score_adj").read_text().strip() == "500"


def shell(tmp_path: Path, job: object, interrupt: bool = False) -> subprocess.CompletedProcess[str]:
    """`python -m core JOB.json` with the stub."""
    file = tmp_path / "job.json"
    file.write_text(job if isinstance(job, str) else json.dumps(job))
    code = f"{STUB}\nfrom core.__main__ import main\nsys.exit(main([{str(file)!r}]))"
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if interrupt:
        while not any(name.startswith(".") for name in os.listdir(tmp_path)):
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def test_from_a_shell_the_outputs_are_json_and_the_rest_is_on_the_error_stream(tmp_path):
    done = shell(tmp_path, {"job": "checkengine", "output_html": "steps"})
    assert done.returncode == 0, done.stderr
    assert list(json.loads(done.stdout)) == ["pid"]
    assert "step" in done.stderr
    assert "counting" in done.stderr


@pytest.mark.parametrize(
    ("job", "words"),
    [
        ({"job": "fly"}, "Unknown job: expected"),
        ({"job": "trainmodel", "fitting": {"epochs": 0}}, "Fitting.epochs: expected at least 1"),
        ("{", "Cannot read the job file"),
        ([1], "expected a JSON object, received list"),
    ],
)
def test_from_a_shell_a_wrong_job_fails_with_its_reason(tmp_path, job, words):
    done = shell(tmp_path, job)
    assert done.returncode == 1
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_from_a_shell_ctrl_c_cancels_and_leaves_nothing(tmp_path):
    done = shell(tmp_path, {"job": "checkengine", "output_html": str(tmp_path / "listens")}, interrupt=True)
    assert done.returncode == 130
    assert os.listdir(tmp_path) == ["job.json"]


class TestRunJob:
    """What a runner returns or raises, and what becomes of it."""

    @pytest.fixture
    def run(self, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
        def run(action: Callable[[], Any], job: jobs.Job | None = None) -> dict[str, Any]:
            module = type(sys)("core.stub")
            module.run = lambda job, reporter: action()
            monkeypatch.setitem(sys.modules, "core.stub", module)
            monkeypatch.setitem(worker.RUNNERS, "checkengine", ".stub")
            return worker.run_job(job or jobs.CheckEngine(), Reporter(lambda event: None, threading.Event()))

        return run

    def test_outputs_come_back(self, run):
        assert run(lambda: {"OUTPUT": "/a.tif", "OA": 0.5}) == {"OUTPUT": "/a.tif", "OA": 0.5}

    @pytest.mark.parametrize("kind", [BadTruth, Cancelled])
    def test_our_errors_pass(self, run, kind):
        def fail() -> None:
            raise kind("so")

        with pytest.raises(kind, match="so"):
            run(fail)

    def test_any_other_error_is_a_fault_with_a_traceback(self, run):
        with pytest.raises(InternalError, match="Unexpected ZeroDivisionError") as caught:
            run(lambda: 1 / 0)
        assert "Traceback" in caught.value.details

    @pytest.mark.parametrize("error", [MemoryError, type("ResourceExhaustedError", (Exception,), {})])
    def test_lack_of_memory_has_a_remedy(self, run, error):
        def fail() -> None:
            raise error

        with pytest.raises(OutOfMemory, match="Lower 'Memory budget'"):
            run(fail)

    @pytest.mark.parametrize("value", [float("nan"), object(), {1, 2}])
    def test_an_output_that_cannot_travel_is_a_fault_of_the_job(self, run, value):
        with pytest.raises(InternalError):
            run(lambda: {"OA": value})

    def test_an_input_is_not_overwritten(self):
        job = jobs.TrainModel(model="/m", output="/m")
        with pytest.raises(CannotWrite, match="also an input"):
            worker.run_job(job, Reporter(lambda event: None))

    def test_every_ending_is_one_event(self):
        def fail(error: Exception) -> Any:
            raise error

        assert worker.finish(lambda: {"a": 1}) == {"type": "result", "outputs": {"a": 1}}
        assert worker.finish(lambda: fail(Cancelled())) == {"type": "cancelled"}
        assert worker.finish(lambda: fail(BadTruth("so", details="d"))) == {
            "type": "error",
            "kind": "BadTruth",
            "message": "so.",
            "details": "d",
        }


def test_every_runner_exists():
    for name in worker.RUNNERS.values():
        path = ROOT / "core" / name.removeprefix(".").replace(".", "/")
        assert path.with_suffix(".py").is_file(), f"core{name} is missing"
