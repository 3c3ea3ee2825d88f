"""A run as a line for the shell, so that what was clicked can be scripted. QGIS 3.22 has no such function of its own."""

from __future__ import annotations

import shlex
from typing import Any

from qgis.core import (
    QgsMapLayer,
    QgsProcessingAlgorithm,
    QgsProcessingFeatureSourceDefinition,
    QgsProcessingOutputLayerDefinition,
    QgsProperty,
    QgsRectangle,
    QgsReferencedRectangle,
)


def qgis_process_command(algorithm: QgsProcessingAlgorithm, parameters: dict[str, Any]) -> str:
    """`qgis_process run ID -- NAME=VALUE …` with the parameters that were given, quoted for a POSIX shell."""
    words = ["qgis_process", "run", algorithm.id(), "--"]
    for definition in algorithm.parameterDefinitions():
        value = parameters.get(definition.name())
        if value is not None:
            words += [f"{definition.name()}={text}" for text in _texts(value)]
    return " ".join(shlex.quote(word) for word in words)


def _texts(value: Any) -> list[str]:
    """One text per value: a list is given to qgis_process by repeating the parameter."""
    return [_text(item) for item in value] if isinstance(value, (list, tuple)) else [_text(value)]


def _text(value: Any) -> str:
    if isinstance(value, QgsProcessingFeatureSourceDefinition):
        return _text(value.source)
    if isinstance(value, QgsProcessingOutputLayerDefinition):
        return _text(value.sink)
    if isinstance(value, QgsProperty):
        return str(value.staticValue())
    if isinstance(value, QgsMapLayer):
        return str(value.source())
    if isinstance(value, QgsRectangle):
        return _extent(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def _extent(value: QgsRectangle) -> str:
    corners = ",".join(repr(number) for number in (value.xMinimum(), value.xMaximum(), value.yMinimum(), value.yMaximum()))
    return f"{corners} [{value.crs().authid()}]" if isinstance(value, QgsReferencedRectangle) else corners
