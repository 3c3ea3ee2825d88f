"""Patches of all sources at sample positions."""

from __future__ import annotations

from typing import Any, Optional

from qgis.core import QgsProcessingContext, QgsProcessingFeedback, QgsProcessingOutputNumber

from ...core import jobs
from ..base import EngineAlgorithm, Parameters
from ..parameters import (
    USUAL_SOURCES,
    attribute,
    file_output,
    nodata,
    of_field,
    points_output,
    raster_output,
    source,
    source_numbers,
    vector,
)
from ..values import Values


class ExtractPatches(EngineAlgorithm):
    """Cuts a patch out of every source around every point; says of each point that gave none why."""

    ID = "extractpatches"
    ICON = "extractpatches"

    def displayName(self) -> str:
        return self.tr("Extract patches")

    def group(self) -> str:
        return self.tr("Sampling")

    def groupId(self) -> str:
        return "sampling"

    def tags(self) -> list[str]:
        return self.tr("training,patches,chips,tiles,samples,PatchesExtraction,OTBTF").split(",")

    def shortHelpString(self) -> str:
        return self.tr(
            "Cuts a patch out of every source around every point, and writes all patches of a source as one image, one below the other, "
            "and their classes as a label image. Both go to 'Train model'.\n\n"
            "The sources may have different pixel sizes: give each its own patch size, so that the patches cover the same ground. The "
            "patches are cut exactly as serving reads the image later.\n\n"
            "A point whose patch reaches over the image or touches pixels without data is rejected; the layer of rejected points tells "
            "the reason of each. The classes may be named by numbers or by text."
        )

    def initAlgorithm(self, configuration: Optional[dict[str, Any]] = None) -> None:
        for index in source_numbers():
            self.addParameter(source(index, self.tr("The images to cut patches from.")))
            self._add_patch_size(index)
            self.addParameter(nodata(index))
        self.addParameter(vector("POINTS", self.tr("Samples"), self.tr("Points, as 'Select samples' writes them; in any CRS."), "points"))
        self.addParameter(
            attribute("FIELD", self.tr("Field of the class"), self.tr("Numbers or text; empty values are left out."), "POINTS")
        )
        self.addParameter(
            of_field(
                "PADDING",
                self.tr("Keep patches that reach over the image"),
                self.tr("The missing pixels are mirrored at the edge. Otherwise such a point is rejected."),
                jobs.ExtractPatches,
                "padding",
                advanced=True,
            )
        )
        self._add_outputs()

    def _add_patch_size(self, index: int) -> None:
        for axis, field, label in (("X", "width", self.tr("Source {}: patch width")), ("Y", "height", self.tr("Source {}: patch height"))):
            self.addParameter(
                of_field(
                    f"PATCH_SIZE{index}_{axis}",
                    label.format(index),
                    self.tr("In pixels of this source. It is what the model takes: 16 for the tutorial's network."),
                    jobs.PatchSource,
                    field,
                    advanced=index > 1,
                )
            )

    def _add_outputs(self) -> None:
        for index in source_numbers():
            label, text = self.tr("Patches of source {}").format(index), self.tr("GeoTIFF with all patches, one below the other.")
            self.addParameter(raster_output(f"OUTPUT{index}", label, text, optional=index > 1, advanced=index > USUAL_SOURCES))
        self.addParameter(raster_output("OUTPUT_LABELS", self.tr("Labels"), self.tr("GeoTIFF with the class code of every patch.")))
        self.addParameter(
            points_output(
                "REJECTED", self.tr("Rejected samples"), self.tr("The points that gave no patch, with the field reason."), optional=True
            )
        )
        text = self.tr("Some patches of each class side by side, how many there are, and why samples were rejected, as one page.")
        self.addParameter(file_output("OUTPUT_HTML", self.tr("Report"), text, self.tr("HTML files (*.html)"), wanted=False))
        self.addOutput(QgsProcessingOutputNumber("PATCHES", self.tr("Number of patches")))
        self.addOutput(QgsProcessingOutputNumber("REJECTED_COUNT", self.tr("Number of rejected samples")))
        self.addOutput(QgsProcessingOutputNumber("CLASSES", self.tr("Number of classes")))
        self.addOutput(QgsProcessingOutputNumber("BANDS", self.tr("Bands of source 1")))
        for index in source_numbers(2):
            self.addOutput(QgsProcessingOutputNumber(f"BANDS{index}", self.tr("Bands of source {}").format(index)))

    def job(self, parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback) -> jobs.ExtractPatches:
        values = Values(self, parameters, context, feedback)
        points, points_layer = values.vector("POINTS")
        return jobs.ExtractPatches(
            sources=values.sources(self._source),
            points=points,
            points_layer=points_layer,
            field=values.text("FIELD"),
            padding=values.flag("PADDING"),
            output_labels=values.output("OUTPUT_LABELS"),
            rejected=values.features_output("REJECTED"),
            output_html=values.file_output("OUTPUT_HTML"),
        )

    def _source(self, values: Values, index: int) -> jobs.PatchSource:
        return jobs.PatchSource(
            images=values.rasters(f"SOURCE{index}"),
            width=values.whole(f"PATCH_SIZE{index}_X"),
            height=values.whole(f"PATCH_SIZE{index}_Y"),
            nodata=values.optional_real(f"NODATA{index}"),
            output=values.needed_output(f"OUTPUT{index}", f"SOURCE{index}"),
        )

    def results(
        self, outputs: dict[str, Any], parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        values = Values(self, parameters, context, feedback)
        return {**outputs, "REJECTED": values.keep_features("REJECTED", outputs["REJECTED"])} if values.given("REJECTED") else outputs
