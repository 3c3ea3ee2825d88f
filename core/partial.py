"""Outputs that appear under their final name only when they are complete.

Every output of the engine is written beside its final place under a hidden name (`protocol.partial_path`) and renamed at
the end, which is atomic. What fails or is cancelled is removed; what a killed engine leaves is removed by its parent.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
from collections.abc import Iterator

from .errors import CannotWrite
from .protocol import partial_path

_open: set[str] = set()


@contextlib.contextmanager
def replacing(path: str) -> Iterator[str]:
    """The name to write the output file `path` under; on leaving without an error it becomes `path`.

    Raises:
        CannotWrite: the folder is missing or read-only, or the disk is full.
    """
    with _temporary(path) as temporary:
        yield temporary
        os.replace(temporary, path)


@contextlib.contextmanager
def replacing_folder(path: str, marker: str) -> Iterator[str]:
    """The same for an output folder. One that exists is replaced only if it is empty or holds the file `marker`, which says
    that it is an earlier output of the same kind: nobody's other files are ever removed.

    Raises:
        CannotWrite: as `replacing`, or the folder holds something else.
    """
    if os.path.exists(path) and not _replaceable(path, marker):
        raise CannotWrite(f"{path} exists and is no earlier output", remedy="Choose a new or an empty folder.")
    with _temporary(path) as temporary:
        os.mkdir(temporary)
        yield temporary
        _exchange(temporary, path)


def _exchange(temporary: str, path: str) -> None:
    old = f"{temporary}.old"
    if not os.path.isdir(path):
        os.replace(temporary, path)
        return
    os.replace(path, old)
    try:
        os.replace(temporary, path)
    except OSError:
        os.replace(old, path)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _replaceable(path: str, marker: str) -> bool:
    return os.path.isdir(path) and (not os.listdir(path) or os.path.isfile(os.path.join(path, marker)))


@contextlib.contextmanager
def _temporary(path: str) -> Iterator[str]:
    _check_folder(path)
    temporary = partial_path(path, os.getpid())
    _open.add(temporary)
    try:
        yield temporary
    except OSError as error:
        raise write_error(path, error) from error
    finally:
        _discard(temporary)


def discard_all() -> None:
    """Remove every unfinished output: the last act of an engine that has to stop at once."""
    for temporary in list(_open):
        _discard(temporary)


def write_error(path: str, error: OSError) -> CannotWrite:
    """The operating system's reason in the user's words."""
    if error.errno == errno.ENOSPC:
        return CannotWrite(f"Disk full while writing {path}", remedy="Free some space, or choose another folder.")
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return CannotWrite(f"No permission to write {path}", remedy="Choose another folder.")
    return CannotWrite(f"Cannot write {path} ({error.strerror or error})", remedy="Choose another name or folder.")


def _check_folder(path: str) -> None:
    folder = os.path.dirname(path) or "."
    if not os.path.isdir(folder):
        raise CannotWrite(f"Cannot write {path}", expected="an existing folder", received=folder, remedy="Create it first.")
    if not os.access(folder, os.W_OK):
        raise CannotWrite(f"No permission to write {path}", remedy="Choose another folder.")


def _discard(temporary: str) -> None:
    _open.discard(temporary)
    if os.path.isdir(temporary):
        shutil.rmtree(temporary, ignore_errors=True)
    for leftover in (temporary, f"{temporary}.aux.xml"):
        with contextlib.suppress(FileNotFoundError, IsADirectoryError, PermissionError):
            os.remove(leftover)
