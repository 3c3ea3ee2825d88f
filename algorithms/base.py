"""What all algorithms have in common, so that each is a page of declarations and one translation: parameters → job."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from qgis.core import QgsProcessingAlgorithm, QgsProcessingContext, QgsProcessingException, QgsProcessingFeedback
from qgis.PyQt.QtCore import QCoreApplication
from qgis.PyQt.QtGui import QIcon

from ..core import jobs
from ..core.errors import TensorscapeError
from ..core.paths import check_paths
from .commands import qgis_process_command
from .engine.client import shared_client
from .layers import name_unreadable

ICONS = Path(__file__).parents[1] / "resources" / "icons"

Parameters = dict[str, Any]


class EngineAlgorithm(QgsProcessingAlgorithm):  # type: ignore[misc]  # PyQGIS has no types
    """An algorithm whose work one job of the engine does.

    A subclass states `ID` (never renamed: users' scripts and models store it) and its descriptions, declares its parameters and outputs in
    `initAlgorithm`, translates them in `job`, and, where the engine's outputs are not the algorithm's, maps these in `results`.
    """

    ID = ""
    ICON = "tensorscape"  # resources/icons/<ICON>.svg

    def job(self, parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback) -> jobs.Job:
        """The job that these parameters ask for. Layers become paths and numbers here, before the work starts.

        Raises:
            TensorscapeError: a parameter cannot be used; the message goes to the user.
        """
        raise NotImplementedError

    def results(
        self, outputs: dict[str, Any], parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        """The algorithm's outputs, by declared name, from those of the engine; the place to style and name layers that will be loaded."""
        return outputs

    def checkParameterValues(self, parameters: Parameters, context: QgsProcessingContext) -> tuple[bool, str]:
        """QGIS's own check, with the raster named that it could not open."""
        accepted, reason = super().checkParameterValues(parameters, context)
        return accepted, reason if accepted else f"{reason} {name_unreadable(self, parameters, context)}".strip()

    def processAlgorithm(self, parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback) -> dict[str, Any]:
        """Build the job, run it in the engine, map its outputs.

        Raises:
            QgsProcessingException: whatever went wrong, and a cancel too, lest a script take a cancelled run for a good one.
        """
        try:
            job = self.job(parameters, context, feedback)
            check_paths(job)
            feedback.pushCommandInfo(qgis_process_command(self, parameters))
            feedback.pushCommandInfo(json.dumps(jobs.to_dict(job)))  # what `python -m core` takes
            outputs = shared_client().run(job, feedback)
        except TensorscapeError as error:
            if error.details:
                feedback.pushDebugInfo(error.details)
            raise QgsProcessingException(str(error)) from error
        return self.results(outputs, parameters, context, feedback)

    def name(self) -> str:
        """The id within the provider."""
        return self.ID

    def createInstance(self) -> EngineAlgorithm:
        """A fresh one: QGIS runs each algorithm on an instance of its own."""
        return type(self)()

    def icon(self) -> QIcon:
        """The one named by `ICON`."""
        return QIcon(self.svgIconPath())

    def svgIconPath(self) -> str:
        """The same for the toolbox, which prefers the file."""
        return str(ICONS / f"{self.ICON}.svg")

    def tr(self, text: str) -> str:
        """Translate a literal of a subclass. The name of the class that it stands in is its context, as pylupdate finds it (a page may be
        spread over several classes): so call it with literals only."""
        contexts = (kind.__name__ for kind in type(self).__mro__)
        return next((told for told in (QCoreApplication.translate(context, text) for context in contexts) if told != text), text)
