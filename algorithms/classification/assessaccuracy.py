"""How right a class map is."""

from __future__ import annotations

from typing import Any, Optional

from qgis.core import QgsProcessingContext, QgsProcessingFeedback, QgsProcessingOutputNumber

from ...core import jobs
from ..base import EngineAlgorithm, Parameters
from ..parameters import attribute, band, file_output, of_field, optional_number, raster, rasters, vector
from ..values import Values


class AssessAccuracy(EngineAlgorithm):
    """The figures that a reviewer asks for: a map, or several, against a reference."""

    ID = "assessaccuracy"
    ICON = "assessaccuracy"

    def displayName(self) -> str:
        return self.tr("Assess accuracy")

    def group(self) -> str:
        return self.tr("Classification")

    def groupId(self) -> str:
        return "classification"

    def tags(self) -> list[str]:
        return self.tr(
            "validation,confusion matrix,error matrix,kappa,F1,IoU,user's accuracy,producer's accuracy,area,confidence interval,Olofsson,"
            "McNemar,ComputeConfusionMatrix,OTB,OTBTF"
        ).split(",")

    def shortHelpString(self) -> str:
        return self.tr(
            "Compares a class map with a reference (points, polygons or a raster) and tells how right it is: confusion matrix, overall "
            "accuracy, kappa, and user's and producer's accuracy, F1 and IoU of each class.\n\n"
            "It also gives area-adjusted figures with 95 % confidence intervals, for the accuracies and for the area of each class, after "
            "Olofsson et al. (2014), 'Good practices for estimating area and assessing accuracy of land change'. They weight each sample "
            "by the share of the map that it stands for. The intervals hold for points that were drawn at random within each class of the "
            "map (or over the whole map), and not for polygons chosen by hand; the report says so.\n\n"
            "Classes of the reference are matched to those of the map by name, where the map comes with names (as those of 'Serve model' "
            "do), else by code. Samples where the map has no data are left out and counted.\n\n"
            "With maps to compare with, all are judged by the same samples, those where every map has data, and stand side by side in one "
            "report. McNemar's test tells of each whether the map is better or worse than it, or whether the difference may be chance.\n\n"
            "Judge a map by samples that no model was trained on, away from the training samples."
        )

    def initAlgorithm(self, configuration: Optional[dict[str, Any]] = None) -> None:
        self.addParameter(raster("INPUT", self.tr("Map"), self.tr("Raster of class codes.")))
        self.addParameter(band("BAND", self.tr("Band of the map"), self.tr("The one that holds the class codes."), "INPUT"))
        text = self.tr("Points, polygons or lines whose class is known, in any CRS. Give this, or a reference raster.")
        self.addParameter(vector("TRUTH", self.tr("Reference features"), text, optional=True))
        text = self.tr("Field of the reference features: the names of the map's classes, or their codes. Empty values are left out.")
        self.addParameter(attribute("FIELD", self.tr("Field of the class"), text, "TRUTH", optional=True))
        text = self.tr("Raster of class codes on the grid of the map, instead of features.")
        self.addParameter(raster("REFERENCE", self.tr("Reference raster"), text, optional=True))
        text = self.tr("Value of the reference raster that is no class. Empty: what the file says itself.")
        self.addParameter(optional_number("NODATA", self.tr("No-data value of the reference raster"), text, advanced=True))
        text = self.tr("Classes of the reference that do not count, by name or code, separated by commas.")
        self.addParameter(of_field("IGNORE", self.tr("Classes to ignore"), text, jobs.AssessAccuracy, "ignore", advanced=True))
        self._add_compared()
        self._add_outputs()

    def _add_compared(self) -> None:
        text = self.tr(
            "Rasters of class codes on the grid of the map (their first bands), up to eight, to be compared with it on the same samples."
        )
        self.addParameter(rasters("COMPARED", self.tr("Maps to compare with"), text))
        text = self.tr("How the report calls the map and those to compare with, with commas between. Empty: as their files.")
        self.addParameter(of_field("NAMES", self.tr("Names of the maps"), text, jobs.AssessAccuracy, "names", advanced=True))

    def _add_outputs(self) -> None:
        text = self.tr("A row for each map and class: accuracies, areas with their confidence intervals, and the confusion matrix.")
        self.addParameter(file_output("OUTPUT", self.tr("Figures"), text, self.tr("CSV files (*.csv)")))
        text = self.tr("All figures with pictures and explanations, as one page.")
        self.addParameter(file_output("OUTPUT_HTML", self.tr("Report"), text, self.tr("HTML files (*.html)")))
        for name, label in (
            ("SAMPLES", self.tr("Number of samples")),
            ("OVERALL_ACCURACY", self.tr("Overall accuracy")),
            ("KAPPA", self.tr("Kappa")),
            ("F1", self.tr("F1, mean of the classes")),
            ("IOU", self.tr("IoU, mean of the classes")),
            ("AREA_ADJUSTED_ACCURACY", self.tr("Overall accuracy, area-adjusted")),
            ("AREA_ADJUSTED_HALF_WIDTH", self.tr("Half the width of its 95 % confidence interval")),
            ("MCNEMAR_P", self.tr("McNemar's test against the other maps: the smallest p, corrected by Holm")),
        ):
            self.addOutput(QgsProcessingOutputNumber(name, label))

    def job(self, parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback) -> jobs.AssessAccuracy:
        values = Values(self, parameters, context, feedback)
        truth, truth_layer = values.vector("TRUTH") if values.given("TRUTH") else ("", "")
        return jobs.AssessAccuracy(
            map=values.raster("INPUT"),
            band=values.whole("BAND"),
            truth=truth,
            truth_layer=truth_layer,
            field=values.text("FIELD"),
            reference=values.raster("REFERENCE"),
            nodata=values.optional_real("NODATA"),
            ignore=values.text("IGNORE"),
            compared=values.rasters("COMPARED"),
            names=values.text("NAMES"),
            output=values.file_output("OUTPUT"),
            output_html=values.file_output("OUTPUT_HTML"),
        )
