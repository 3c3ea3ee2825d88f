"""The last finished epoch of a training, on disk beside its output: what is left of a training that was stopped.

A hidden folder with two files: `lock`, held while the training runs, and `epoch`::

    16 bytes   BLAKE2b of all that follows
    npz        arrays by their names, and under "told" a text of JSON

A file counts only if its checksum is right. It is written under another name, handed to the disk and then renamed, so that whenever a
process is killed, or the disk is full, the epoch before is still there.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

import numpy as np

from ...kept import kept_path, lock
from ...partial import write_error

DIGEST, PIECE = 16, 1 << 20  # bytes
TOLD = "told"


class Checkpoint:
    """The folder of one training, locked. Close it, or remove it.

    Args:
        output: the model folder that the training writes.

    Raises:
        CannotWrite: another process is writing the same output; or the disk is full or gone (`write`, too).
    """

    def __init__(self, output: str) -> None:
        self.output, self.path = output, kept_path(output)
        self._file = os.path.join(self.path, "epoch")
        with self._in_words():
            os.makedirs(self.path, exist_ok=True)
            self._lock: BinaryIO = open(os.path.join(self.path, "lock"), "a+b")  # noqa: SIM115  closed by close()
        try:
            lock(self._lock, output)
        except BaseException:
            self.close()
            raise

    @property
    def empty(self) -> bool:
        """Whether no epoch is kept, whole or damaged."""
        return not os.path.exists(self._file)

    def write(self, told: Any, arrays: Mapping[str, np.ndarray]) -> None:
        """Keep this instead of what was kept before. `told`: anything that JSON holds."""
        temporary = f"{self._file}.new"
        text = np.frombuffer(json.dumps(told).encode(), np.uint8)
        with self._in_words():
            try:
                _write(temporary, {TOLD: text, **arrays})
                os.replace(temporary, self._file)
            finally:
                with contextlib.suppress(FileNotFoundError):  # as it is, unless the disk is full
                    os.remove(temporary)

    def read(self) -> tuple[Any, dict[str, np.ndarray]] | None:
        """What was kept: told, and arrays. None if nothing was, or if it is damaged."""
        with contextlib.suppress(OSError), open(self._file, "rb") as file:
            if file.read(DIGEST) != _digest(file):
                return None
            file.seek(DIGEST)
            with np.load(file, allow_pickle=False) as kept:
                arrays = {name: kept[name] for name in kept.files}
            return json.loads(arrays.pop(TOLD).tobytes()), arrays
        return None

    def remove(self) -> None:
        """The training has ended well, or is not to go on."""
        self.close()  # first: Windows removes no open file
        shutil.rmtree(self.path, ignore_errors=True)

    def close(self) -> None:
        """Keep the folder for a later run."""
        self._lock.close()

    @contextlib.contextmanager
    def _in_words(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise write_error(self.output, error) from error


def _write(path: str, arrays: Mapping[str, np.ndarray]) -> None:
    with open(path, "w+b") as file:
        file.write(bytes(DIGEST))
        np.savez(file, **arrays)  # type: ignore[arg-type]  # its stub takes the names for its own options
        digest = _digest(file)
        file.seek(0)
        file.write(digest)
        file.flush()
        os.fsync(file.fileno())


def _digest(file: BinaryIO) -> bytes:
    """Of all but its first bytes, where it stands itself."""
    digest = hashlib.blake2b(digest_size=DIGEST)
    file.seek(DIGEST)
    while piece := file.read(PIECE):
        digest.update(piece)
    return digest.digest()
