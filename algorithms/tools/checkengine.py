"""checkengine: is the engine there, which versions, which devices; creates or repairs it."""

from __future__ import annotations

from typing import Any

from qgis.core import (
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProcessingOutputNumber,
    QgsProcessingOutputString,
    QgsProcessingParameterBoolean,
)

from ...core import jobs
from ...core.errors import TensorscapeError
from ..base import EngineAlgorithm, Parameters
from ..engine import environment
from ..engine.cancelling import is_cancelled
from ..engine.client import shared_client
from ..parameters import explained, file_output
from ..values import Values

CREATE, GPU, OUTPUT_HTML = "CREATE", "GPU", "OUTPUT_HTML"


class CheckEngine(EngineAlgorithm):
    """The one algorithm that also works where there is no engine yet: asked to, it makes one first."""

    ID = "checkengine"
    ICON = "checkengine"

    def displayName(self) -> str:
        return self.tr("Check the engine")

    def group(self) -> str:
        return self.tr("Tools")

    def groupId(self) -> str:
        return "tools"

    def tags(self) -> list[str]:
        return self.tr("engine,environment,install,setup,dependencies,tensorflow,gpu,cuda,version,device,repair").split(",")

    def shortHelpString(self) -> str:
        return self.tr(
            "Says whether the engine is there, which versions of Python, TensorFlow and the other libraries it has, and on which "
            "devices it computes.\n\nThe engine is a Python environment of its own, apart from QGIS. With 'Create or repair', it is made "
            "if it is missing or broken: about 2 GB are installed into your cache folder, once. No other algorithm installs anything."
        )

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:
        create = QgsProcessingParameterBoolean(CREATE, self.tr("Create or repair the engine"), False)
        self.addParameter(explained(create, self.tr("Makes the engine's Python environment, unless it is there and complete.")))
        gpu = QgsProcessingParameterBoolean(GPU, self.tr("For an NVIDIA GPU"), False)
        helps = self.tr("Together with 'Create or repair': adds NVIDIA's libraries (6 GB more; Linux with an NVIDIA driver).")
        self.addParameter(explained(gpu, helps, advanced=True))
        helps = self.tr("Versions, devices and memory as a page to keep, or to send with a question.")
        self.addParameter(file_output(OUTPUT_HTML, self.tr("Report"), helps, self.tr("HTML files (*.html)")))
        for name, label in (("PYTHON_VERSION", self.tr("Version of Python")), ("TENSORFLOW_VERSION", self.tr("Version of TensorFlow"))):
            self.addOutput(QgsProcessingOutputString(name, label))
        for name, label in (
            ("GPUS", self.tr("Number of GPUs")),
            ("CPUS", self.tr("Number of processor cores")),
            ("MEMORY_MB", self.tr("Memory of the computer, in MB")),
        ):
            self.addOutput(QgsProcessingOutputNumber(name, label))

    def processAlgorithm(self, parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback) -> dict[str, Any]:
        """Make the environment first, if asked to."""
        if self.parameterAsBool(parameters, CREATE, context):
            try:
                self._create(self.parameterAsBool(parameters, GPU, context), feedback)
            except TensorscapeError as error:
                feedback.pushDebugInfo(error.details)
                raise QgsProcessingException(str(error)) from error
        return super().processAlgorithm(parameters, context, feedback)

    def job(self, parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback) -> jobs.CheckEngine:
        python = environment.find_python()
        feedback.pushInfo(self.tr("The engine's Python: {}").format(python))
        environment.check_packages(python)
        return jobs.CheckEngine(output_html=Values(self, parameters, context, feedback).file_output(OUTPUT_HTML))

    def _create(self, gpu: bool, feedback: QgsProcessingFeedback) -> None:
        if environment.chosen_python() is not None:
            feedback.pushWarning(
                self.tr("The engine's Python is named by the setting {} or the variable {}: no other one is made.").format(
                    environment.SETTING, environment.VARIABLE
                )
            )
            return
        shared_client().shutdown()  # Windows replaces no file that a running program holds

        def show(fraction: float, text: str) -> None:
            feedback.setProgress(100 * fraction)
            feedback.pushInfo(text)

        environment.create(gpu, show, lambda: is_cancelled(feedback))
