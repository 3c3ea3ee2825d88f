"""Writes a model in which every algorithm of sampling feeds the next one. Run by QGIS's Python: `python3 sampling_model.py TARGET`."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from qgis.core import (
    QgsApplication,
    QgsProcessing,
    QgsProcessingParameterFeatureSource,
    QgsProcessingParameterField,
    QgsProcessingParameterRasterLayer,
)

from scripts.make_workflow import Workflow, given, result  # which finds the plugin

TEXTS = {"IMAGE": "An image.", "TRUTH": "Polygons.", "FIELD": "Their class.", "LABELS": "A raster of classes."} | dict.fromkeys(
    ("Samples", "Patches", "Pixels", "Labels"), "What a step gives."
)


def sampling_model() -> Workflow:
    """Numbers of an image, counts of its truth, samples by these counts, and patches of both kinds."""
    flow = Workflow("sampling", TEXTS)
    flow.add_input(QgsProcessingParameterRasterLayer("IMAGE", "Image"))
    flow.add_input(QgsProcessingParameterFeatureSource("TRUTH", "Truth", [QgsProcessing.SourceType.TypeVectorAnyGeometry]))
    flow.add_input(QgsProcessingParameterField("FIELD", "Field of the class", None, "TRUTH"))
    flow.add_input(QgsProcessingParameterRasterLayer("LABELS", "Label image"))
    truth = {"INPUT": given("IMAGE"), "TRUTH": given("TRUTH"), "FIELD": given("FIELD")}
    flow.add_step("numbers", "normalize", {}, INPUT=given("IMAGE"), METHOD="meanstd")
    flow.add_step("counts", "classstatistics", {}, **truth, OUTPUT=QgsProcessing.TEMPORARY_OUTPUT)
    flow.add_step("samples", "selectsamples", {"OUTPUT": "Samples"}, **truth, STRATEGY="byclass", BYCLASS=result("counts", "OUTPUT"))
    flow.add_step("pixels", "selectsamplesfromlabels", {}, INPUT=given("LABELS"), STRATEGY="constant", NUMBER=50)
    flow.add_step("grid", "selectpatches", {}, INPUT=result("numbers", "OUTPUT"), PATCH_SIZE=8, STRATEGY="all")
    patch = {"SOURCE1": result("numbers", "OUTPUT"), "PATCH_SIZE1_X": 8, "PATCH_SIZE1_Y": 8}
    flow.add_step("classes", "extractpatches", {"OUTPUT1": "Patches"}, **patch, POINTS=result("samples", "OUTPUT"), FIELD=given("FIELD"))
    flow.add_step("values", "extractpatches", {"OUTPUT1": "Pixels"}, **patch, POINTS=result("pixels", "OUTPUT"), FIELD="class")
    flow.add_step(
        "segmentation", "extractpatches", {"OUTPUT_LABELS": "Labels"},
        **patch, POINTS=result("grid", "OUTPUT"), LABELS=given("LABELS"), OUTPUT1=QgsProcessing.TEMPORARY_OUTPUT,
    )  # fmt: skip
    return flow


if __name__ == "__main__":
    application = QgsApplication([], False)
    QgsApplication.initQgis()
    provider = importlib.import_module("tensorscape.algorithms.provider").TensorscapeProvider()
    QgsApplication.processingRegistry().addProvider(provider)
    written = sampling_model().model.toFile(sys.argv[1])
    QgsApplication.exitQgis()
    sys.exit(0 if written else 1)
