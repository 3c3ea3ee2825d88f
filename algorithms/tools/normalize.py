"""Bands on a common scale."""

from __future__ import annotations

from typing import Any, Optional

from qgis.core import QgsProcessingContext, QgsProcessingFeedback, QgsProcessingOutputNumber

from ...core import jobs
from ..base import EngineAlgorithm, Parameters
from ..parameters import file, file_output, of_field, optional_number, raster, raster_output
from ..values import Values


class Normalize(EngineAlgorithm):
    """Rescales every band by its own statistics, by kept ones, or by numbers given."""

    ID = "normalize"
    ICON = "normalize"

    def displayName(self) -> str:
        return self.tr("Normalize")

    def group(self) -> str:
        return self.tr("Tools")

    def groupId(self) -> str:
        return "tools"

    def tags(self) -> list[str]:
        return self.tr(
            "rescale,stretch,standardize,statistics,percentile,minmax,mean,standard deviation,DynamicConvert,ComputeImagesStatistics,"
            "BandMath,OTB,OTBTF,SR4RS"
        ).split(",")

    def shortHelpString(self) -> str:
        return self.tr(
            "Brings the bands of an image onto a common scale, each band by itself. Pixels without data do not count, and stay without "
            "data. The image may be of any size.\n\n"
            "Networks of the gallery normalise their inputs themselves: this is for models of other programs, for other tools, and to make "
            "images of different dates or sensors comparable.\n\n"
            "To scale a second image exactly as the first one, write the statistics of the first and give them with the second."
        )

    def initAlgorithm(self, configuration: Optional[dict[str, Any]] = None) -> None:
        job = jobs.Normalize
        self.addParameter(raster("INPUT", self.tr("Image"), self.tr("Raster whose bands are rescaled.")))
        text = self.tr(
            "percentile: the lower percentile below becomes 0, the upper one 1. minmax: the least value becomes 0, the greatest 1. "
            "meanstd: mean 0 and standard deviation 1. constant: (value − offset) ÷ divisor, the same for all bands."
        )
        self.addParameter(of_field("METHOD", self.tr("Method"), text, job, "method"))
        for name, label, text, field in (
            ("PERCENTILE_LOW", self.tr("Lower percentile"), self.tr("In percent (method percentile)."), "percentile_low"),
            ("PERCENTILE_HIGH", self.tr("Upper percentile"), self.tr("In percent (method percentile)."), "percentile_high"),
            ("SUBTRACT", self.tr("Offset"), self.tr("Pixel value that becomes 0 (method constant)."), "subtract"),
            ("DIVIDE", self.tr("Divisor"), self.tr("In pixel values: 10000 for Sentinel-2 reflectance (method constant)."), "divide"),
        ):
            self.addParameter(of_field(name, label, text, job, field))
        text = self.tr("Values that percentile and minmax put below 0 or above 1 become 0 or 1.")
        self.addParameter(of_field("CLIP", self.tr("Cut values outside of 0 to 1"), text, job, "clip", advanced=True))
        text = self.tr("A JSON file that this algorithm wrote for another image: its numbers are used instead of the image's own.")
        self.addParameter(file("STATISTICS", self.tr("Statistics to use"), text, "json"))
        text = self.tr("Pixel value that means no data. Empty: what the file says itself.")
        self.addParameter(optional_number("NODATA", self.tr("No-data value"), text, advanced=True))
        self._add_outputs()

    def _add_outputs(self) -> None:
        text = self.tr(
            "float32: any value, no-data is NaN. uint8 and uint16: 0 to 1 becomes 1 to 255 or 1 to 65535, no-data is 0; for percentile and "
            "minmax."
        )
        self.addParameter(of_field("OUTPUT_TYPE", self.tr("Pixel type"), text, jobs.Normalize, "dtype", advanced=True))
        self.addParameter(raster_output("OUTPUT", self.tr("Normalized image"), self.tr("GeoTIFF on the grid of the image.")))
        text, kind = self.tr("The numbers of every band, to scale other images by them."), self.tr("JSON files (*.json)")
        self.addParameter(file_output("OUTPUT_STATISTICS", self.tr("Statistics"), text, kind, wanted=False))
        self.addOutput(QgsProcessingOutputNumber("BANDS", self.tr("Number of bands")))

    def job(self, parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback) -> jobs.Normalize:
        values = Values(self, parameters, context, feedback)
        return jobs.Normalize(
            image=values.raster("INPUT"),
            nodata=values.optional_real("NODATA"),
            method=values.word("METHOD"),
            percentile_low=values.real("PERCENTILE_LOW"),
            percentile_high=values.real("PERCENTILE_HIGH"),
            subtract=values.real("SUBTRACT"),
            divide=values.real("DIVIDE"),
            clip=values.flag("CLIP"),
            dtype=values.word("OUTPUT_TYPE"),
            statistics=values.file("STATISTICS"),
            output=values.output("OUTPUT"),
            output_statistics=values.file_output("OUTPUT_STATISTICS"),
        )
