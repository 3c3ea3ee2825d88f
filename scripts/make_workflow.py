"""Writes the workflows in resources/workflows: from an image and polygons to a map, and to three maps compared; from an image alone to one
with smaller pixels. Run after changing the algorithms they name, with the Python that QGIS uses:

    /usr/bin/python3 -m scripts.make_workflow

The models are built with QGIS's own classes rather than by hand in the designer, so that they can be read, reviewed and made again.
"""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path
from typing import Any, Callable

from . import qgis as our_qgis
from .workspace import ROOT

sys.path.insert(0, str(our_qgis.link_plugin()))
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ["QT_HASH_SEED"] = "0"  # else the XML's attributes come in another order each time

from qgis.core import (  # once the plugin can be found
    QgsApplication,
    QgsProcessing,
    QgsProcessingModelAlgorithm,
    QgsProcessingParameterEnum,
    QgsProcessingParameterFeatureSource,
    QgsProcessingParameterField,
    QgsProcessingParameterNumber,
    QgsProcessingParameterRasterLayer,
)

from .workflow_builder import Workflow, given, given_or, result

FOLDER = ROOT / "resources" / "workflows"
PATCH = 16
VALIDATION_SHARE = 0.3
ORDER = ["IMAGE", "TRUTH", "FIELD", "NUMBER", "VALIDATION_SHARE", "SPATIAL_BLOCK", "EPOCHS", "SEED"]
COMPARISON_ORDER = [*ORDER[:-1], "TREES", "SEED"]
SUPERRESOLUTION_ORDER = ["IMAGE", "FACTOR", "EPOCHS", "TRAINING_SHARE", "VALIDATION_SHARE", "SEED"]
FACTORS = ("2", "3", "4", "8")
LARGE_PATCH = 96  # a multiple of every factor
SHARES = {"TRAINING_SHARE": 0.8, "VALIDATION_SHARE": 0.2}  # of the patches
MAP_NAMES = "CNN, forest on pixels, forest on deep features"  # in the report
KINDS = QgsProcessingParameterNumber.Type

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
COMPARISON_HELP = {
    **{name: text for name, text in HELP.items() if name not in ("Map", "Model")},
    "ALG_DESC": "Three classifiers on the same samples, and which of them is best: a convolutional network on patches of 16 × 16 pixels, a "
    "random forest on the bands of single pixels, and a random forest on the deep features of the network. Each makes a map of the whole "
    "image; all three are judged by the same validation samples, which no part of the training has seen but to choose the network's best "
    "epoch. For bands in separate files, build a virtual raster first.",
    "TREES": "Of each forest.",
    "MapCNN": "Map of the network: GeoTIFF with the names and colours of the classes.",
    "MapPixels": "Map of the forest on pixels, with the same codes and colours.",
    "MapDeepFeatures": "Map of the forest on deep features, with the same codes and colours.",
    "Report": "The three maps side by side: accuracies with their intervals, McNemar's test, F1 of each class, confusion matrices.",
    "Figures": "CSV: a row for each map and class.",
}
SUPERRESOLUTION_HELP = {
    **{name: HELP[name] for name in ("ALG_CREATOR", "IMAGE", "EPOCHS")},
    "ALG_DESC": "From an image alone to the same image with smaller pixels: patches of 96 × 96 pixels on a grid, a part of them kept for "
    "validation; a light network that learns to undo how a coarser sensor would see them (Wald's protocol); and the image as that network "
    "makes it finer. The report tells how much better than bicubic interpolation it is. For bands in separate files, build "
    "a virtual raster first.",
    "FACTOR": "How many times finer the pixels become.",
    "TRAINING_SHARE": "Share of the patches to learn from, from 0 to 1. Of a large image a few thousand patches are enough.",
    "VALIDATION_SHARE": "Share of the patches to validate with, from 0 to 1. What both shares leave of 1 is left out.",
    "SEED": "The same seed with the same inputs gives the same patches.",
    "FinerImage": "GeoTIFF: the image with smaller pixels; pixel type, names of the bands and no-data as they were.",
    "Report": "Figures beside those of bicubic interpolation, curves, and patches side by side.",
    "Model": "Folder of the trained model, for 'Superresolve' on other images of this sensor.",
}


def land_cover_map() -> QgsProcessingModelAlgorithm:
    """The main job: one map."""
    flow = Workflow("landcovermap", HELP)
    _add_inputs(flow)
    _add_network(flow, {"OUTPUT": "Model", "OUTPUT_HTML": "Report"}, {"OUTPUT": "Map"}, {})
    flow.model.setParameterOrder(ORDER)
    return flow.model


