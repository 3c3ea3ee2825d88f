"""The shipped workflow: it loads under its id, its steps are our algorithms as they are now, and the file is what the script makes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from qgis.core import Qgis, QgsApplication, QgsProcessingModelAlgorithm, QgsProcessingModelChildParameterSource

from scripts import make_workflow

# Where a step's value comes from: the enum moved into Qgis after 3.22.
KINDS = getattr(QgsProcessingModelChildParameterSource, "Source", None) or Qgis.ProcessingModelChildParameterSource


@pytest.fixture
def workflow(provider: Any) -> QgsProcessingModelAlgorithm:
    return QgsApplication.processingRegistry().createAlgorithmById("tensorscape:landcovermap")


def test_it_is_in_the_toolbox_with_its_inputs_and_outputs(workflow: QgsProcessingModelAlgorithm) -> None:
    names = [definition.name() for definition in workflow.parameterDefinitions()]
    assert names[:8] == make_workflow.ORDER
    assert set(names[8:]) == {"servemodel:Map", "trainmodel:Model", "trainmodel:Report"}
    assert all(workflow.parameterDefinition(name).help() for name in names)
    assert workflow.canExecute()[0]


def test_its_steps_take_what_our_algorithms_take(workflow: QgsProcessingModelAlgorithm) -> None:
    steps = workflow.childAlgorithms()
    assert {step.algorithmId().split(":")[0] for step in steps.values()} == {"tensorscape"}
    for step in steps.values():
        known = {definition.name() for definition in step.algorithm().parameterDefinitions()}
        assert set(step.parameterSources()) <= known, step.childId()
        for source in (one for several in step.parameterSources().values() for one in several):
            if source.source() == KINDS.ChildOutput:
                outputs = {output.name() for output in steps[source.outputChildId()].algorithm().outputDefinitions()}
                assert source.outputName() in outputs


def test_the_numbers_of_the_patches_shape_the_model(workflow: QgsProcessingModelAlgorithm) -> None:
    sources = workflow.childAlgorithm("createmodel").parameterSources()
    for name in ("BANDS", "CLASSES"):
        (source,) = sources[name]
        assert (source.outputChildId(), source.outputName()) == ("training", name)


def test_an_input_left_out_means_its_default_in_every_step(workflow: QgsProcessingModelAlgorithm) -> None:
    """QGIS 3.22 does not fill it in: a step then takes its own default, so that must be the same, or be put right by an expression."""
    for step in workflow.childAlgorithms().values():
        for name, (source, *_) in step.parameterSources().items():
            if source.source() == KINDS.ModelParameter:
                default = workflow.parameterDefinition(source.parameterName()).defaultValue()
                assert default == step.algorithm().parameterDefinition(name).defaultValue(), f"{step.childId()} {name}"


@pytest.mark.skipif(Qgis.QGIS_VERSION_INT >= 32300, reason="newer QGIS writes more into the file; the oldest one that is served makes it")
def test_the_file_is_what_the_script_makes(provider: Any, repository: Path, tmp_path: Path) -> None:
    made, shipped = QgsProcessingModelAlgorithm(), QgsProcessingModelAlgorithm()
    assert make_workflow.land_cover_map().toFile(str(tmp_path / "made.model3"))
    assert made.fromFile(str(tmp_path / "made.model3"))
    assert shipped.fromFile(str(repository / "resources" / "workflows" / "landcovermap.model3"))
    assert made.toVariant() == shipped.toVariant(), "run: /usr/bin/python3 -m scripts.make_workflow"
