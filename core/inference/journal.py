"""The finished blocks of a run, one after the other in one hidden file: what is left of a run that was stopped.

The file is one line of JSON (the header: what the run is), then one record a block, in the order of the blocks::

    16 bytes   BLAKE2b of the header, the block's window and its pixels
    pixels     of every product in turn, uncompressed

It is not the GeoTIFF itself: libtiff writes a file's directory at the end, and a killed process leaves one that nobody can trust. Here a
record counts only if its checksum is right: whatever a kill, a full disk or a power loss leaves of the last records (half of one, or zeros)
is found and computed again, and records of another run are never taken for this one's. Records are handed to the system at once (a killed
process loses none) and to the disk every SYNC_S seconds (a power loss costs no more than that).
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, BinaryIO

import numpy as np

from ..kept import kept_path, lock
from ..partial import write_error
from ..raster.grid import Window
from .plan import Block

DIGEST = 16  # bytes
LONGEST_HEADER = 1 << 24  # bytes: a damaged file is not read into memory looking for the end of a line
SYNC_S = 10.0


@dataclass(frozen=True)
class Pixels:
    """What one product holds of a block: `bands` values of `dtype` a pixel."""

    dtype: str
    bands: int

    def size(self, window: Window) -> int:
        """Bytes of a window."""
        return window.height * window.width * self.bands * np.dtype(self.dtype).itemsize


class Journal:
    """One run's file, open and locked. Use as a context manager; not thread-safe.

    Args:
        output: the path of the run's first product.

    Raises:
        CannotWrite: another process is writing the same output; or the disk is full or gone (every method).
    """

    def __init__(self, output: str) -> None:
        self.output, self.path = output, kept_path(output)
        with self._in_words():
            self._file: BinaryIO = open(self.path, "a+b")  # noqa: SIM115  closed by close()
        try:
            lock(self._file, output)
        except BaseException:
            self.close()
            raise
        self._file.seek(0)
        self._first_line = self._file.readline(LONGEST_HEADER)
        self._synced = time.monotonic()

    @property
    def header(self) -> dict[str, Any]:
        """Of the run that left the file; empty if none did, or none that can be read."""
        with contextlib.suppress(ValueError):
            header = json.loads(self._first_line)
            if isinstance(header, dict) and self._first_line.endswith(b"\n"):
                return header
        return {}

    @property
    def empty(self) -> bool:
        """Whether no block is finished."""
        return os.fstat(self._file.fileno()).st_size <= len(self._first_line)

    def begin(self, header: dict[str, Any]) -> None:
        """Start a new run: whatever the file held is gone."""
        self._first_line = json.dumps(header).encode() + b"\n"
        with self._in_words():
            self._file.truncate(0)
            self._file.write(self._first_line)
            self._sync()

    def restore(self, blocks: Iterable[Block], products: Sequence[Pixels]) -> Iterator[tuple[Block, list[np.ndarray]]]:
        """The finished ones among the blocks, which are the first ones, with their pixels (rows, cols, bands) of every product. What stands
        after them in the file is cut off."""
        end = self._file.seek(len(self._first_line))
        for block in blocks:
            sizes = [product.size(block.window) for product in products]
            record = self._file.read(DIGEST + sum(sizes))
            pixels = memoryview(record)[DIGEST:]
            if len(pixels) != sum(sizes) or record[:DIGEST] != self._digest(block.window, [pixels]):
                break
            end += len(record)
            yield block, _arrays(pixels, block.window, products)
        with self._in_words():
            self._file.truncate(end)

    def append(self, window: Window, arrays: Sequence[np.ndarray]) -> None:
        """A block is finished: its pixels of every product."""
        buffers = [np.ascontiguousarray(array).data for array in arrays]
        with self._in_words():
            self._file.write(self._digest(window, buffers))
            for buffer in buffers:
                self._file.write(buffer)
            self._file.flush()
            if time.monotonic() - self._synced > SYNC_S:
                self._sync()

    def remove(self) -> None:
        """The run has ended well, or is not to go on."""
        self.close()  # first: Windows removes no open file
        with contextlib.suppress(OSError):
            os.remove(self.path)

    def close(self) -> None:
        """Keep the file for a later run."""
        with contextlib.suppress(OSError):  # a full disk has been told before, by what was not written
            self._file.close()

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _digest(self, window: Window, buffers: Iterable[memoryview]) -> bytes:
        digest = hashlib.blake2b(self._first_line, digest_size=DIGEST)
        digest.update(np.array([window.row, window.col, window.height, window.width], "<i8").tobytes())
        for buffer in buffers:
            digest.update(buffer)
        return digest.digest()

    def _sync(self) -> None:
        self._file.flush()
        os.fsync(self._file.fileno())
        self._synced = time.monotonic()

    @contextlib.contextmanager
    def _in_words(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise write_error(self.output, error) from error


def _arrays(pixels: memoryview, window: Window, products: Sequence[Pixels]) -> list[np.ndarray]:
    arrays, first = [], 0
    for product in products:
        part = pixels[first : first + product.size(window)]
        arrays.append(np.frombuffer(part, product.dtype).reshape(window.height, window.width, product.bands))
        first += len(part)
    return arrays
