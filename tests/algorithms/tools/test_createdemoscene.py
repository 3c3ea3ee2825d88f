"""createdemoscene: the page's translation, and what is loaded when it is done."""

from __future__ import annotations

from typing import Any

import pytest
from qgis.core import QgsProcessingContext, QgsProcessingFeedback
from tensorscape.core import jobs


@pytest.fixture
def algorithm(provider: Any) -> Any:
    return next(found for found in provider.algorithms() if found.name() == "createdemoscene")


def test_the_parameters_become_the_job(algorithm, feedback, context, tmp_path):
    given = {"SIZE": 256, "DATES": 2, "SEED": 7, "OUTPUT": str(tmp_path / "scene")}
    assert algorithm.job(given, context, feedback) == jobs.CreateDemoScene(output=str(tmp_path / "scene"), size=256, dates=2, seed=7)


def test_what_is_not_given_takes_the_default_of_the_job(algorithm, feedback, context):
    job = algorithm.job({"OUTPUT": "TEMPORARY_OUTPUT"}, context, feedback)
    assert job.output, "a temporary folder"
    assert job == jobs.CreateDemoScene(output=job.output)


def test_image_and_truth_are_loaded_where_there_is_a_project(algorithm, feedback, context):
    outputs = {name: f"/scene/{name}" for name in ("IMAGE10", "IMAGE20", "PAN", "SAR", "LABELS", "TRUTH")}
    assert algorithm.results(dict(outputs), {}, context, feedback) == outputs
    assert set(context.layersToLoadOnCompletion()) == {"/scene/IMAGE10", "/scene/TRUTH"}
    without = QgsProcessingContext()
    assert algorithm.results(dict(outputs), {}, without, QgsProcessingFeedback()) == outputs
    assert without.layersToLoadOnCompletion() == {}
