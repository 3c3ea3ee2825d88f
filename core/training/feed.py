"""Feeds batches of patches: from memory where they fit, else streamed from disk in shuffled chunks. Every sample once an epoch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from ..errors import BadTruth
from ..raster.statistics import BandStatistics
from ..reporting import Reporter
from .augment import augmented
from .patches import PatchImages

READ_BYTES = 8_000_000  # of patches in one read while they are scanned, or evaluated in order
MOST_BUFFER_BYTES = 256_000_000  # mixed at a time while streaming: read in well under a second, so that a cancel has not to wait for it
CHUNKS_IN_BUFFER = 64  # places of the images that are mixed at a time: neighbours on disk are often neighbours on the ground


@dataclass(frozen=True)
class Batch:
    """Samples by their `indices` in the patch images; `sources`: float32 (samples, rows, cols, bands) each."""

    indices: np.ndarray
    sources: list[np.ndarray]


class Feed:
    """Batches of patches, again and again.

    Args:
        images: open patch images; must stay open unless `held`.
        held: all patches, one array a source, in the types of the images; None to stream.
        buffer: patches that are in memory at a time while streaming.
    """

    def __init__(self, images: PatchImages, held: list[np.ndarray] | None, buffer: int) -> None:
        self.count, self._images, self._held, self._buffer = images.count, images, held, max(buffer, 1)

    @property
    def held_bytes(self) -> int:
        """Memory that the patches take; 0 if they are streamed."""
        return sum(array.nbytes for array in self._held or [])

    def shuffled(self, batch_size: int, rng: np.random.Generator, augment: bool = False) -> Iterator[Batch]:
        """One epoch in random order; the last batch may be smaller. Batches are prepared one ahead, in a thread.

        Args:
            augment: every patch in a random pose (core/training/augment.py).
        """
        batches = self._shuffled(batch_size, rng)
        return _ahead((Batch(b.indices, augmented(b.sources, rng)) for b in batches) if augment else batches)

    def in_order(self, batch_size: int) -> Iterator[Batch]:
        """All samples in their order in the images."""
        spans = ((start, min(start + batch_size, self.count)) for start in range(0, self.count, batch_size))
        return _ahead(Batch(np.arange(*span), _floats(self.read(*span))) for span in spans)

    def read(self, start: int, stop: int) -> list[np.ndarray]:
        """Patches start … stop − 1, in the types of the images."""
        return self._images.read(start, stop) if self._held is None else [array[start:stop] for array in self._held]

    def _shuffled(self, batch_size: int, rng: np.random.Generator) -> Iterator[Batch]:
        if self._held is not None:
            order = rng.permutation(self.count)
            for start in range(0, self.count, batch_size):
                chosen = order[start : start + batch_size]
                yield Batch(chosen, _floats([array[chosen] for array in self._held]))
            return
        indices, sources = np.empty(0, np.int64), self._images.read(0, 0)
        for group in shuffled_chunks(self.count, self._buffer, rng):
            indices, sources = self._grown(indices, sources, group, rng)
            whole = len(indices) - len(indices) % batch_size
            yield from _cut(indices[:whole], sources, batch_size)
            indices, sources = indices[whole:], [source[whole:] for source in sources]
        yield from _cut(indices, sources, batch_size)

    def _grown(
        self, indices: np.ndarray, sources: list[np.ndarray], group: list[tuple[int, int]], rng: np.random.Generator
    ) -> tuple[np.ndarray, list[np.ndarray]]:
        """What was left of the buffer with a group of chunks added, mixed."""
        parts = [self._images.read(*chunk) for chunk in group]
        indices = np.concatenate([indices, *(np.arange(*chunk) for chunk in group)])
        order = rng.permutation(len(indices))
        return indices[order], [np.concatenate([source, *arrays])[order] for source, *arrays in zip(sources, *parts, strict=True)]


def shuffled_chunks(count: int, buffer: int, rng: np.random.Generator) -> Iterator[list[tuple[int, int]]]:
    """Groups of chunks [start, stop) in random order that together hold each of `count` samples once; about `buffer` samples a group."""
    size = max(1, buffer // CHUNKS_IN_BUFFER)
    chunks = [(start, min(start + size, count)) for start in range(0, count, size)]
    order = rng.permutation(len(chunks))
    for first in range(0, len(chunks), CHUNKS_IN_BUFFER):
        yield [chunks[index] for index in order[first : first + CHUNKS_IN_BUFFER]]


def scan(images: PatchImages, memory_bytes: int, reporter: Reporter, role: str) -> tuple[Feed, list[BandStatistics]]:
    """Look through all patches once: refuse what no network can learn from, gather the statistics of each source's bands, and hold the
    patches if they fit into `memory_bytes`.

    Raises:
        BadTruth: a patch with NaN or infinite values; the message says which.
    """
    hold = images.count * images.patch_bytes <= memory_bytes
    step = max(1, READ_BYTES // images.patch_bytes)
    held = [np.empty((images.count, *array.shape[1:]), array.dtype) for array in images.read(0, 0)] if hold else None
    statistics = [BandStatistics(array.shape[-1]) for array in images.read(0, 0)]
    for start in range(0, images.count, step):
        stop = min(start + step, images.count)
        for position, patches in enumerate(images.read(start, stop)):
            _check_finite(patches, start, position, role)
            statistics[position].feed(patches)
            if held is not None:
                held[position][start:stop] = patches
        reporter.progress(stop / images.count, f"Reading {role.lower()} patches")
    return Feed(images, held, min(memory_bytes // 4, MOST_BUFFER_BYTES) // images.patch_bytes), statistics


def _check_finite(patches: np.ndarray, start: int, position: int, role: str) -> None:
    wrong = ~np.isfinite(patches).all(axis=(1, 2, 3))
    if wrong.any():
        raise BadTruth(
            f"{role} patch {start + int(np.argmax(wrong)) + 1} of source {position + 1}",
            expected="numbers", received=f"NaN or infinite values (in {int(wrong.sum())} patches at least)",
            remedy="Say which value is no-data when the patches are extracted, so that such samples are rejected.",
        )  # fmt: skip


def _cut(indices: np.ndarray, sources: list[np.ndarray], batch_size: int) -> Iterator[Batch]:
    for start in range(0, len(indices), batch_size):
        part = slice(start, start + batch_size)
        yield Batch(indices[part], _floats([source[part] for source in sources]))


def _floats(sources: list[np.ndarray]) -> list[np.ndarray]:
    return [source.astype(np.float32) for source in sources]


def _ahead(batches: Iterator[Batch]) -> Iterator[Batch]:
    """The same, with the next one prepared in a thread while this one is used. An error there is raised here."""
    step: Callable[[], Batch | None] = lambda: next(batches, None)  # noqa: E731
    with ThreadPoolExecutor(1, thread_name_prefix="feed") as pool:
        upcoming = pool.submit(step)
        while (batch := upcoming.result()) is not None:
            upcoming = pool.submit(step)
            yield batch
