"""Sample positions from a label image."""

from __future__ import annotations

from typing import Any, Optional

from qgis.core import QgsProcessingContext, QgsProcessingFeedback

from ...core import jobs
from ..base import EngineAlgorithm, Parameters
from ..parameters import of_field, optional_number, raster
from ..values import Values
from .strategy import add_sample_outputs, add_strategy, read_sampling


class SelectSamplesFromLabels(EngineAlgorithm):
    """Points at the centres of pixels of a label image, with its values as classes."""

    ID = "selectsamplesfromlabels"
    ICON = "selectsamplesfromlabels"

    def displayName(self) -> str:
        return self.tr("Select samples from a label image")

    def group(self) -> str:
        return self.tr("Sampling")

    def groupId(self) -> str:
        return "sampling"

    def tags(self) -> list[str]:
        return self.tr("training,samples,truth,reference,raster,labels,LabelImageSampleSelection,OTB,OTBTF").split(",")

    def shortHelpString(self) -> str:
        return self.tr(
            "Chooses pixels of a label image (a raster whose pixel values are class codes) and writes them as points at the pixel "
            "centres, with the code in a field.\n\n"
            "A share of the samples can be kept apart for validation, by square areas or by a layer of areas, and with a buffer in "
            "between, so that no validation sample is the neighbour of a training sample: otherwise the accuracy comes out too "
            "good.\n\n"
            "Next: 'Extract patches'."
        )

    def initAlgorithm(self, configuration: Optional[dict[str, Any]] = None) -> None:
        self.addParameter(
            raster("INPUT", self.tr("Label image"), self.tr("Raster with whole numbers: the class codes are in its first band."))
        )
        self.addParameter(
            optional_number("NODATA", self.tr("No-data label"), self.tr("Pixel value that is no class. Empty: what the file says itself."))
        )
        self.addParameter(
            of_field(
                "PADDING",
                self.tr("Border to leave out"),
                self.tr("In pixels. Half the side of the patches keeps them inside the image."),
                jobs.SelectSamplesFromLabels,
                "padding",
            )
        )
        add_strategy(self)
        add_sample_outputs(self)

    def job(self, parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback) -> jobs.SelectSamplesFromLabels:
        values = Values(self, parameters, context, feedback)
        return jobs.SelectSamplesFromLabels(
            labels=values.raster("INPUT"),
            nodata=values.optional_real("NODATA"),
            padding=values.whole("PADDING"),
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
