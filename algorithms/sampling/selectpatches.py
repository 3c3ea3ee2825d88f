"""Positions of patches on a regular grid."""

from __future__ import annotations

from typing import Any, Optional

from qgis.core import QgsProcessingContext, QgsProcessingFeedback, QgsProcessingOutputNumber

from ...core import jobs
from ..base import EngineAlgorithm, Parameters
from ..parameters import of_field, optional_number, points_output, raster, seed
from ..values import Values

OUTPUTS = ("OUTPUT", "OUTPUT_VALIDATION", "OUTPUT_TEST")


class SelectPatches(EngineAlgorithm):
    """Points in the middle of patches side by side over an image, shared out to training, validation and test."""

    ID = "selectpatches"
    ICON = "selectpatches"

    def displayName(self) -> str:
        return self.tr("Select patches on a grid")

    def group(self) -> str:
        return self.tr("Sampling")

    def groupId(self) -> str:
        return "sampling"

    def tags(self) -> list[str]:
        return self.tr("training,patches,chips,tiles,grid,chessboard,split,balanced,segmentation,PatchesSelection,OTBTF").split(",")

    def shortHelpString(self) -> str:
        return self.tr(
            "Lays a regular grid of patches over an image and writes the points at which 'Extract patches' cuts just these patches. For "
            "networks that are trained on whole patches: segmentation, super-resolution.\n\n"
            "The grid begins at the first row and column of the image (or at the offset) and ends with the last patch that lies inside. A "
            "patch is kept only if every one of its pixels has data, and is above 0 in the mask.\n\n"
            "chessboard: every other patch validates. split: at random, by the shares for training, validation and test, in exact "
            "numbers. all: all patches train. balanced: only so many patches that the classes of a label image are about equally "
            "frequent in them, then by the shares.\n\n"
            "Next: 'Extract patches', once for each of the outputs."
        )

    def initAlgorithm(self, configuration: Optional[dict[str, Any]] = None) -> None:
        self.addParameter(raster("INPUT", self.tr("Image"), self.tr("Raster to lay the grid over.")))
        self.addParameter(
            optional_number(
                "NODATA", self.tr("No-data value"), self.tr("Pixel value that means no data. Empty: what the file says itself.")
            )
        )
        self.addParameter(
            raster(
                "MASK",
                self.tr("Mask"),
                self.tr("Raster on the grid of the image: a patch is kept only if all of its pixels are above 0."),
                optional=True,
                advanced=True,
            )
        )
        self._add_grid()
        self._add_strategy()
        self._add_outputs()

    def _add_grid(self) -> None:
        self._add("PATCH_SIZE", self.tr("Patch size"), self.tr("Rows and columns of a patch, in pixels."))
        self._add(
            "STEP",
            self.tr("Step"),
            self.tr("From one patch to the next, in pixels. 0: the patch size, so that they lie side by side. Less: they overlap."),
        )
        self._add("OFFSET_X", self.tr("Columns before the first patch"), self.tr("In pixels."), advanced=True)
        self._add("OFFSET_Y", self.tr("Rows before the first patch"), self.tr("In pixels."), advanced=True)

    def _add_strategy(self) -> None:
        self._add("STRATEGY", self.tr("Strategy: which patches go where"), self.tr("See the description."))
        for name, label in (
            ("TRAINING_SHARE", self.tr("Share for training")),
            ("VALIDATION_SHARE", self.tr("Share for validation")),
            ("TEST_SHARE", self.tr("Share for testing")),
        ):
            self._add(
                name,
                label,
                self.tr("Share of the patches, from 0 to 1 (strategies split and balanced). What the three leave of 1 is left out."),
            )
        self.addParameter(
            raster(
                "LABELS",
                self.tr("Label image"),
                self.tr("Raster with class codes on the grid of the image (strategy balanced)."),
                optional=True,
            )
        )
        self._add(
            "NUMBER_OF_CLASSES",
            self.tr("Number of classes"),
            self.tr("Labels from 0 to this number minus 1 are classes, others none (strategy balanced). 0: every label is a class."),
            advanced=True,
        )
        self._add(
            "SPATIAL_SHARE",
            self.tr("Share that is taken as it comes"),
            self.tr("Share of all patches that the strategy balanced begins with, before it adds those with rare classes."),
            advanced=True,
        )
        self.addParameter(seed(jobs.SelectPatches))

    def _add(self, name: str, label: str, text: str, advanced: bool = False) -> None:
        self.addParameter(of_field(name, label, text, jobs.SelectPatches, name.lower(), advanced))

    def _add_outputs(self) -> None:
        text = self.tr("A point for each patch, at the centre of the pixel about which 'Extract patches' cuts it.")
        for name, label in zip(OUTPUTS, (self.tr("Training patches"), self.tr("Validation patches"), self.tr("Test patches"))):
            wanted = name != "OUTPUT_TEST"  # the usual strategy, chessboard, tests nothing
            self.addParameter(points_output(name, label, text, optional=name != "OUTPUT", wanted=wanted))
        self.addOutput(QgsProcessingOutputNumber("PATCHES", self.tr("Number of training patches")))
        self.addOutput(QgsProcessingOutputNumber("VALIDATION_PATCHES", self.tr("Number of validation patches")))
        self.addOutput(QgsProcessingOutputNumber("TEST_PATCHES", self.tr("Number of test patches")))

    def job(self, parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback) -> jobs.SelectPatches:
        values = Values(self, parameters, context, feedback)
        return jobs.SelectPatches(
            image=values.raster("INPUT"),
            nodata=values.optional_real("NODATA"),
            mask=values.raster("MASK"),
            patch_size=values.whole("PATCH_SIZE"),
            step=values.whole("STEP"),
            offset_x=values.whole("OFFSET_X"),
            offset_y=values.whole("OFFSET_Y"),
            strategy=values.word("STRATEGY"),
            training_share=values.real("TRAINING_SHARE"),
            validation_share=values.real("VALIDATION_SHARE"),
            test_share=values.real("TEST_SHARE"),
            labels=values.raster("LABELS"),
            number_of_classes=values.whole("NUMBER_OF_CLASSES"),
            spatial_share=values.real("SPATIAL_SHARE"),
            seed=values.whole("SEED"),
            output=values.features_output("OUTPUT"),
            output_validation=values.features_output("OUTPUT_VALIDATION"),
            output_test=values.features_output("OUTPUT_TEST"),
        )

    def results(
        self, outputs: dict[str, Any], parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        return Values(self, parameters, context, feedback).with_features_kept(outputs, *OUTPUTS)
