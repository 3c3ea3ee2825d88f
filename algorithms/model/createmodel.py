"""An untrained model of the gallery."""

from __future__ import annotations

from typing import Any, Optional

from qgis.core import QgsProcessingContext, QgsProcessingFeedback, QgsProcessingOutputNumber, QgsProcessingParameterNumber

from ...core import jobs
from ..base import EngineAlgorithm, Parameters
from ..parameters import USUAL_SOURCES, Parameter, choice, explained, model_output, of_field, seed, source_numbers
from ..values import Values
from .architectures import texts

# Ids of core/model/gallery, which this process cannot import; a test keeps the two in step.
ARCHITECTURES = (
    "cnn16", "cnn16bn", "panms", "fcn16", "maggiori", "unet", "resunet", "deeplab", "fusenet", "m3fusion", "tempcnn", "ltae", "cnn1d",
    "cnn3d", "l2norm", "scalarproduct",
)  # fmt: skip


class CreateModel(EngineAlgorithm):
    """Builds a network for so many bands, classes and measurements, and writes it as a model folder."""

    ID = "createmodel"
    ICON = "createmodel"

    def displayName(self) -> str:
        return self.tr("Create model")

    def group(self) -> str:
        return self.tr("Models")

    def groupId(self) -> str:
        return "model"

    def tags(self) -> list[str]:
        return self.tr(
            "deep learning,network,CNN,architecture,keras,tensorflow,SavedModel,create_savedmodel,OTBTF,U-Net,DeepLab,segmentation,"
            "time series,hyperspectral"
        ).split(",")

    def shortHelpString(self) -> str:
        introduction = self.tr(
            "Builds a network that has not learnt anything yet, and writes it as a model folder (a TensorFlow SavedModel with the Keras "
            "network inside). Any number of bands, classes and measurements will do. The architectures:"
        )
        ending = self.tr("'Extract patches' gives the numbers of bands and classes. Next: 'Train model'.")
        described = texts()
        return "\n\n".join((introduction, *(f"{name}: {described[name]}" for name in ARCHITECTURES), ending))

    def initAlgorithm(self, configuration: Optional[dict[str, Any]] = None) -> None:
        text = self.tr("What the network looks like; see the help of this algorithm.")
        self.addParameter(choice("ARCHITECTURE", self.tr("Architecture"), text, ARCHITECTURES))
        for index in source_numbers():
            self.addParameter(self._bands(index))
        text = self.tr("Classes to tell apart. In a model: the output CLASSES of 'Extract patches'. 0: none, measurements only.")
        self.addParameter(of_field("CLASSES", self.tr("Classes"), text, jobs.CreateModel, "classes"))
        text = self.tr(
            "Measurements to estimate, such as heights or biomass: as many as were extracted. With classes as well, both are told."
        )
        self.addParameter(of_field("TARGETS", self.tr("Measurements"), text, jobs.CreateModel, "targets", advanced=True))
        text = self.tr("Number of dates of a time series, whose bands are stacked date after date, as many at each. Others take no notice.")
        self.addParameter(of_field("DATES", self.tr("Dates"), text, jobs.CreateModel, "dates"))
        self.addParameter(seed(jobs.CreateModel))
        text = self.tr("Folder of the model: a new one, an empty one, or an earlier model.")
        self.addParameter(model_output(self.tr("Untrained model"), text))
        self.addOutput(QgsProcessingOutputNumber("PARAMETERS", self.tr("Number of weights")))

    def _bands(self, index: int) -> Parameter:
        """BANDS of source 1, BANDS2 … BANDS6 of further ones, which may be left out."""
        name, label = "BANDS" if index == 1 else f"BANDS{index}", self.tr("Bands of source {}").format(index)
        text = self.tr("Bands of the patches, of all dates. In a model: the output {} of 'Extract patches'.").format(name)
        if index > 1:
            text += " " + self.tr("Empty: the architecture takes fewer sources.")
        whole = QgsProcessingParameterNumber.Type.Integer
        usual = 4 if index == 1 else None
        return explained(QgsProcessingParameterNumber(name, label, whole, usual, index > 1, 1), text, advanced=index > USUAL_SOURCES)

    def job(self, parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback) -> jobs.CreateModel:
        values = Values(self, parameters, context, feedback)
        further = values.sources(lambda given, index: given.whole(f"BANDS{index}"), "BANDS{}", first=2)
        return jobs.CreateModel(
            architecture=values.word("ARCHITECTURE"),
            bands=(values.whole("BANDS"), *further),
            classes=values.whole("CLASSES"),
            targets=values.whole("TARGETS"),
            dates=values.whole("DATES"),
            seed=values.whole("SEED"),
            output=values.file_output("OUTPUT"),
        )
