from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from core.errors import Cancelled, CannotRead
from core.stream import DEPTH, Stream


def test_every_item_in_order_with_progress(reporter: Any) -> None:
    written: list[tuple[int, int]] = []
    Stream(lambda i: i * 10, lambda i: i + 1, lambda i, result: written.append((i, result))).run(range(50), 50, reporter)
    assert written == [(i, i * 10 + 1) for i in range(50)]
    assert reporter.events[-1]["fraction"] == 1.0


def test_stages_overlap() -> None:
    from core.reporting import Reporter

    running: set[str] = set()
    together: set[frozenset[str]] = set()

    def stage(name: str) -> None:
        running.add(name)
        time.sleep(0.005)
        together.add(frozenset(running))
        running.discard(name)

    Stream(lambda i: stage("read"), lambda i: stage("compute"), lambda i, r: stage("write")).run(range(20), 20, Reporter(lambda e: None))
    assert frozenset({"read", "compute", "write"}) in together


def test_reading_does_not_run_away_from_writing(reporter: Any) -> None:
    read, written, most_ahead = 0, 0, 0

    def load(item: int) -> int:
        nonlocal read, most_ahead
        read += 1
        most_ahead = max(most_ahead, read - written)
        return item

    def write(item: int, result: int) -> None:
        nonlocal written
        time.sleep(0.002)
        written += 1

    Stream(load, lambda i: i, write).run(range(60), 60, reporter)
    assert most_ahead <= 2 * DEPTH + 3  # two queues, and one item in each stage


@pytest.mark.parametrize("stage", ["read", "compute", "write"])
def test_an_error_in_any_stage_ends_all_and_is_raised(stage: str, reporter: Any) -> None:
    def maybe(name: str, item: int) -> int:
        if name == stage and item == 5:
            raise CannotRead("broken")
        return item

    stream: Stream[int, int, int] = Stream(
        lambda i: maybe("read", i), lambda i: maybe("compute", i), lambda i, r: maybe("write", i) and None
    )
    before = threading.active_count()
    with pytest.raises(CannotRead, match="broken"):
        stream.run(range(1000), 1000, reporter)
    assert threading.active_count() == before


def test_cancel_is_heard_while_reading_is_slow(make_reporter: Any) -> None:
    reporter = make_reporter()
    threading.Timer(0.2, reporter.cancelled.set).start()
    start = time.monotonic()
    with pytest.raises(Cancelled):
        Stream(lambda i: time.sleep(0.5), lambda i: i, lambda i, r: None).run(range(100), 100, reporter)
    assert time.monotonic() - start < 1.2


@pytest.mark.parametrize("stage", ["reading", "computing", "writing"])
def test_the_log_tells_which_stage_the_others_wait_for(stage: str, reporter: Any) -> None:
    def slow(name: str) -> None:
        time.sleep(0.01 if name == stage else 0)

    stream: Stream[int, None, None] = Stream(lambda i: slow("reading"), lambda i: slow("computing"), lambda i, r: slow("writing"))
    stream.run(range(20), 20, reporter)
    shares = vars(stream.shares)
    assert max(shares, key=lambda name: shares[name]) == stage
    assert "computing" in stream.shares.in_words()


def test_a_slow_reader_costs_its_own_time_and_no_more(reporter: Any) -> None:
    start = time.perf_counter()
    Stream(lambda i: time.sleep(0.02), lambda i: time.sleep(0.015), lambda i, r: time.sleep(0.015)).run(range(30), 30, reporter)
    assert time.perf_counter() - start < 0.02 * 30 * 1.4  # one after the other it would be 0.05 s an item