def comparison() -> QgsProcessingModelAlgorithm:
    """The tutorial's comparison: a network, a forest on pixels, a forest on deep features; one report.

    The patches at the image's edge are kept (PADDING), so that the network learns from the same samples as the forests.
    """
    flow = Workflow("compareclassifiers", COMPARISON_HELP)
    _add_inputs(flow)
    flow.add_input(QgsProcessingParameterNumber("TREES", "Trees", KINDS.Integer, 100, False, 1))
    _add_network(flow, {}, {"OUTPUT": "MapCNN"}, {"PADDING": True})
    _add_forest(flow, "pixels", "MapPixels")
    _add_forest(flow, "deepfeatures", "MapDeepFeatures", MODEL=result("trainmodel", "OUTPUT"), USE_BANDS=False)
    flow.add_step(
        "assessaccuracy", "assessaccuracy", {"OUTPUT_HTML": "Report", "OUTPUT": "Figures"},
        INPUT=result("servemodel", "OUTPUT"), COMPARED=[result("map_pixels", "OUTPUT"), result("map_deepfeatures", "OUTPUT")],
        TRUTH=result("samples", "OUTPUT_VALIDATION"), FIELD=given("FIELD"), NAMES=MAP_NAMES,
    )  # fmt: skip
    flow.model.setParameterOrder(COMPARISON_ORDER)
    return flow.model


def superresolution() -> QgsProcessingModelAlgorithm:
    """An image made finer by a network that has learnt from the image itself."""
    flow = Workflow("superresolution", SUPERRESOLUTION_HELP)
    image, seed = given("IMAGE"), given("SEED")
    flow.add_input(QgsProcessingParameterRasterLayer("IMAGE", "Image"))
    factor = QgsProcessingParameterEnum("FACTOR", "Factor", FACTORS, False, "4")
    factor.setUsesStaticStrings(True)
    flow.add_input(factor)
    for name, label in (("TRAINING_SHARE", "Share for training"), ("VALIDATION_SHARE", "Share for validation")):
        flow.add_input(QgsProcessingParameterNumber(name, label, KINDS.Double, SHARES[name], False, 0.0, 1.0), advanced=True)
    _add_epochs_and_seed(flow)
    shares = {name: given_or(name, share) for name, share in SHARES.items()}
    flow.add_step(
        "patches", "selectpatches", {},
        INPUT=image, PATCH_SIZE=LARGE_PATCH, STRATEGY="split", **shares, TEST_SHARE=0.0, SEED=seed,
        OUTPUT_VALIDATION=QgsProcessing.TEMPORARY_OUTPUT,
    )  # fmt: skip
    for step, points in (("training", "OUTPUT"), ("validation", "OUTPUT_VALIDATION")):
        sizes = {"PATCH_SIZE1_X": LARGE_PATCH, "PATCH_SIZE1_Y": LARGE_PATCH}
        flow.add_step(step, "extractpatches", {}, SOURCE1=image, **sizes, POINTS=result("patches", points))
    flow.add_step(
        "trainsuperresolution", "trainsuperresolution", {"OUTPUT": "Model", "OUTPUT_HTML": "Report"},
        HR=result("training", "OUTPUT1"), HR_VALIDATION=result("validation", "OUTPUT1"),
        FACTOR=given("FACTOR"), EPOCHS=given("EPOCHS"), SEED=seed,
    )  # fmt: skip
    flow.add_step("superresolve", "superresolve", {"OUTPUT": "FinerImage"}, INPUT=image, MODEL=result("trainsuperresolution", "OUTPUT"))
    flow.model.setParameterOrder(SUPERRESOLUTION_ORDER)
    return flow.model


WORKFLOWS: dict[str, Callable[[], QgsProcessingModelAlgorithm]] = {
    "landcovermap": land_cover_map,
    "compareclassifiers": comparison,
    "superresolution": superresolution,
}


