"""The same image with smaller pixels."""

from __future__ import annotations

from typing import Any, Optional

from qgis.core import QgsProcessingContext, QgsProcessingFeedback

from ...core import jobs
from ..base import Parameters
from ..model.serve_parameters import ServeParameters, outputs_of_model, served_source
from ..parameters import extent, model_folder, nodata, of_field, raster_output, rasters, source_numbers
from ..values import Values


class Superresolve(ServeParameters):
    """Applies a model of super-resolution or fusion; what it writes is the input in all but its pixel size."""

    ID = "superresolve"
    ICON = "superresolve"

    def displayName(self) -> str:
        return self.tr("Superresolve")

    def group(self) -> str:
        return self.tr("Super-resolution")

    def groupId(self) -> str:
        return "superresolution"

    def tags(self) -> list[str]:
        return self.tr("super-resolution,upscale,sharpen,enhance,pansharpening,fusion,deep learning,Sentinel-2,SR4RS,OTBTF").split(",")

    def shortHelpString(self) -> str:
        return self.tr(
            "Makes an image with smaller pixels by a model of super-resolution. It covers the whole extent of the input, or the part asked "
            "for, at its exact place, without seams: how far the borders of a block are wrong is read from the model, and so much is "
            "computed besides and thrown away. Images may be of any size.\n\n"
            "Pixel type, no-data, names and colours of the bands, scale and offset are those of the input; values are rounded and clipped "
            "to the pixel type. Models that make classes or features are for 'Serve model', and are refused here.\n\n"
            "For fusion (20 m bands with the help of 10 m bands, multispectral with panchromatic), give a model with several inputs its "
            "other images in Input 2 and on, in the order of its inputs. The output is measured on the grid of the first input, and is "
            "like the first one that has as many bands as it.\n\n"
            "Models of SR4RS work: of their outputs (output_16, output_64), which are one image cropped by several margins, the cheapest "
            "is taken; all give the same.\n\n"
            "What a network adds may be wrong: judge it with 'Compare quality' at a place where the truth is known."
        )

    def initAlgorithm(self, configuration: Optional[dict[str, Any]] = None) -> None:
        text = self.tr("The image to make better: one file, or several of one pixel grid, stacked along their bands in the order given.")
        self.addParameter(rasters("INPUT", self.tr("Input"), text, optional=False))
        self.addParameter(model_folder())
        self.addParameter(extent(self.tr("The part of the input to compute, in any CRS. Empty: all of it.")))
        for index in source_numbers():
            if index > 1:
                text = self.tr("The images for this input of a model that has several (fusion).")
                self.addParameter(rasters(f"INPUT{index}", self.tr("Input {}").format(index), text, advanced=True))
            self.addParameter(nodata(index))
        self._add_ways()
        text = self.tr("automatic: that of the input.")
        self.addParameter(of_field("OUTPUT_TYPE", self.tr("Pixel type"), text, jobs.Superresolve, "dtype", advanced=True))
        text = self.tr("GeoTIFF: the input with smaller pixels.")
        self.addParameter(raster_output("OUTPUT", self.tr("Superresolved image"), text))
        self._add_numbers()

    def job(self, parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback) -> jobs.Superresolve:
        values = Values(self, parameters, context, feedback)
        return jobs.Superresolve(
            sources=(_input(values, 1), *values.sources(_input, "INPUT{}", first=2)),
            extent=values.extent("EXTENT", "INPUT"),
            outputs=outputs_of_model(values),
            dtype=values.word("OUTPUT_TYPE"),
            output=values.output("OUTPUT"),
            **self._options(values),
        )


def _input(values: Values, index: int) -> jobs.ServedSource:
    return served_source(values, index, "INPUT" if index == 1 else f"INPUT{index}")
