"""Tensorscape: deep learning on remote sensing images in QGIS. Imported by QGIS at every start, so nothing is loaded here."""

from __future__ import annotations

from typing import Any


def classFactory(iface: Any) -> Any:
    """Called by QGIS to make the plugin."""
    from .plugin import TensorscapePlugin

    return TensorscapePlugin(iface)
