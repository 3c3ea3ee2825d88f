"""What a run keeps beside its output, so that it can go on after it was stopped: under which name, and for one process at a time."""

from __future__ import annotations

import errno
import os
import sys
from typing import BinaryIO

from .errors import CannotWrite


def kept_path(output: str) -> str:
    """Beside the output, hidden, of a name that another process finds again."""
    folder, name = os.path.split(os.path.normpath(output))
    return os.path.join(folder, f".{name}.resume")


def lock(file: BinaryIO, output: str) -> None:
    """Held until the file is closed, or its process dies: the system sees to that.

    Raises:
        CannotWrite: another process holds it.
    """
    try:
        if sys.platform == "win32":
            import msvcrt

            file.seek(1 << 40)  # a byte that is never reached: Windows lets nobody else read a locked one
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EAGAIN, errno.EACCES, errno.EDEADLK):  # others: a file system without locks
            raise CannotWrite(f"Another run is writing {output}", remedy="Wait until it ends, or choose another name.") from error
