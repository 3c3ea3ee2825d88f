"""Sample positions from vector truth."""

from __future__ import annotations

from typing import Any, Optional

from qgis.core import QgsProcessingContext, QgsProcessingFeedback

from ...core import jobs
from ..base import EngineAlgorithm, Parameters
from ..parameters import attribute, raster, vector
from ..values import Values
from .strategy import add_sample_outputs, add_strategy, read_sampling


class SelectSamples(EngineAlgorithm):
    """Points at pixel centres inside polygons, along lines, or under points, with a spatially separate part for validation."""

    ID = "selectsamples"
    ICON = "selectsamples"

    def displayName(self) -> str:
        return self.tr("Select samples")

    def group(self) -> str:
        return self.tr("Sampling")

    def groupId(self) -> str:
        return "sampling"

    def tags(self) -> list[str]:
        return self.tr("training,samples,truth,reference,polygons,SampleSelection,PolygonClassStatistics,SampleExtraction,OTB,OTBTF").split(
            ","
        )

    def shortHelpString(self) -> str:
        return self.tr(
            "Chooses pixels of an image whose class is known from polygons, lines or points, and writes them as points at the pixel "
            "centres.\n\n"
            "A pixel belongs to a polygon if its centre is inside, to a line if the line touches it, to a point if it is the nearest. The "
            "truth may be in another CRS than the image. The classes may be named by numbers or by text.\n\n"
            "A share of the samples can be kept apart for validation, by whole polygons, by square areas or by a layer of areas, "
            "and with a buffer in between, so that no validation sample is the neighbour of a training sample: otherwise the "
            "accuracy comes out too good.\n\n"
            "Next: 'Extract patches'."
        )

    def initAlgorithm(self, configuration: Optional[dict[str, Any]] = None) -> None:
        self.addParameter(
            raster(
                "INPUT", self.tr("Image"), self.tr("Raster whose pixel grid and extent count. Samples lie at the centres of its pixels.")
            )
        )
        self.addParameter(vector("TRUTH", self.tr("Truth"), self.tr("Polygons, lines or points whose class is known; in any CRS.")))
        self.addParameter(
            attribute("FIELD", self.tr("Field of the class"), self.tr("Numbers or text; empty values are left out."), "TRUTH")
        )
        self.addParameter(
            raster(
                "MASK",
                self.tr("Mask"),
                self.tr("Raster on the grid of the image: pixels above 0 may become samples, others not."),
                optional=True,
                advanced=True,
            )
        )
        add_strategy(self)
        add_sample_outputs(self)

    def job(self, parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback) -> jobs.SelectSamples:
        values = Values(self, parameters, context, feedback)
        truth, truth_layer = values.vector("TRUTH")
        return jobs.SelectSamples(
            image=values.raster("INPUT"),
            truth=truth,
            truth_layer=truth_layer,
            field=values.text("FIELD"),
            mask=values.raster("MASK"),
            sampling=read_sampling(values),
            output=values.features_output("OUTPUT"),
            output_validation=values.features_output("OUTPUT_VALIDATION"),
            rates=values.file_output("RATES"),
            output_html=values.file_output("OUTPUT_HTML"),
        )

    def results(
        self, outputs: dict[str, Any], parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        return Values(self, parameters, context, feedback).with_features_kept(outputs, "OUTPUT", "OUTPUT_VALIDATION")
