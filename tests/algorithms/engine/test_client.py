"""The client against an engine that behaves, misbehaves and dies."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest
from tensorscape.algorithms.engine import connection
from tensorscape.algorithms.engine.client import Client
from tensorscape.core import jobs
from tensorscape.core.errors import BadTruth, Cancelled, EngineDied, EngineMissing

JOB = jobs.CheckEngine()


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def wait_for(condition: object, seconds: float = 5.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def test_the_outputs_come_back_and_the_log_and_progress_are_passed_on(make_client, recorder):
    feedback = recorder()
    outputs = make_client("echo").run(jobs.CheckEngine(output_html="/x.html"), feedback)
    assert outputs["job"] == {"job": "checkengine", "output_html": "/x.html"}
    assert [entry for entry in feedback.heard if "é" in entry[1]] == [("info", "info é"), ("warning", "warning é"), ("debug", "debug é")]
    assert feedback.progress() == 25.0


def test_the_engine_starts_in_the_plugin_folder_without_the_variables_of_qgis(make_client, recorder, monkeypatch):
    monkeypatch.setenv("GDAL_DATA", "/of/qgis")
    monkeypatch.setenv("PYTHONHOME_OF_QGIS", "/of/qgis")
    outputs = make_client("echo").run(JOB, recorder())
    assert Path(outputs["cwd"], "core", "protocol.py").is_file()
    assert not {"GDAL_DATA", "PYTHONHOME_OF_QGIS"} & set(outputs["env"])


def test_the_engine_stays_warm(make_client, recorder):
    client = make_client("echo")
    assert client.run(JOB, recorder())["pid"] == client.run(JOB, recorder())["pid"]
    assert len(client.starts()) == 1


def test_another_command_means_another_engine(recorder, make_client):
    client = make_client("echo")
    first = client.run(JOB, recorder())["pid"]
    old = client._command()
    client._command = lambda: [*old, "changed"]
    assert client.run(JOB, recorder())["pid"] != first
    assert not is_running(first)


def test_an_error_keeps_its_class_its_message_and_its_details(make_client, recorder):
    client = make_client("error")
    with pytest.raises(BadTruth, match=r"^No field 'class'\.$") as caught:
        client.run(JOB, recorder())
    assert caught.value.details == "a traceback"
    with pytest.raises(BadTruth):
        client.run(JOB, recorder())
    assert len(client.starts()) == 1, "an error is no reason to start anew"


def test_what_is_no_message_is_shown_and_what_is_of_another_job_is_not_taken(make_client, recorder):
    client, feedback = make_client("garbage"), recorder()
    assert "pid" in client.run(JOB, feedback)
    assert ("debug", "The engine printed: hello from a C library") in feedback.heard


def test_cancel_ends_a_job_that_listens_and_keeps_the_engine(make_client, recorder):
    client = make_client("slow")
    start = time.monotonic()
    with pytest.raises(Cancelled):
        client.run(JOB, recorder(cancel_on="begun"))
    assert time.monotonic() - start < 1.0
    with pytest.raises(Cancelled):
        client.run(JOB, recorder(cancel_on="begun"))
    assert len(client.starts()) == 1


def test_cancel_ends_a_job_that_does_not_listen_within_two_seconds(make_client, recorder, tmp_path):
    client, feedback = make_client("stubborn"), recorder(cancel_on="begun")
    start = time.monotonic()
    with pytest.raises(Cancelled):
        client.run(jobs.CheckEngine(output_html=str(tmp_path / "a.html")), feedback)
    assert time.monotonic() - start < 2.0
    assert not is_running(client.starts()[0])
    assert os.listdir(tmp_path) == ["starts.txt"], "nothing half-written is left"


def test_keyboard_interrupt_is_a_cancel(make_client, recorder, monkeypatch):
    client, feedback = make_client("slow"), recorder()
    receive = connection.Engine.receive
    calls = []

    def interrupted(engine: connection.Engine) -> object:
        calls.append(1)
        if len(calls) == 8:
            raise KeyboardInterrupt
        return receive(engine)

    monkeypatch.setattr(connection.Engine, "receive", interrupted)
    with pytest.raises(Cancelled):
        client.run(JOB, feedback)


def test_death_says_so_and_leaves_nothing_and_the_next_job_works(make_client, recorder, tmp_path):
    client = make_client("die")
    for count in (1, 2):
        with pytest.raises(EngineDied, match=r"killed \(signal 9\).*out of memory; lower 'Memory budget'") as caught:
            client.run(jobs.CheckEngine(output_html=str(tmp_path / "a.html")), recorder())
        assert "last words" in caught.value.details
        assert os.listdir(tmp_path) == ["starts.txt"]
        assert len(client.starts()) == count


def test_an_engine_that_died_while_idle_is_replaced(make_client, recorder):
    client = make_client("echo")
    pid = client.run(JOB, recorder())["pid"]
    os.kill(pid, 9)
    wait_for(lambda: not client._engine.alive)
    assert client.run(JOB, recorder())["pid"] != pid


def test_an_engine_that_left_as_the_job_came_is_started_again(make_client, recorder):
    client = make_client("leave")
    first = client.run(JOB, recorder())["pid"]
    assert client.run(JOB, recorder())["pid"] != first
    assert len(client.starts()) == 2


def test_a_job_waits_for_its_turn_and_can_be_cancelled_meanwhile(make_client, recorder):
    client, first, second = make_client("slow"), recorder(), recorder(cancel_on="Waiting")
    endings: list[type] = []

    def run() -> None:
        try:
            client.run(JOB, first)
        except Cancelled as error:
            endings.append(type(error))

    thread = threading.Thread(target=run)
    thread.start()
    wait_for(lambda: ("info", "begun") in first.heard)
    with pytest.raises(Cancelled):
        client.run(JOB, second)
    assert thread.is_alive()
    first.cancel()
    thread.join(3)
    assert endings == [Cancelled]


def test_shutdown_ends_a_running_job_as_cancelled_and_leaves_no_process(make_client, recorder):
    client, feedback = make_client("slow"), recorder()
    endings: list[BaseException] = []

    def run() -> None:
        try:
            client.run(JOB, feedback)
        except Cancelled as error:
            endings.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    wait_for(lambda: ("info", "begun") in feedback.heard)
    start = time.monotonic()
    client.shutdown()
    thread.join(3)
    assert time.monotonic() - start < 1.0
    assert len(endings) == 1
    assert not is_running(client.starts()[0])


def test_shutdown_before_the_first_job_and_twice_is_nothing(make_client):
    client = make_client("echo")
    client.shutdown()
    client.shutdown()


@pytest.mark.parametrize(
    ("behaviour", "message"),
    [
        ("broken", "did not start.*ended \\(exit status 1\\), saying: ModuleNotFoundError: No module named 'numpy'.*Create or repair"),
        ("old", "expected protocol version 1, received 99.*restart QGIS"),
    ],
)
def test_a_bad_start_is_explained_and_leaves_no_process(make_client, recorder, behaviour, message):
    client = make_client(behaviour)
    with pytest.raises(EngineMissing, match=message):
        client.run(JOB, recorder())
    wait_for(lambda: not is_running(client.starts()[0]))


def test_a_silent_engine_is_given_up(make_client, recorder, monkeypatch):
    monkeypatch.setattr(connection, "HANDSHAKE_S", 0.3)
    with pytest.raises(EngineMissing, match="said nothing"):
        make_client("silent").run(JOB, recorder())


def test_waiting_for_a_silent_engine_can_be_cancelled(make_client, recorder):
    client = make_client("silent")
    start = time.monotonic()
    with pytest.raises(Cancelled):
        client.run(JOB, recorder(cancel_on="Starting the engine"))
    assert time.monotonic() - start < 1.0


def test_a_missing_program_is_named(qgis_app, recorder):
    with pytest.raises(EngineMissing, match="/no/such/python, cannot be run"):
        Client(lambda: ["/no/such/python"]).run(JOB, recorder())
