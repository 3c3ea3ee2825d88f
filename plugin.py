"""The plugin as QGIS sees it: it brings the provider, and takes the engine down when it leaves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qgis.core import QgsApplication
from qgis.PyQt.QtCore import QCoreApplication, QLocale, QSettings, QTranslator

from .algorithms.engine.client import shared_client
from .algorithms.provider import TensorscapeProvider

TRANSLATIONS = Path(__file__).resolve().parent / "i18n"


class TensorscapePlugin:
    """Made by QGIS, with its window, or by qgis_process, without one."""

    def __init__(self, iface: Any) -> None:
        self._provider: TensorscapeProvider | None = None
        self._translator = install_translator()

    def initProcessing(self) -> None:
        """All that qgis_process calls: no window here."""
        self._provider = TensorscapeProvider()
        QgsApplication.processingRegistry().addProvider(self._provider)

    def initGui(self) -> None:
        """What QGIS with a window calls."""
        self.initProcessing()

    def unload(self) -> None:
        """Leaves nothing behind: no provider, no translator, no engine."""
        shared_client().shutdown()
        if self._provider is not None:
            QgsApplication.processingRegistry().removeProvider(self._provider)  # deletes it too
            self._provider = None
        if self._translator is not None:
            QCoreApplication.removeTranslator(self._translator)
            self._translator = None


def install_translator() -> QTranslator | None:
    """The translator for the user's language, or None where there is no translation."""
    locale = str(QSettings().value("locale/userLocale", "") or QLocale().name())
    for name in (locale, locale[:2]):
        translator = QTranslator()
        if translator.load(str(TRANSLATIONS / f"tensorscape_{name}.qm")):
            QCoreApplication.installTranslator(translator)
            return translator
    return None
