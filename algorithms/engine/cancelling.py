"""Whether the user wants to stop, heard in time wherever the algorithm runs."""

from __future__ import annotations

from typing import Any

from qgis.PyQt.QtCore import QCoreApplication, QEventLoop, QThread


def is_cancelled(feedback: Any) -> bool:
    """What `feedback.isCanceled()` says, after letting it hear.

    qgis_process takes Ctrl-C in as an event, and runs algorithms in the thread that should process it: while one waits for the engine,
    nobody would. In the background threads of QGIS itself there is nothing to do.
    """
    application = QCoreApplication.instance()
    if application is not None and QThread.currentThread() == application.thread():
        application.processEvents(QEventLoop.ProcessEventsFlag.ExcludeUserInputEvents)  # no click may start something else meanwhile
    return bool(feedback.isCanceled())
