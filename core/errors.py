"""Every error that a user can meet, as one flat list under one root.

Standard library only: the plugin and the engine both import this module, and an error keeps its class, its message and
its details on the way from one process to the other.
"""

from __future__ import annotations

from typing import Any


class TensorscapeError(Exception):
    """Root of all errors. The message is for the user; `details` (a traceback, a log) is for whoever helps him.

    The message reads "what: expected …, received …. remedy", with the parts that are given.
    """

    def __init__(
        self,
        what: str,
        *,
        expected: object | None = None,
        received: object | None = None,
        remedy: str = "",
        details: str = "",
    ) -> None:
        facts = [f"{word} {value}" for word, value in (("expected", expected), ("received", received)) if value is not None]
        sentence = f"{what}: {', '.join(facts).rstrip('.')}." if facts else f"{what.rstrip('.')}."
        super().__init__(f"{sentence} {remedy}".strip())
        self.details = details


class BadParameter(TensorscapeError):
    """A parameter of a job has a wrong name, type or value."""


class CannotRead(TensorscapeError):
    """A file is missing, or is not what it should be."""


class CannotWrite(TensorscapeError):
    """An output cannot be written: no space, no permission, or it is also an input."""


class GridMismatch(TensorscapeError):
    """Images that should lie on each other do not: other CRS, spacing, origin, or no overlap."""


class BadTruth(TensorscapeError):
    """The reference data cannot be used: empty, one class, outside the image, a missing field."""


class BadModel(TensorscapeError):
    """A model folder cannot be loaded, or does not fit what it is given."""


class OutOfMemory(TensorscapeError):
    """The work does not fit in memory."""


class EngineMissing(TensorscapeError):
    """No Python environment that can run the engine was found or could be made."""


class EngineDied(TensorscapeError):
    """The engine's process ended in the middle of a job."""


class InternalError(TensorscapeError):
    """A fault of Tensorscape itself: something that no user should meet."""


class Cancelled(TensorscapeError):
    """The user cancelled the job. Not a fault; it travels as its own event."""

    def __init__(self, what: str = "The job was cancelled", **facts: Any) -> None:
        super().__init__(what, **facts)


def _all_kinds() -> dict[str, type[TensorscapeError]]:
    kinds: list[type[TensorscapeError]] = [TensorscapeError, *TensorscapeError.__subclasses__()]
    return {kind.__name__: kind for kind in kinds}


def to_wire(error: TensorscapeError) -> dict[str, str]:
    """The error as plain strings: its class name, message and details."""
    return {"kind": type(error).__name__, "message": str(error), "details": error.details}


def from_wire(kind: str, message: str, details: str = "") -> TensorscapeError:
    """The error that `to_wire` described; an unknown kind becomes the root class."""
    error_class = _all_kinds().get(kind, TensorscapeError)
    error = error_class.__new__(error_class)
    Exception.__init__(error, message)  # the message is whole already: composing it again would change it
    error.details = details
    return error
