"""The shipped workflows: each loads under its id, its steps are our algorithms as they are now, and its file is what the script makes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from qgis.core import Qgis, QgsApplication, QgsProcessingModelAlgorithm, QgsProcessingModelChildParameterSource

from scripts import make_workflow

# Where a step's value comes from: the enum moved into Qgis after 3.22.
KINDS = getattr(QgsProcessingModelChildParameterSource, "Source", None) or Qgis.ProcessingModelChildParameterSource


INPUTS = {
    "landcovermap": make_workflow.ORDER,
    "compareclassifiers": make_workflow.COMPARISON_ORDER,
    "superresolution": make_workflow.SUPERRESOLUTION_ORDER,
}
OUTPUTS = {
    "landcovermap": {"servemodel:Map", "trainmodel:Model", "trainmodel:Report"},
    "compareclassifiers": {
        "servemodel:MapCNN",
        "map_pixels:MapPixels",
        "map_deepfeatures:MapDeepFeatures",
        "assessaccuracy:Report",
        "assessaccuracy:Figures",
    },
    "superresolution": {"superresolve:FinerImage", "trainsuperresolution:Model", "trainsuperresolution:Report"},
}


@pytest.fixture(params=make_workflow.WORKFLOWS)
def workflow(request: pytest.FixtureRequest, provider: Any) -> QgsProcessingModelAlgorithm:
    return QgsApplication.processingRegistry().createAlgorithmById(f"tensorscape:{request.param}")


def test_it_is_in_the_toolbox_with_its_inputs_and_outputs(workflow: QgsProcessingModelAlgorithm) -> None:
    names = [definition.name() for definition in workflow.parameterDefinitions()]
    inputs = INPUTS[workflow.name()]
    assert names[: len(inputs)] == inputs
    assert set(names[len(inputs) :]) == OUTPUTS[workflow.name()]
    assert all(workflow.parameterDefinition(name).help() and workflow.helpContent()[name] for name in names)
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


@pytest.mark.parametrize("workflow", ["landcovermap", "compareclassifiers"], indirect=True)
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


def test_all_classifiers_learn_and_are_judged_by_the_same_samples(provider: Any) -> None:
    workflow = QgsApplication.processingRegistry().createAlgorithmById("tensorscape:compareclassifiers")

    def fed(step: str, name: str) -> list[str]:
        sources = workflow.childAlgorithm(step).parameterSources()[name]
        return [f"{source.outputChildId()}:{source.outputName()}" for source in sources]

    training = [fed("training", "POINTS"), *(fed(f"forest_{kind}", "SAMPLES") for kind in ("pixels", "deepfeatures"))]
    assert training == [["samples:OUTPUT"]] * 3
    judging = [fed("validation", "POINTS"), fed("assessaccuracy", "TRUTH"), fed("forest_pixels", "SAMPLES_VALIDATION")]
    assert judging == [["samples:OUTPUT_VALIDATION"]] * 3
    assert fed("assessaccuracy", "INPUT") == ["servemodel:OUTPUT"]
    assert fed("assessaccuracy", "COMPARED") == ["map_pixels:OUTPUT", "map_deepfeatures:OUTPUT"]


def test_the_network_of_superresolution_is_judged_by_other_patches(provider: Any) -> None:
    """Patches that any factor divides, all of both sides; and what it has learnt from is what it is applied to."""
    workflow = QgsApplication.processingRegistry().createAlgorithmById("tensorscape:superresolution")
    assert all(make_workflow.LARGE_PATCH % int(factor) == 0 for factor in make_workflow.FACTORS)
    factors = workflow.childAlgorithm("trainsuperresolution").algorithm().parameterDefinition("FACTOR").options()
    assert workflow.parameterDefinition("FACTOR").options() == factors

    def fed(step: str, name: str) -> str:
        (source,) = workflow.childAlgorithm(step).parameterSources()[name]
        return source.parameterName() or f"{source.outputChildId()}:{source.outputName()}"

    assert [fed("training", "POINTS"), fed("validation", "POINTS")] == ["patches:OUTPUT", "patches:OUTPUT_VALIDATION"]
    assert [fed("trainsuperresolution", name) for name in ("HR", "HR_VALIDATION")] == ["training:OUTPUT1", "validation:OUTPUT1"]
    assert {fed("patches", "INPUT"), fed("training", "SOURCE1"), fed("validation", "SOURCE1"), fed("superresolve", "INPUT")} == {"IMAGE"}


@pytest.mark.parametrize("name", make_workflow.WORKFLOWS)
@pytest.mark.skipif(Qgis.QGIS_VERSION_INT >= 32300, reason="newer QGIS writes more into the file; the oldest one that is served makes it")
def test_the_file_is_what_the_script_makes(provider: Any, repository: Path, tmp_path: Path, name: str) -> None:
    made, shipped = QgsProcessingModelAlgorithm(), QgsProcessingModelAlgorithm()
    assert make_workflow.WORKFLOWS[name]().toFile(str(tmp_path / "made.model3"))
    assert made.fromFile(str(tmp_path / "made.model3"))
    assert shipped.fromFile(str(repository / "resources" / "workflows" / f"{name}.model3"))
    assert made.toVariant() == shipped.toVariant(), "run: /usr/bin/python3 -m scripts.make_workflow"
