"""The provider: the explicit list of algorithms, and the workflows that ship with them."""

from __future__ import annotations

from pathlib import Path

from qgis.core import Qgis, QgsMessageLog, QgsProcessingModelAlgorithm, QgsProcessingProvider
from qgis.PyQt.QtGui import QIcon

from .base import ICONS
from .classification.assessaccuracy import AssessAccuracy
from .classification.classifyimage import ClassifyImage
from .classification.trainclassifier import TrainClassifier
from .model.createmodel import CreateModel
from .model.inspectmodel import InspectModel
from .model.servemodel import ServeModel
from .model.trainmodel import TrainModel
from .sampling.classstatistics import ClassStatistics
from .sampling.extractpatches import ExtractPatches
from .sampling.selectpatches import SelectPatches
from .sampling.selectsamples import SelectSamples
from .sampling.selectsamplesfromlabels import SelectSamplesFromLabels
from .superresolution.comparequality import CompareQuality
from .superresolution.superresolve import Superresolve
from .superresolution.trainsuperresolution import TrainSuperresolution
from .tools.checkengine import CheckEngine
from .tools.createdemoscene import CreateDemoScene
from .tools.normalize import Normalize

ALGORITHMS = (
    ClassStatistics,
    SelectSamples,
    SelectSamplesFromLabels,
    SelectPatches,
    ExtractPatches,
    CreateModel,
    InspectModel,
    TrainModel,
    ServeModel,
    TrainClassifier,
    ClassifyImage,
    AssessAccuracy,
    TrainSuperresolution,
    Superresolve,
    CompareQuality,
    Normalize,
    CreateDemoScene,
    CheckEngine,
)
WORKFLOWS = Path(__file__).resolve().parents[1] / "resources" / "workflows"


class TensorscapeProvider(QgsProcessingProvider):  # type: ignore[misc]  # PyQGIS has no types
    """Tensorscape in the toolbox, in the modeler and in qgis_process."""

    def id(self) -> str:
        """First part of every algorithm's id; never changed: users' scripts and models store it."""
        return "tensorscape"

    def name(self) -> str:
        return "Tensorscape"

    def longName(self) -> str:
        return self.tr("Tensorscape: deep learning on remote sensing images")

    def icon(self) -> QIcon:
        return QIcon(self.svgIconPath())

    def svgIconPath(self) -> str:
        return str(ICONS / "tensorscape.svg")

    def loadAlgorithms(self) -> None:
        """Adds the algorithms, then the workflows, whose steps are these algorithms."""
        for algorithm in ALGORITHMS:
            self.addAlgorithm(algorithm())
        for path in sorted(WORKFLOWS.glob("*.model3")):
            workflow = QgsProcessingModelAlgorithm()
            if workflow.fromFile(str(path)):
                self.addAlgorithm(workflow)
            else:
                QgsMessageLog.logMessage(f"The workflow {path} cannot be read.", "Tensorscape", Qgis.MessageLevel.Warning)

    def supportedOutputRasterLayerExtensions(self) -> list[str]:
        """The engine writes GeoTIFF and nothing else."""
        return ["tif"]

    def defaultRasterFileExtension(self) -> str:
        return "tif"

    def defaultVectorFileExtension(self, hasGeometry: bool = True) -> str:
        return "gpkg" if hasGeometry else "csv"
