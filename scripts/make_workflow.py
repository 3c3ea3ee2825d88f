"""Writes resources/workflows/landcovermap.model3: from an image and polygons to a map, in one step. Run after changing the algorithms it
names, with the Python that QGIS uses:

    /usr/bin/python3 -m scripts.make_workflow

The model is built with QGIS's own classes rather than by hand in the designer, so that it can be read, reviewed and made again.
"""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path
from typing import Any

from . import qgis as our_qgis
from .workspace import PLUGIN, ROOT

sys.path.insert(0, str(our_qgis.link_plugin()))
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ["QT_HASH_SEED"] = "0"  # else the XML's attributes come in another order each time

from qgis.core import (  # once the plugin can be found
    QgsApplication,
    QgsProcessing,
    QgsProcessingModelAlgorithm,
    QgsProcessingModelChildAlgorithm,
    QgsProcessingModelComment,
    QgsProcessingModelOutput,
    QgsProcessingModelParameter,
    QgsProcessingParameterDefinition,
    QgsProcessingParameterFeatureSource,
    QgsProcessingParameterField,
    QgsProcessingParameterNumber,
    QgsProcessingParameterRasterLayer,
)
from qgis.core import (
    QgsProcessingModelChildParameterSource as Source,
)
from qgis.PyQt.QtCore import QPointF

NAME = "landcovermap"  # becomes the id tensorscape:landcovermap
TARGET = ROOT / "resources" / "workflows" / f"{NAME}.model3"
PATCH = 16
VALIDATION_SHARE = 0.3
ORDER = ["IMAGE", "TRUTH", "FIELD", "NUMBER", "VALIDATION_SHARE", "SPATIAL_BLOCK", "EPOCHS", "SEED"]
COLUMN_PX, ROW_PX = 260.0, 130.0  # between the boxes in the model designer

HELP = {
    "ALG_DESC": "From an image and polygons of known land cover to a map of the whole image: samples (a part kept for validation, by whole "
    "polygons or square areas), patches of 16 × 16 pixels, a network that is robust against few polygons, training, map. For bands in "
    "separate files, build a virtual raster first.",
    "ALG_CREATOR": "Tensorscape",
    "IMAGE": "Raster with all bands.",
    "TRUTH": "Polygons whose class is known; in any CRS.",
    "FIELD": "Field of the class: numbers or text.",
    "NUMBER": "Samples of each class, at most.",
    "VALIDATION_SHARE": "Share of the samples for validation, above 0 and below 1.",
    "SPATIAL_BLOCK": "Side of the square areas that go to training or validation as a whole, in map units. 0: whole polygons do.",
    "EPOCHS": "How many times all patches are gone through.",
    "SEED": "The same seed with the same inputs gives the same samples.",
    "Map": "GeoTIFF with the names and colours of the classes.",
    "Model": "Folder of the trained model, for 'Serve model'.",
    "Report": "Curves, confusion matrix and accuracy.",
}


class Workflow:
    """A model in the making: its inputs, then its steps from left to right."""

    def __init__(self, name: str) -> None:
        self.model = QgsProcessingModelAlgorithm(name, "Workflows", "workflows")
        self.model.setHelpContent(HELP)

    def add_input(self, parameter: QgsProcessingParameterDefinition, advanced: bool = False) -> None:
        """One parameter of the workflow."""
        parameter.setHelp(HELP[parameter.name()])
        if advanced:
            parameter.setFlags(parameter.flags() | QgsProcessingParameterDefinition.Flag.FlagAdvanced)
        component = QgsProcessingModelParameter(parameter.name())
        component.setPosition(QPointF(COLUMN_PX * len(self.model.parameterComponents()), ROW_PX))
        self.model.addModelParameter(parameter, component)

    def add_step(self, step: str, algorithm: str, outputs: dict[str, str], **parameters: Any) -> None:
        """One algorithm. `outputs`: its outputs that the workflow gives, with the names they get."""
        child = QgsProcessingModelChildAlgorithm(f"{PLUGIN}:{algorithm}")
        child.setChildId(step)
        child.setDescription(child.algorithm().displayName() if step == algorithm else f"{child.algorithm().displayName()}: {step}")
        child.setPosition(QPointF(COLUMN_PX * len(self.model.childAlgorithms()), 3 * ROW_PX))
        for name, value in parameters.items():
            child.addParameterSources(name, [value if isinstance(value, Source) else Source.fromStaticValue(value)])
        child.setModelOutputs({title: self._output(child, step, name, title) for name, title in outputs.items()})
        self.model.addChildAlgorithm(child)

    def _output(self, child: QgsProcessingModelChildAlgorithm, step: str, name: str, title: str) -> QgsProcessingModelOutput:
        output = QgsProcessingModelOutput(title, title)
        output.setChildId(step)
        output.setChildOutputName(name)
        output.setPosition(child.position() + QPointF(0.0, ROW_PX))
        output.setComment(QgsProcessingModelComment(""))
        return output


