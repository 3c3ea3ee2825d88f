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
    folder_output,
    nodata,
    numeric_attributes,
    of_field,
    optional_number,
    optional_size,
    points_output,
    raster,
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
            "What is to be learnt may be a class (a field of the points), measurements (numeric fields), or a patch of a label image "
            "(segmentation): choose one of them. A label patch is cut only where all of it is labelled.\n\n"
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
        text = self.tr("Numbers or text; points without a class are left out.")
        self.addParameter(attribute("FIELD", self.tr("Field of the class"), text, "POINTS", optional=True))
        self._add_other_truth()
        for name, label, text in (
            (
                "PADDING",
                self.tr("Keep patches that reach over the image"),
                self.tr("The missing pixels are mirrored at the edge. Otherwise such a point is rejected."),
            ),
            (
                "NODATA_RULE",
                self.tr("No-data rule"),
                self.tr("A pixel of an image has no data if all, or if any, of its bands have none. Not-a-number in a band always counts."),
            ),
        ):
            self.addParameter(of_field(name, label, text, jobs.ExtractPatches, name.lower(), advanced=True))
        self._add_outputs()

    def _add_other_truth(self) -> None:
        """Instead of a class: measurements, or a label image."""
        text = self.tr("Numeric fields to be learnt instead of a class (regression). Points without one of the values are left out.")
        self.addParameter(numeric_attributes("TARGETS", self.tr("Fields of measurements"), text, "POINTS"))
        text = self.tr("A raster whose patches are to be learnt: classes (segmentation) or measurements. Its pixel size may differ.")
        self.addParameter(raster("LABELS", self.tr("Label image"), text, optional=True, advanced=True))
        text = self.tr("In pixels of the label image. Empty: the ground of source 1's patch.")
        for parameter in optional_size("LABELS_SIZE", self.tr("Label patches"), text):
            self.addParameter(parameter)
        text = self.tr("Value of pixels without a label. Empty: what the file says itself.")
        self.addParameter(optional_number("LABELS_NODATA", self.tr("No-data value of the label image"), text, advanced=True))

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
            self.addParameter(raster_output(f"OUTPUT{index}", label, text, True, index > USUAL_SOURCES, usual=index == 1))
        text = self.tr("GeoTIFF with what is to be learnt of every patch: its class code, its measurements, or its label patch.")
        self.addParameter(raster_output("OUTPUT_LABELS", self.tr("Labels"), text, optional=True, usual=True))
        self.addParameter(
            points_output(
                "REJECTED", self.tr("Rejected samples"), self.tr("The points that gave no patch, with the field reason."), optional=True
            )
        )
        text = self.tr("Folder of TFRecord shards with patches and labels, for scripts in TensorFlow; they are written straight to it.")
        self.addParameter(folder_output("OUTPUT_RECORDS", self.tr("TFRecords"), text))
        label, text = self.tr("Patches in a TFRecord file"), self.tr("About as many; at most 200 files are written.")
        self.addParameter(of_field("RECORDS_PER_FILE", label, text, jobs.ExtractPatches, "records_per_file", advanced=True))
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
            targets=values.texts("TARGETS"),
            labels=_label_image(values),
            padding=values.flag("PADDING"),
            nodata_rule=values.word("NODATA_RULE"),
            output_labels=values.output("OUTPUT_LABELS"),
            rejected=values.features_output("REJECTED"),
            output_records=values.file_output("OUTPUT_RECORDS"),
            records_per_file=values.whole("RECORDS_PER_FILE"),
            output_html=values.file_output("OUTPUT_HTML"),
        )

    def _source(self, values: Values, index: int) -> jobs.PatchSource:
        return jobs.PatchSource(
            images=values.rasters(f"SOURCE{index}"),
            width=values.whole(f"PATCH_SIZE{index}_X"),
            height=values.whole(f"PATCH_SIZE{index}_Y"),
            nodata=values.optional_real(f"NODATA{index}"),
            output=self._patches(values, index),
        )

    @staticmethod
    def _patches(values: Values, index: int) -> str:
        """Where the patches of a source go; they may go to the TFRecords only."""
        name = f"OUTPUT{index}"
        return values.output(name) if values.given("OUTPUT_RECORDS") else values.needed_output(name, f"SOURCE{index}")

    def results(
        self, outputs: dict[str, Any], parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        return Values(self, parameters, context, feedback).with_features_kept(outputs, "REJECTED")


def _label_image(values: Values) -> jobs.LabelImage:
    size = values.optional_size("LABELS_SIZE") or (None, None)
    return jobs.LabelImage(values.raster("LABELS"), *size, values.optional_real("LABELS_NODATA"))
