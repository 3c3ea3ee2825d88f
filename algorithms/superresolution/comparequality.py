"""How near an image is to a reference."""

from __future__ import annotations

from typing import Any, Optional

from qgis.core import QgsProcessingContext, QgsProcessingFeedback, QgsProcessingOutputNumber

from ...core import jobs
from ..base import EngineAlgorithm, Parameters
from ..parameters import file_output, of_field, optional_number, raster
from ..values import Values


class CompareQuality(EngineAlgorithm):
    """The figures of an image against what it should be: of super-resolution, fusion, compression, gap filling."""

    ID = "comparequality"
    ICON = "comparequality"

    def displayName(self) -> str:
        return self.tr("Compare quality")

    def group(self) -> str:
        return self.tr("Super-resolution")

    def groupId(self) -> str:
        return "superresolution"

    def tags(self) -> list[str]:
        return self.tr(
            "PSNR,SSIM,SAM,ERGAS,RMSE,super-resolution,pansharpening,fusion,Wald,spectral angle,structural similarity,difference,"
            "CompareImages,OTB,OTBTF,SR4RS"
        ).split(",")

    def shortHelpString(self) -> str:
        return self.tr(
            "Compares an image with a reference on the same pixels, band by band and over all bands: PSNR, SSIM, spectral angle (SAM), "
            "ERGAS, RMSE, mean absolute error, bias and correlation, with pictures of where they differ. Images may be of any size.\n\n"
            "PSNR tells the size of errors, SSIM whether structures are the same, SAM whether colours are, ERGAS the relative error over "
            "all bands.\n\n"
            "To judge a super-resolution, compare its output with a true image of its pixel size, and an interpolated image (Warp, cubic) "
            "with the same one: the difference is what the network is worth. Take a place that it was not trained on.\n\n"
            "Pixels without data in any band of either image are left out. Of equal images PSNR is infinite: the report says so, and the "
            "number is missing among the outputs, as those that have no meaning are (SAM of a single band)."
        )

    def initAlgorithm(self, configuration: Optional[dict[str, Any]] = None) -> None:
        job = jobs.CompareQuality
        self.addParameter(raster("INPUT", self.tr("Image"), self.tr("The image to judge.")))
        text = self.tr("What it should be: an image with the same extent, pixel size and bands, in the same units.")
        self.addParameter(raster("REFERENCE", self.tr("Reference"), text))
        text = self.tr("Pixels at every edge that are left out, where interpolation and networks lack neighbours.")
        self.addParameter(of_field("BORDER", self.tr("Border"), text, job, "border"))
        text = self.tr(
            "The largest difference that values could have, for PSNR and SSIM, in pixel values: 10000 for Sentinel-2 reflectance, 1 for "
            "values from 0 to 1. 0: 255 for 8-bit images, else the range of the reference's values. Give the same for all that is to be "
            "compared."
        )
        self.addParameter(of_field("PEAK", self.tr("Peak"), text, job, "peak", advanced=True))
        text = self.tr("For ERGAS: pixel size of the low-resolution image ÷ pixel size of this one.")
        self.addParameter(of_field("RATIO", self.tr("Ratio of the pixel sizes"), text, job, "ratio", advanced=True))
        text = self.tr("Pixel value that means no data, in both images. Empty: what each file says itself.")
        self.addParameter(optional_number("NODATA", self.tr("No-data value"), text, advanced=True))
        text = self.tr("All figures with pictures and explanations, as one page.")
        self.addParameter(file_output("OUTPUT_HTML", self.tr("Report"), text, self.tr("HTML files (*.html)")))
        for name, label in (
            ("PSNR", self.tr("Peak signal-to-noise ratio, dB")),
            ("SSIM", self.tr("Structural similarity, mean of the bands")),
            ("SAM", self.tr("Spectral angle, mean, in degrees")),
            ("ERGAS", self.tr("ERGAS, relative global error of synthesis")),
            ("RMSE", self.tr("Root mean squared error over all bands")),
        ):
            self.addOutput(QgsProcessingOutputNumber(name, label))

    def job(self, parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback) -> jobs.CompareQuality:
        values = Values(self, parameters, context, feedback)
        return jobs.CompareQuality(
            image=values.raster("INPUT"),
            reference=values.raster("REFERENCE"),
            nodata=values.optional_real("NODATA"),
            border=values.whole("BORDER"),
            peak=values.real("PEAK"),
            ratio=values.real("RATIO"),
            output_html=values.file_output("OUTPUT_HTML"),
        )
