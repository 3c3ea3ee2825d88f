"""What the pages of training and of classifying have in common: the images and the model of the features."""

from __future__ import annotations

from qgis.core import QgsProcessingParameterFile
from qgis.PyQt.QtCore import QCoreApplication

from ...core import jobs
from ..base import EngineAlgorithm
from ..parameters import explained, nodata, of_field, source, source_numbers
from ..values import Values

translate = QCoreApplication.translate


def add_sources(algorithm: EngineAlgorithm, text: str) -> None:
    """SOURCE1 … SOURCE6 and NODATA1 … NODATA6."""
    for index in source_numbers():
        algorithm.addParameter(source(index, text))
        algorithm.addParameter(nodata(index))


def read_source(values: Values, index: int) -> jobs.ServedSource:
    """One of them."""
    return jobs.ServedSource(values.rasters(f"SOURCE{index}"), values.optional_real(f"NODATA{index}"))


def add_model(algorithm: EngineAlgorithm, text: str, advanced: bool = False) -> None:
    """MODEL: the folder of a model, which may be left out."""
    behaviour = QgsProcessingParameterFile.Behavior.Folder
    parameter = QgsProcessingParameterFile("MODEL", translate("ClassifierParameters", "Model"), behaviour, "", None, True)
    algorithm.addParameter(explained(parameter, text, advanced))


def add_reading(algorithm: EngineAlgorithm, owner: type) -> None:
    """NODATA_RULE and RESAMPLE, as they are in serving."""
    for name, label, text in (
        (
            "NODATA_RULE",
            translate("ClassifierParameters", "No-data rule"),
            translate(
                "ClassifierParameters",
                "A pixel of a source has no data if all, or if any, of its bands have none. Not-a-number in one band always counts.",
            ),
        ),
        (
            "RESAMPLE",
            translate("ClassifierParameters", "Resample sources"),
            translate(
                "ClassifierParameters",
                "How a source whose grid does not fit that of source 1 is brought onto it while it is read; what fits stays as it is, and "
                "other pixel sizes with a simple ratio fit. none: it is refused, with the numbers.",
            ),
        ),
    ):
        algorithm.addParameter(of_field(name, label, text, owner, name.lower(), advanced=True))
