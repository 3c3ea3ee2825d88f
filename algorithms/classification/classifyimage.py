"""The map of a classifier."""

from __future__ import annotations

from typing import Any, Optional

from qgis.core import QgsProcessingContext, QgsProcessingFeedback, QgsProcessingOutputNumber

from ...core import jobs
from ..base import EngineAlgorithm, Parameters
from ..layers import style_when_loaded
from ..parameters import extent, file, of_field, optional_number, raster, raster_output
from ..values import Values
from .shared import add_model, add_reading, add_sources, read_source

RASTERS = ("OUTPUT", "CONFIDENCE", "PROBABILITIES", "UNCERTAINTY")


class ClassifyImage(EngineAlgorithm):
    """Applies a classifier to images of any size, and writes its map, and how sure it is."""

    ID = "classifyimage"
    ICON = "classifyimage"

    def displayName(self) -> str:
        return self.tr("Classify image")

    def group(self) -> str:
        return self.tr("Classification")

    def groupId(self) -> str:
        return "classification"

    def tags(self) -> list[str]:
        return self.tr(
            "random forest,predict,map,confidence,probability,entropy,uncertainty,machine learning,ImageClassifier,"
            "ImageClassifierFromDeepFeatures,OTB,OTBTF"
        ).split(",")

    def shortHelpString(self) -> str:
        return self.tr(
            "Applies a classifier of 'Train classifier' to images of any size, block by block, on all processor cores. Deep features are "
            "computed block by block too and go straight into the classifier; nothing lies on the disk in between.\n\n"
            "The map comes with the names and colours of the classes. Beside it: the probability of the winning class, those of all "
            "classes, and the uncertainty: the entropy of the probabilities, from 0 (sure) to 1 (all alike), and the margin between "
            "the highest and the second.\n\n"
            "The images must have the bands that the classifier was trained with, in the same order, and the model must be the same one; "
            "others are refused. So are files that were not made by 'Train classifier', or were changed."
        )

    def initAlgorithm(self, configuration: Optional[dict[str, Any]] = None) -> None:
        add_sources(self, self.tr("The images to classify, as in training."))
        text = self.tr("The .skops file of 'Train classifier'.")
        self.addParameter(file("CLASSIFIER", self.tr("Classifier"), text, "skops", optional=False))
        self.addParameter(extent(self.tr("The part of source 1 to classify, in any CRS. Empty: all of it.")))
        add_model(self, self.tr("Where the model of the deep features lies now, if it was moved after training."), advanced=True)
        text = self.tr("Only pixels whose centre lies on a pixel of it above 0 are classified. Any grid, any CRS.")
        self.addParameter(raster("MASK", self.tr("Mask"), text, optional=True, advanced=True))
        text = self.tr("Label of pixels without data in the map. Empty: 0, or what is no class.")
        self.addParameter(optional_number("NODATA", self.tr("No-data label"), text, whole=True, advanced=True))
        add_reading(self, jobs.ClassifyImage)
        for name, label, text, field in (
            ("BLOCK_SIZE", self.tr("Block size"), self.tr("Pixels on a side at once. 0: within the memory budget."), "block_size"),
            ("MEMORY", self.tr("Memory budget"), self.tr("In MB. 0: a share of what is free."), "memory"),
            (
                "TRUST_CLASSIFIER",
                self.tr("Trust the classifier"),
                self.tr("Loads it even if it holds types that are not ours and could run any code. Only if you know who made it."),
                "trust",
            ),
            (
                "TRUST_MODEL",
                self.tr("Trust the model"),
                self.tr("Loads the model even if it could touch files or the network or run Python. Only if you know who made it."),
                "trust_model",
            ),
        ):
            self.addParameter(of_field(name, label, text, jobs.ClassifyImage, field, advanced=True))
        self._add_outputs()

    def _add_outputs(self) -> None:
        self.addParameter(raster_output("OUTPUT", self.tr("Class map"), self.tr("GeoTIFF of class codes, with names and colours.")))
        for name, label, text in (
            ("CONFIDENCE", self.tr("Confidence"), self.tr("GeoTIFF: probability of the winning class.")),
            ("PROBABILITIES", self.tr("Probabilities"), self.tr("GeoTIFF with a band for each class.")),
            ("UNCERTAINTY", self.tr("Uncertainty"), self.tr("GeoTIFF of two bands: entropy, from 0 to 1, and margin.")),
        ):
            self.addParameter(raster_output(name, label, text, optional=True))
        for name, label in (
            ("BLOCK_SIZE", self.tr("Block size used, in pixels")),
            ("WIDTH", self.tr("Width of the map, in pixels")),
            ("HEIGHT", self.tr("Height of the map, in pixels")),
        ):
            self.addOutput(QgsProcessingOutputNumber(name, label))

    def job(self, parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback) -> jobs.ClassifyImage:
        values = Values(self, parameters, context, feedback)
        return jobs.ClassifyImage(
            sources=values.sources(read_source),
            classifier=values.file("CLASSIFIER"),
            model=values.file("MODEL"),
            extent=values.extent("EXTENT", "SOURCE1"),
            mask=values.raster("MASK"),
            nodata=values.optional_whole("NODATA"),
            nodata_rule=values.word("NODATA_RULE"),
            resample=values.word("RESAMPLE"),
            block_size=values.whole("BLOCK_SIZE"),
            memory=values.whole("MEMORY"),
            trust=values.flag("TRUST_CLASSIFIER"),
            trust_model=values.flag("TRUST_MODEL"),
            output=values.output("OUTPUT"),
            output_confidence=values.output("CONFIDENCE"),
            output_probabilities=values.output("PROBABILITIES"),
            output_uncertainty=values.output("UNCERTAINTY"),
        )

    def results(
        self, outputs: dict[str, Any], parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        for name in RASTERS:
            if name in outputs:
                style_when_loaded(outputs[name], context)
        return outputs
