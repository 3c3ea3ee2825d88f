"""EngineAlgorithm: from parameters to a job to outputs, and from errors to QGIS's exception."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from qgis.core import (
    QgsApplication,
    QgsProcessingAlgRunnerTask,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProcessingParameterFileDestination,
    QgsProcessingParameterNumber,
    QgsProcessingParameterRasterLayer,
)
from tensorscape.algorithms.base import EngineAlgorithm
from tensorscape.algorithms.engine import client as client_module
from tensorscape.core import jobs
from tensorscape.core.errors import BadParameter

FAKE_ENGINE = Path(__file__).resolve().parent / "fake_engine.py"


class Example(EngineAlgorithm):
    """An algorithm as the pages are."""

    ID = "example"

    def displayName(self) -> str:
        return self.tr("Example")

    def initAlgorithm(self, configuration: Any = None) -> None:
        self.addParameter(QgsProcessingParameterRasterLayer("INPUT", "Input", optional=True))
        self.addParameter(QgsProcessingParameterNumber("SIZE", "Size", defaultValue=3))
        self.addParameter(QgsProcessingParameterFileDestination("OUTPUT", "Output", optional=True))

    def job(self, parameters: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback) -> jobs.Job:
        if self.parameterAsInt(parameters, "SIZE", context) > 100:
            raise BadParameter("Size", expected="at most 100", received=self.parameterAsInt(parameters, "SIZE", context), details="no more")
        source = self.parameterAsString(parameters, "INPUT", context)
        return jobs.SelectSamples(image=source, output=self.parameterAsString(parameters, "OUTPUT", context))


@pytest.fixture
def engine(qgis_app: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """engine(behaviour): the shared client's engine behaves so."""
    clients: list[client_module.Client] = []

    def use(behaviour: str) -> None:
        clients.append(client_module.Client(lambda: [sys.executable, str(FAKE_ENGINE), behaviour]))
        monkeypatch.setattr(client_module, "_shared", clients[-1])

    yield use
    for client in clients:
        client.shutdown()


def run(parameters: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """The outputs and the log."""
    feedback = QgsProcessingFeedback(False)
    algorithm = Example().create()
    outputs, done = algorithm.run(parameters, QgsProcessingContext(), feedback, catchExceptions=False)
    assert done
    return outputs, feedback.textLog()


def test_an_algorithm_is_what_it_says(qgis_app):
    algorithm = Example()
    assert algorithm.name() == "example"
    assert isinstance(algorithm.createInstance(), Example)
    assert not algorithm.icon().isNull()
    assert Path(algorithm.svgIconPath()).is_file()


def test_the_outputs_of_the_engine_are_those_of_the_algorithm(engine):
    engine("echo")
    outputs, _ = run({"OUTPUT": "/tmp/o.png"})
    assert outputs["job"]["output"] == "/tmp/o.png"


def test_the_log_says_how_to_run_it_again(engine):
    engine("echo")
    _, log = run({"OUTPUT": "/tmp/an o.png", "SIZE": 5})
    lines = log.splitlines()
    assert "qgis_process run example -- SIZE=5 'OUTPUT=/tmp/an o.png'" in lines
    written = next(json.loads(line) for line in lines if line.startswith("{"))
    assert jobs.from_dict(written) == jobs.SelectSamples(output="/tmp/an o.png")


def test_an_error_of_the_engine_becomes_qgis_exception_and_its_details_go_to_the_log(engine):
    engine("error")
    feedback = QgsProcessingFeedback(False)
    with pytest.raises(QgsProcessingException, match="No field 'class'"):
        Example().create().run({"OUTPUT": "/tmp/o.png"}, QgsProcessingContext(), feedback, catchExceptions=False)
    assert "a traceback" in feedback.textLog()


def test_a_wrong_parameter_is_told_before_an_engine_starts(engine):
    engine("broken")
    with pytest.raises(QgsProcessingException, match="Size: expected at most 100, received 101"):
        run({"SIZE": 101})


def test_an_input_is_never_overwritten(engine, make_raster):
    engine("broken")
    image = make_raster("image.tif")
    before = Path(image).read_bytes()
    with pytest.raises(QgsProcessingException, match=r"image\.tif is also an input"):
        run({"INPUT": image, "OUTPUT": image})
    assert Path(image).read_bytes() == before


def test_a_cancelled_run_does_not_look_like_a_success(engine):
    engine("slow")
    feedback = QgsProcessingFeedback(False)
    feedback.cancel()
    with pytest.raises(QgsProcessingException, match="cancelled"):
        Example().create().run({}, QgsProcessingContext(), feedback, catchExceptions=False)


def in_background(parameters: dict[str, Any], feedback: QgsProcessingFeedback, meanwhile: Any) -> tuple[bool, dict[str, Any]]:
    """Run as the toolbox does: in a thread of QGIS, while this one processes events; `meanwhile` is called once it runs."""
    ended: list[tuple[bool, dict[str, Any]]] = []
    context = QgsProcessingContext()
    task = QgsProcessingAlgRunnerTask(Example().create(), parameters, context, feedback)
    task.executed.connect(lambda successful, results: ended.append((successful, results)))
    QgsApplication.taskManager().addTask(task)
    deadline = time.monotonic() + 10
    while not ended and time.monotonic() < deadline:
        QgsApplication.processEvents()
        if "begun" in feedback.textLog():
            meanwhile()
    return ended[0]


def test_it_runs_in_a_background_thread(engine):
    engine("echo")
    successful, results = in_background({"OUTPUT": "/tmp/o.png"}, QgsProcessingFeedback(False), lambda: None)
    assert successful
    assert results["job"]["output"] == "/tmp/o.png"


def test_a_cancel_in_the_dialog_ends_it_in_time(engine):
    engine("slow")
    feedback = QgsProcessingFeedback(False)
    cancelled: list[float] = []

    def cancel() -> None:
        if not cancelled:
            cancelled.append(time.monotonic())
            feedback.cancel()

    successful, _ = in_background({}, feedback, cancel)
    assert not successful
    assert time.monotonic() - cancelled[0] < 2


def test_a_text_is_translated_in_the_class_that_it_stands_in(qgis_app: Any, monkeypatch: Any) -> None:
    """Pages that are spread over several classes: their texts are filed under each of them."""
    from tensorscape.algorithms import base
    from tensorscape.algorithms.model.trainmodel import TrainModel

    class French:
        @staticmethod
        def translate(context: str, text: str) -> str:
            return {("TrainParameters", "Epochs"): "Époques"}.get((context, text), text)

    monkeypatch.setattr(base, "QCoreApplication", French)
    assert TrainModel().tr("Epochs") == "Époques" and TrainModel().tr("Unknown") == "Unknown"
