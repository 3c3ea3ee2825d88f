"""Makes models of the QGIS model designer in Python: inputs, steps from left to right, and what the steps give."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qgis.core import (
    QgsProcessingModelAlgorithm,
    QgsProcessingModelChildAlgorithm,
    QgsProcessingModelComment,
    QgsProcessingModelOutput,
    QgsProcessingModelParameter,
    QgsProcessingParameterDefinition,
)
from qgis.core import (
    QgsProcessingModelChildParameterSource as Source,
)
from qgis.PyQt.QtCore import QPointF

from .workspace import PLUGIN

COLUMN_PX, ROW_PX = 260.0, 130.0  # between the boxes in the model designer


class Workflow:
    """A model in the making: its inputs, then its steps from left to right.

    Args:
        name: becomes the id, tensorscape:<name>.
        texts: help of each input and output, by name, and of the model itself (ALG_DESC, ALG_CREATOR).
    """

    def __init__(self, name: str, texts: Mapping[str, str]) -> None:
        self.model = QgsProcessingModelAlgorithm(name, "Workflows", "workflows")
        self.model.setHelpContent(dict(texts))
        self._texts = texts

    def add_input(self, parameter: QgsProcessingParameterDefinition, advanced: bool = False) -> None:
        """One parameter of the workflow."""
        parameter.setHelp(self._texts[parameter.name()])
        if advanced:
            parameter.setFlags(parameter.flags() | QgsProcessingParameterDefinition.Flag.FlagAdvanced)
        component = QgsProcessingModelParameter(parameter.name())
        component.setPosition(QPointF(COLUMN_PX * len(self.model.parameterComponents()), ROW_PX))
        self.model.addModelParameter(parameter, component)

    def add_step(self, step: str, algorithm: str, outputs: dict[str, str], **parameters: Any) -> None:
        """One algorithm. `outputs`: its outputs that the workflow gives, with the names they get; a list is several values of one
        parameter."""
        child = QgsProcessingModelChildAlgorithm(f"{PLUGIN}:{algorithm}")
        child.setChildId(step)
        child.setDescription(child.algorithm().displayName() if step == algorithm else f"{child.algorithm().displayName()}: {step}")
        child.setPosition(QPointF(COLUMN_PX * len(self.model.childAlgorithms()), 3 * ROW_PX))
        for name, value in parameters.items():
            values = value if isinstance(value, list) else [value]
            child.addParameterSources(name, [one if isinstance(one, Source) else Source.fromStaticValue(one) for one in values])
        child.setModelOutputs({title: self._output(child, step, name, title) for name, title in outputs.items()})
        self.model.addChildAlgorithm(child)

    def _output(self, child: QgsProcessingModelChildAlgorithm, step: str, name: str, title: str) -> QgsProcessingModelOutput:
        self.model.setHelpContent({**self.model.helpContent(), f"{step}:{title}": self._texts[title]})  # the name that QGIS gives it
        output = QgsProcessingModelOutput(title, title)
        output.setChildId(step)
        output.setChildOutputName(name)
        output.setPosition(child.position() + QPointF(0.0, ROW_PX))
        output.setComment(QgsProcessingModelComment(""))
        return output


def given(name: str) -> Source:
    """The value of an input of the workflow."""
    return Source.fromModelParameter(name)


def given_or(name: str, default: float) -> Source:
    """The same where the step's own default is another than the workflow's. QGIS 3.22 asks an input that was left out for no default:
    the step would take its own."""
    return Source.fromExpression(f"coalesce(@{name}, {default})")


def result(step: str, output: str) -> Source:
    """An output of an earlier step."""
    return Source.fromChildOutput(step, output)