def given(name: str) -> Source:
    """The value of an input of the workflow."""
    return Source.fromModelParameter(name)


def given_or(name: str, default: float) -> Source:
    """The same where the step's own default is another than the workflow's. QGIS 3.22 asks an input that was left out for no default:
    the step would take its own."""
    return Source.fromExpression(f"coalesce(@{name}, {default})")


def result(step: str, output: str) -> Source:
    """An output of an earlier step."""
    return Source.fromChildOutput(step, output)


def land_cover_map() -> QgsProcessingModelAlgorithm:
    """The workflow."""
    flow = Workflow(NAME)
    _add_inputs(flow)
    image, field, seed = given("IMAGE"), given("FIELD"), given("SEED")
    flow.add_step(
        "samples", "selectsamples", {},
        INPUT=image, TRUTH=given("TRUTH"), FIELD=field, STRATEGY="constant", NUMBER=given("NUMBER"),
        VALIDATION_SHARE=given_or("VALIDATION_SHARE", VALIDATION_SHARE), SPATIAL_BLOCK=given("SPATIAL_BLOCK"), SEED=seed,
        OUTPUT_VALIDATION=QgsProcessing.TEMPORARY_OUTPUT,
    )  # fmt: skip
    for step, points in (("training", "OUTPUT"), ("validation", "OUTPUT_VALIDATION")):
        flow.add_step(
            step,
            "extractpatches",
            {},
            SOURCE1=image,
            PATCH_SIZE1_X=PATCH,
            PATCH_SIZE1_Y=PATCH,
            POINTS=result("samples", points),
            FIELD=field,
        )
    bands, classes = result("training", "BANDS"), result("training", "CLASSES")
    flow.add_step("createmodel", "createmodel", {}, ARCHITECTURE="cnn16bn", BANDS=bands, CLASSES=classes, SEED=seed)
    flow.add_step(
        "trainmodel", "trainmodel", {"OUTPUT": "Model", "OUTPUT_HTML": "Report"},
        MODEL=result("createmodel", "OUTPUT"), SOURCE1=result("training", "OUTPUT1"), LABELS=result("training", "OUTPUT_LABELS"),
        SOURCE1_VALIDATION=result("validation", "OUTPUT1"), LABELS_VALIDATION=result("validation", "OUTPUT_LABELS"),
        EPOCHS=given("EPOCHS"), BALANCE_CLASSES=True, AUGMENT=True, SEED=seed,
    )  # fmt: skip
    flow.add_step("servemodel", "servemodel", {"OUTPUT": "Map"}, SOURCE1=image, MODEL=result("trainmodel", "OUTPUT"))
    flow.model.setParameterOrder(ORDER)
    return flow.model


def _add_inputs(flow: Workflow) -> None:
    kinds = QgsProcessingParameterNumber.Type
    flow.add_input(QgsProcessingParameterRasterLayer("IMAGE", "Image"))
    flow.add_input(QgsProcessingParameterFeatureSource("TRUTH", "Truth", [QgsProcessing.SourceType.TypeVectorAnyGeometry]))
    flow.add_input(QgsProcessingParameterField("FIELD", "Field of the class", None, "TRUTH"))
    flow.add_input(QgsProcessingParameterNumber("NUMBER", "Samples of each class", kinds.Integer, 1000, False, 1))
    flow.add_input(
        QgsProcessingParameterNumber("VALIDATION_SHARE", "Share for validation", kinds.Double, VALIDATION_SHARE, False, 0.01, 0.99)
    )
    flow.add_input(
        QgsProcessingParameterNumber("SPATIAL_BLOCK", "Side of the validation areas", kinds.Double, 0.0, False, 0.0), advanced=True
    )
    flow.add_input(QgsProcessingParameterNumber("EPOCHS", "Epochs", kinds.Integer, 50, False, 1))
    flow.add_input(QgsProcessingParameterNumber("SEED", "Random seed", kinds.Integer, 0, False, 0), advanced=True)


def main() -> int:
    """Start QGIS without a window, register the provider, write the file."""
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else TARGET
    application = QgsApplication([], False)
    QgsApplication.initQgis()
    provider = importlib.import_module("tensorscape.algorithms.provider").TensorscapeProvider()  # found in build/plugins
    QgsApplication.processingRegistry().addProvider(provider)
    written = land_cover_map().toFile(str(target))
    print(f"{'Wrote' if written else 'Cannot write'} {target}")
    QgsApplication.exitQgis()
    del application
    return 0 if written else 1


if __name__ == "__main__":
    sys.exit(main())
