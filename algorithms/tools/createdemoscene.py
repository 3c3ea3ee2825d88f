"""createdemoscene: a synthetic scene with exact truth, to try everything on."""

from __future__ import annotations

from typing import Any

from qgis.core import (
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingOutputRasterLayer,
    QgsProcessingOutputVectorLayer,
    QgsProcessingParameterFolderDestination,
)

from ...core import jobs
from ..base import EngineAlgorithm, Parameters
from ..parameters import explained, of_field, seed
from ..values import Values

SIZE, DATES, SEED, OUTPUT = "SIZE", "DATES", "SEED", "OUTPUT"
IMAGE10, IMAGE20, PAN, SAR, LABELS, TRUTH = "IMAGE10", "IMAGE20", "PAN", "SAR", "LABELS", "TRUTH"


class CreateDemoScene(EngineAlgorithm):
    """Images of a made-up landscape, and what is really there."""

    ID = "createdemoscene"
    ICON = "createdemoscene"

    def displayName(self) -> str:
        return self.tr("Create a demo scene")

    def group(self) -> str:
        return self.tr("Tools")

    def groupId(self) -> str:
        return "tools"

    def tags(self) -> list[str]:
        return self.tr("demo,example,synthetic,tutorial,test data,sentinel-2,sar,time series,truth").split(",")

    def shortHelpString(self) -> str:
        return self.tr(
            "Makes a landscape that looks like one (fields, forest, water, town, roads) and images of it as Sentinel-2-like sensors "
            "would take them, with the truth exactly known, so that everything can be tried without any data.\n\nThe output folder "
            "receives an image of the main date with four bands at 10 m, one with six bands at 20 m, and a panchromatic one at 2.5 m; a "
            "radar image with speckle; a time series of the four bands; the truth as polygons with class names and as a label image. "
            "Clouds are no-data (0). The same seed makes the same scene."
        )

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:
        job = jobs.CreateDemoScene
        helps = self.tr("Rows and columns of the 10 m images, in pixels. The default makes a scene of about 10 km by 10 km.")
        self.addParameter(of_field(SIZE, self.tr("Size"), helps, job, "size"))
        helps = self.tr("Number of dates of the time series; the landscape stays, fields and clouds change.")
        self.addParameter(of_field(DATES, self.tr("Dates"), helps, job, "dates", advanced=True))
        self.addParameter(seed(job))
        helps = self.tr("Made if it is missing. The files of an earlier demo scene in it are replaced, other files stay.")
        self.addParameter(explained(QgsProcessingParameterFolderDestination(OUTPUT, self.tr("Folder of the scene")), helps))
        for name, label in (
            (IMAGE10, self.tr("Image, 10 m, main date")),
            (IMAGE20, self.tr("Image, 20 m, main date")),
            (PAN, self.tr("Panchromatic image")),
            (SAR, self.tr("Radar image")),
            (LABELS, self.tr("Label image")),
        ):
            self.addOutput(QgsProcessingOutputRasterLayer(name, label))
        self.addOutput(QgsProcessingOutputVectorLayer(TRUTH, self.tr("Truth polygons")))

    def job(self, parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback) -> jobs.CreateDemoScene:
        values = Values(self, parameters, context, feedback)
        return jobs.CreateDemoScene(
            output=values.file_output(OUTPUT), size=values.whole(SIZE), dates=values.whole(DATES), seed=values.whole(SEED)
        )

    def results(
        self, outputs: dict[str, Any], parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        """Shows the image and the truth when done: QGIS itself loads only what destination parameters name."""
        if context.project() is not None:
            for name, title in ((IMAGE10, self.tr("Demo scene")), (TRUTH, self.tr("Demo scene: truth"))):
                context.addLayerToLoadOnCompletion(outputs[name], QgsProcessingContext.LayerDetails(title, context.project(), name))
        return outputs
