"""Clients of a fake engine, and a feedback that remembers."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from qgis.core import QgsProcessingFeedback

FAKE_ENGINE = Path(__file__).resolve().parents[1] / "fake_engine.py"


class Recorder(QgsProcessingFeedback):
    """Keeps what it is told; `cancel_on` cancels as soon as a text is heard."""

    def __init__(self, cancel_on: str = "") -> None:
        super().__init__(False)
        self.heard: list[tuple[str, str]] = []
        self._cancel_on = cancel_on

    def _note(self, level: str, text: str) -> None:
        self.heard.append((level, text))
        if self._cancel_on and self._cancel_on in text:
            self.cancel()

    def pushInfo(self, info: str) -> None:
        self._note("info", info)

    def pushWarning(self, warning: str) -> None:
        self._note("warning", warning)

    def pushDebugInfo(self, info: str) -> None:
        self._note("debug", info)

    def pushCommandInfo(self, info: str) -> None:
        self._note("command", info)

    def setProgressText(self, text: str) -> None:
        self._note("progress", text)


@pytest.fixture
def recorder(qgis_app: Any) -> Callable[..., Recorder]:
    return Recorder


@pytest.fixture
def make_client(qgis_app: Any, tmp_path: Path) -> Iterator[Callable[[str], Any]]:
    """make_client(behaviour): a client whose engine behaves so; `client.starts()` are the process ids of the engines it had."""
    from tensorscape.algorithms.engine.client import Client

    made: list[Client] = []

    def make(behaviour: str) -> Client:
        counter = tmp_path / "starts.txt"
        client = Client(lambda: [sys.executable, str(FAKE_ENGINE), behaviour, str(counter)])
        client.starts = lambda: [int(line) for line in counter.read_text().split()]
        made.append(client)
        return client

    yield make
    for client in made:
        client.shutdown()
