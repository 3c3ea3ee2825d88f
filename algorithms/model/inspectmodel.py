"""What a model is."""

from __future__ import annotations

from typing import Any, Optional

from qgis.core import QgsProcessingContext, QgsProcessingFeedback

from ...core import jobs
from ..base import EngineAlgorithm, Parameters
from ..parameters import file_output, model_folder
from ..values import Values


class InspectModel(EngineAlgorithm):
    """Reports a model's inputs, outputs, geometry and classes."""

    ID = "inspectmodel"
    ICON = "inspectmodel"

    def displayName(self) -> str:
        return self.tr("Inspect model")

    def group(self) -> str:
        return self.tr("Models")

    def groupId(self) -> str:
        return "model"

    def tags(self) -> list[str]:
        return self.tr(
            "deep learning,receptive field,expression field,scale factor,SavedModel,information,saved_model_cli,OTBTF,SR4RS"
        ).split(",")

    def shortHelpString(self) -> str:
        return self.tr(
            "Tells what a model takes and gives: its inputs with their bands, its outputs with their classes, receptive field, expression "
            "field and scale factor (with a drawing), what an output pixel costs, and whether it can be served fully convolutionally. "
            "Models of other programs and .keras files work too, as far as they tell. It also tells whether the model is safe to load: "
            "its graph is read, and nothing of it is run.\n\n"
            "'Serve model' reads all this by itself; look here when a model does not fit an image, or to choose outputs by name."
        )

    def initAlgorithm(self, configuration: Optional[dict[str, Any]] = None) -> None:
        self.addParameter(model_folder())
        html, json = self.tr("HTML files (*.html)"), self.tr("JSON files (*.json)")
        self.addParameter(file_output("OUTPUT_HTML", self.tr("Report"), self.tr("The findings as a page to read."), html))
        self.addParameter(file_output("OUTPUT", self.tr("Description"), self.tr("The findings as JSON, for scripts."), json, wanted=False))

    def job(self, parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback) -> jobs.InspectModel:
        values = Values(self, parameters, context, feedback)
        return jobs.InspectModel(
            model=values.file("MODEL"),
            output_html=values.file_output("OUTPUT_HTML"),
            output=values.file_output("OUTPUT"),
        )
