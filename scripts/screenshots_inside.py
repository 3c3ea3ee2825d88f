"""Run by QGIS itself (scripts/screenshots.py starts it): shows our part of the toolbox, opens a dialog, runs it, and takes pictures.

A generator of steps: each `yield` gives QGIS so many milliseconds to draw, or to compute.
"""

from __future__ import annotations

import os
import time
import traceback
from collections.abc import Iterator
from pathlib import Path

import processing  # type: ignore[import-not-found]  # QGIS has it on its own path
from qgis.core import QgsApplication, QgsProject, QgsRasterLayer
from qgis.PyQt.QtCore import QTimer
from qgis.PyQt.QtWidgets import QDockWidget, QTreeView, QWidget
from qgis.utils import iface

OUT, DEMO = Path(os.environ["SCREENSHOTS"]), Path(os.environ["SCREENSHOTS_DEMO"])
PATIENCE_S = 120
SETTLE_MS = 1500
SIZE = (1480, 920)


def steps() -> Iterator[int]:
    """The pictures, one after the other."""
    window = iface.mainWindow()
    window.setGeometry(0, 0, *SIZE)
    for dock in window.findChildren(QDockWidget):
        dock.setVisible(dock.objectName() in ("Layers", "ProcessingToolbox"))
    image = _add_image()
    yield SETTLE_MS
    yield from _picture(window, image, "toolbox.png")

    values = {"SOURCE1": [image.id()], "MODEL": str(DEMO / "steps" / "model"), "OUTPUT": "TEMPORARY_OUTPUT"}
    dialog = processing.createAlgorithmDialog("tensorscape:servemodel", values)
    dialog.resize(1000, 600)
    dialog.show()
    dialog.runButton().setFocus()
    yield SETTLE_MS
    dialog.grab().save(str(OUT / "dialog.png"))

    dialog.runButton().click()
    started = time.monotonic()
    while len(QgsProject.instance().mapLayers()) < 2 and time.monotonic() - started < PATIENCE_S:
        yield 200
    dialog.close()
    for node in QgsProject.instance().layerTreeRoot().findLayers():
        node.setExpanded(node.layerId() != image.id())
    yield SETTLE_MS
    yield from _picture(window, image, "map.png")


def _add_image() -> QgsRasterLayer:
    """The scene's first image, in natural colours."""
    image = QgsRasterLayer(str(DEMO / "scene" / "image_10m.tif"), "Image")
    for band, show in ((3, image.renderer().setRedBand), (2, image.renderer().setGreenBand), (1, image.renderer().setBlueBand)):
        show(band)
    image.setDefaultContrastEnhancement()
    QgsProject.instance().addMapLayer(image)
    return image


def _picture(window: QWidget, image: QgsRasterLayer, name: str) -> Iterator[int]:
    """The whole window, with our algorithms in the toolbox and the map filled by the image."""
    _show_toolbox(window)
    iface.messageBar().clearWidgets()
    yield SETTLE_MS
    iface.mapCanvas().setExtent(image.extent())
    iface.mapCanvas().refresh()
    yield SETTLE_MS
    window.grab().save(str(OUT / name))


def _show_toolbox(window: QWidget) -> None:
    """The Processing toolbox with our provider unfolded, and the others folded."""
    toolbox = window.findChild(QDockWidget, "ProcessingToolbox")
    toolbox.show()
    toolbox.raise_()
    window.resizeDocks([toolbox], [430], 1)  # Qt.Horizontal
    tree = toolbox.findChild(QTreeView)
    model = tree.model()
    tree.collapseAll()
    for row in range(model.rowCount()):
        index = model.index(row, 0)
        if "Tensorscape" in str(model.data(index)):
            tree.expandRecursively(index)
    tree.scrollToBottom()


def advance(pictures: Iterator[int]) -> None:
    """The next step; QGIS leaves after the last, and after an error, whose traceback goes to the log."""
    try:
        QTimer.singleShot(next(pictures), lambda: advance(pictures))
    except StopIteration:
        _leave()
    except Exception:
        traceback.print_exc()
        _leave()


def _leave() -> None:
    QgsProject.instance().clear()  # nothing to ask about saving
    QgsApplication.exit()


QTimer.singleShot(SETTLE_MS, lambda: advance(steps()))
