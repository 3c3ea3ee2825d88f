"""Pixels of each class and of each feature of a vector truth."""

from __future__ import annotations

from typing import Any, Optional

from qgis.core import QgsProcessingContext, QgsProcessingFeedback, QgsProcessingOutputNumber

from ...core import jobs
from ..base import EngineAlgorithm, Parameters
from ..parameters import attribute, file_output, raster, vector
from ..values import Values


class ClassStatistics(EngineAlgorithm):
    """What a truth has to offer on an image, before samples are selected from it."""

    ID = "classstatistics"
    ICON = "classstatistics"

    def displayName(self) -> str:
        return self.tr("Class statistics")

    def group(self) -> str:
        return self.tr("Sampling")

    def groupId(self) -> str:
        return "sampling"

    def tags(self) -> list[str]:
        return self.tr("training,samples,truth,reference,polygons,classes,count,area,PolygonClassStatistics,OTB,OTBTF").split(",")

    def shortHelpString(self) -> str:
        return self.tr(
            "Counts how many pixels of an image each class covers, and each polygon, line or point of the truth: the pixels that 'Select "
            "samples' can choose from. It also tells which features give no pixel at all, and why.\n\n"
            "A pixel belongs to a polygon if its centre is inside, to a line if the line touches it, to a point if the point lies in it. A "
            "pixel under several features counts for each. The truth may be in another CRS than the image. The classes may be named by "
            "numbers or by text. Areas are true areas on the Earth, in whatever projection.\n\n"
            "Next: 'Select samples'. The table of the classes can be edited and given to it as the counts of the strategy byclass."
        )

    def initAlgorithm(self, configuration: Optional[dict[str, Any]] = None) -> None:
        self.addParameter(raster("INPUT", self.tr("Image"), self.tr("Raster whose pixels are counted, where it has data.")))
        self.addParameter(vector("TRUTH", self.tr("Truth"), self.tr("Polygons, lines or points whose class is known; in any CRS.")))
        self.addParameter(
            attribute("FIELD", self.tr("Field of the class"), self.tr("Numbers or text; empty values are left out."), "TRUTH")
        )
        mask = self.tr("Raster on the grid of the image: pixels above 0 are counted, others not.")
        self.addParameter(raster("MASK", self.tr("Mask"), mask, optional=True, advanced=True))
        self._add_outputs()

    def _add_outputs(self) -> None:
        table, page = self.tr("CSV files (*.csv)"), self.tr("HTML files (*.html)")
        text = self.tr("A table with the columns class, pixels, share, area_m2, features, features_left_out and pixels_left_out.")
        self.addParameter(file_output("OUTPUT", self.tr("Statistics of the classes"), text, table))
        text = self.tr(
            "A table with the columns fid, class, pixels, pixels_left_out and reason (why a feature gives no pixel). Join it to the truth "
            "by fid."
        )
        self.addParameter(file_output("OUTPUT_FEATURES", self.tr("Statistics of the features"), text, table, wanted=False))
        text = self.tr("A chart and a table of the classes, and what was left out, as one page.")
        self.addParameter(file_output("OUTPUT_HTML", self.tr("Report"), text, page))
        for name, label in (
            ("CLASSES", self.tr("Number of classes that have pixels")),
            ("PIXELS", self.tr("Number of pixels")),
            ("FEATURES", self.tr("Number of features")),
            ("LEFT_OUT", self.tr("Number of features that give no pixel")),
        ):
            self.addOutput(QgsProcessingOutputNumber(name, label))

    def job(self, parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback) -> jobs.ClassStatistics:
        values = Values(self, parameters, context, feedback)
        truth, truth_layer = values.vector("TRUTH")
        return jobs.ClassStatistics(
            image=values.raster("INPUT"),
            truth=truth,
            truth_layer=truth_layer,
            field=values.text("FIELD"),
            mask=values.raster("MASK"),
            output=values.file_output("OUTPUT"),
            output_features=values.file_output("OUTPUT_FEATURES"),
            output_html=values.file_output("OUTPUT_HTML"),
        )
