"""An untrained model of the gallery."""

from __future__ import annotations

from typing import Any, Optional

from qgis.core import QgsProcessingContext, QgsProcessingFeedback, QgsProcessingOutputNumber, QgsProcessingParameterNumber

from ...core import jobs
from ..base import EngineAlgorithm, Parameters
from ..parameters import choice, explained, model_output, of_field, seed
from ..values import Values

# The ids of core/model/gallery, which this process cannot import; a test keeps the two in step.
ARCHITECTURES = ("cnn16", "cnn16bn", "panms", "m3fusion", "tempcnn", "ltae", "cnn1d", "cnn3d", "l2norm", "scalarproduct")


class CreateModel(EngineAlgorithm):
    """Builds a network for so many bands and classes, and writes it as a model folder."""

    ID = "createmodel"
    ICON = "createmodel"

    def displayName(self) -> str:
        return self.tr("Create model")

    def group(self) -> str:
        return self.tr("Models")

    def groupId(self) -> str:
        return "model"

    def tags(self) -> list[str]:
        return self.tr("deep learning,network,CNN,architecture,keras,tensorflow,SavedModel,create_savedmodel,OTBTF").split(",")

    def shortHelpString(self) -> str:
        return self.tr(
            "Builds a network that has not learnt anything yet, and writes it as a model folder (a TensorFlow SavedModel).\n\n"
            "cnn16: the convolutional network of the OTBTF tutorial, for patches of 16 × 16 pixels: three convolutions, two poolings, one "
            "class for each patch. It learns from a few hundred samples of each class within minutes, without a GPU.\n\n"
            "cnn16bn: the same with twice the width, batch normalisation, noise and dropout, so that it does not learn its training "
            "polygons by heart: better where the truth is a few polygons and the map reaches far beyond them, at about twice the cost.\n\n"
            "'Extract patches' gives the numbers of bands and classes. Next: 'Train model'."
        )

    def initAlgorithm(self, configuration: Optional[dict[str, Any]] = None) -> None:
        self.addParameter(
            choice(
                "ARCHITECTURE",
                self.tr("Architecture"),
                self.tr("Both take patches of 16 × 16 pixels; cnn16 is the tutorial's network, cnn16bn a more robust one."),
                ARCHITECTURES,
            )
        )
        whole = QgsProcessingParameterNumber.Type.Integer
        self.addParameter(
            explained(
                QgsProcessingParameterNumber("BANDS", self.tr("Bands of source 1"), whole, 4, False, 1),
                self.tr("Number of bands of the patches. In a model: the output BANDS of 'Extract patches'."),
            )
        )
        self.addParameter(
            of_field(
                "CLASSES",
                self.tr("Classes"),
                self.tr("Number of classes to tell apart. In a model: the output CLASSES of 'Extract patches'."),
                jobs.CreateModel,
                "classes",
            )
        )
        self.addParameter(seed(jobs.CreateModel))
        self.addParameter(
            model_output(self.tr("Untrained model"), self.tr("Folder of the model: a new one, an empty one, or an earlier model."))
        )
        self.addOutput(QgsProcessingOutputNumber("PARAMETERS", self.tr("Number of weights")))

    def job(self, parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback) -> jobs.CreateModel:
        values = Values(self, parameters, context, feedback)
        return jobs.CreateModel(
            architecture=values.word("ARCHITECTURE"),
            bands=(values.whole("BANDS"),),
            classes=values.whole("CLASSES"),
            seed=values.whole("SEED"),
            output=values.file_output("OUTPUT"),
        )
