"""checkengine: the one algorithm that works without an engine."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from qgis.core import QgsProcessingContext, QgsProcessingException, QgsProcessingFeedback, QgsSettings
from tensorscape.algorithms.engine import client as client_module
from tensorscape.algorithms.engine import environment
from tensorscape.core.errors import CannotWrite

FAKE_ENGINE = Path(__file__).resolve().parents[1] / "fake_engine.py"


@pytest.fixture
def run(provider: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., tuple[dict[str, Any], str]]]:
    """Runs it for a user who has nothing yet; returns outputs and log."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv(environment.VARIABLE, raising=False)
    QgsSettings().remove(environment.SETTING)
    client = client_module.Client(lambda: [sys.executable, str(FAKE_ENGINE), "echo"])
    monkeypatch.setattr(client_module, "_shared", client)
    algorithm = next(found for found in provider.algorithms() if found.name() == "checkengine")

    def act(**parameters: Any) -> tuple[dict[str, Any], str]:
        feedback = QgsProcessingFeedback(False)
        outputs, _ = algorithm.create().run(parameters, QgsProcessingContext(), feedback, catchExceptions=False)
        return outputs, feedback.textLog()

    yield act
    client.shutdown()


def test_without_an_engine_it_says_how_to_get_one(run):
    with pytest.raises(QgsProcessingException, match=r"was not found.*Create or repair"):
        run()


def test_a_python_without_the_packages_is_told_before_it_fails(run, monkeypatch):
    monkeypatch.setenv(environment.VARIABLE, sys.executable)
    with pytest.raises(QgsProcessingException, match=r"lacks packages.*tensorflow"):
        run()


def test_it_asks_the_engine_and_says_which_python_it_is(run, monkeypatch, tmp_path):
    monkeypatch.setenv(environment.VARIABLE, sys.executable)
    monkeypatch.setattr(environment, "check_packages", lambda python: None)
    outputs, log = run(OUTPUT_HTML=str(tmp_path / "report.html"))
    assert outputs["job"] == {"job": "checkengine", "output_html": str(tmp_path / "report.html")}
    assert sys.executable in log


def test_create_makes_the_environment_with_progress(run, monkeypatch):
    asked: list[bool] = []

    def create(gpu: bool, report: Callable[[float, str], None], cancelled: Callable[[], bool]) -> str:
        asked.append(gpu)
        report(0.5, "half way")
        assert cancelled() is False
        monkeypatch.setattr(environment, "find_python", lambda: sys.executable)
        return sys.executable

    monkeypatch.setattr(environment, "create", create)
    monkeypatch.setattr(environment, "check_packages", lambda python: None)
    _, log = run(CREATE=True, GPU=True)
    assert asked == [True]
    assert "half way" in log


def test_create_does_not_go_past_a_python_that_the_user_named(run, monkeypatch):
    monkeypatch.setenv(environment.VARIABLE, sys.executable)
    monkeypatch.setattr(environment, "check_packages", lambda python: None)
    monkeypatch.setattr(environment, "create", lambda *_: pytest.fail("an environment was made"))
    _, log = run(CREATE=True)
    assert "no other one is made" in log


def test_an_environment_that_cannot_be_made_fails_with_the_reason(run, monkeypatch):
    def create(*_: Any) -> str:
        raise CannotWrite("Not enough disk space", details="a log")

    monkeypatch.setattr(environment, "create", create)
    with pytest.raises(QgsProcessingException, match="Not enough disk space"):
        run(CREATE=True)