def _add_inputs(flow: Workflow) -> None:
    """What both workflows that learn classes ask for."""
    flow.add_input(QgsProcessingParameterRasterLayer("IMAGE", "Image"))
    flow.add_input(QgsProcessingParameterFeatureSource("TRUTH", "Truth", [QgsProcessing.SourceType.TypeVectorAnyGeometry]))
    flow.add_input(QgsProcessingParameterField("FIELD", "Field of the class", None, "TRUTH"))
    flow.add_input(QgsProcessingParameterNumber("NUMBER", "Samples of each class", KINDS.Integer, 1000, False, 1))
    flow.add_input(
        QgsProcessingParameterNumber("VALIDATION_SHARE", "Share for validation", KINDS.Double, VALIDATION_SHARE, False, 0.01, 0.99)
    )
    flow.add_input(
        QgsProcessingParameterNumber("SPATIAL_BLOCK", "Side of the validation areas", KINDS.Double, 0.0, False, 0.0), advanced=True
    )
    _add_epochs_and_seed(flow)


def _add_epochs_and_seed(flow: Workflow) -> None:
    flow.add_input(QgsProcessingParameterNumber("EPOCHS", "Epochs", KINDS.Integer, 50, False, 1))
    flow.add_input(QgsProcessingParameterNumber("SEED", "Random seed", KINDS.Integer, 0, False, 0), advanced=True)


def _add_network(flow: Workflow, of_training: dict[str, str], of_serving: dict[str, str], patches: dict[str, Any]) -> None:
    """From samples to the network's map; `patches`: what else extractpatches is told."""
    image, field, seed = given("IMAGE"), given("FIELD"), given("SEED")
    flow.add_step(
        "samples", "selectsamples", {},
        INPUT=image, TRUTH=given("TRUTH"), FIELD=field, STRATEGY="constant", NUMBER=given("NUMBER"),
        VALIDATION_SHARE=given_or("VALIDATION_SHARE", VALIDATION_SHARE), SPATIAL_BLOCK=given("SPATIAL_BLOCK"), SEED=seed,
        OUTPUT_VALIDATION=QgsProcessing.TEMPORARY_OUTPUT,
    )  # fmt: skip
    for step, points in (("training", "OUTPUT"), ("validation", "OUTPUT_VALIDATION")):
        sizes = {"PATCH_SIZE1_X": PATCH, "PATCH_SIZE1_Y": PATCH}
        flow.add_step(step, "extractpatches", {}, SOURCE1=image, **sizes, POINTS=result("samples", points), FIELD=field, **patches)
    bands, classes = result("training", "BANDS"), result("training", "CLASSES")
    flow.add_step("createmodel", "createmodel", {}, ARCHITECTURE="cnn16bn", BANDS=bands, CLASSES=classes, SEED=seed)
    flow.add_step(
        "trainmodel", "trainmodel", of_training,
        MODEL=result("createmodel", "OUTPUT"), SOURCE1=result("training", "OUTPUT1"), LABELS=result("training", "OUTPUT_LABELS"),
        SOURCE1_VALIDATION=result("validation", "OUTPUT1"), LABELS_VALIDATION=result("validation", "OUTPUT_LABELS"),
        EPOCHS=given("EPOCHS"), BALANCE_CLASSES=True, AUGMENT=True, SEED=seed,
    )  # fmt: skip
    flow.add_step("servemodel", "servemodel", of_serving, SOURCE1=image, MODEL=result("trainmodel", "OUTPUT"))


def _add_forest(flow: Workflow, step: str, title: str, **features: Any) -> None:
    """A random forest on the samples of the network, and its map; `features`: what else trainclassifier is told."""
    flow.add_step(
        f"forest_{step}", "trainclassifier", {},
        SOURCE1=given("IMAGE"), SAMPLES=result("samples", "OUTPUT"), SAMPLES_VALIDATION=result("samples", "OUTPUT_VALIDATION"),
        FIELD=given("FIELD"), CLASSIFIER="rf", TREES=given("TREES"), BALANCE_CLASSES=True, SEED=given("SEED"), **features,
    )  # fmt: skip
    flow.add_step(f"map_{step}", "classifyimage", {"OUTPUT": title}, SOURCE1=given("IMAGE"), CLASSIFIER=result(f"forest_{step}", "OUTPUT"))


def main() -> int:
    """Start QGIS without a window, register the provider, write the files, into another folder if one is named."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    application = QgsApplication([], False)
    QgsApplication.initQgis()
    provider = importlib.import_module("tensorscape.algorithms.provider").TensorscapeProvider()  # found in build/plugins
    QgsApplication.processingRegistry().addProvider(provider)
    failed = 0
    for name, build in WORKFLOWS.items():
        written = build().toFile(str(folder / f"{name}.model3"))
        print(f"{'Wrote' if written else 'Cannot write'} {folder / name}.model3")
        failed += not written
    QgsApplication.exitQgis()
    del application
    return failed


if __name__ == "__main__":
    sys.exit(main())
