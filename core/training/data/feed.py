"""Feeds batches of patches: from memory where they fit, else streamed from disk in shuffled chunks. Every sample once an epoch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np

from ...errors import BadTruth
from ...raster.statistics import BandStatistics
from ...reporting import Reporter
from .patches import Patches, patch_bytes
from .truth import Survey, Truth

READ_BYTES = 8_000_000  # of patches in one read while they are scanned, or evaluated in order
MOST_BUFFER_BYTES = 256_000_000  # mixed at a time while streaming: read in well under a second, so that a cancel has not to wait for it
CHUNKS_IN_BUFFER = 64  # places of the images that are mixed at a time: neighbours on disk are often neighbours on the ground


Change = Callable[..., list[np.ndarray]]  # of the arrays of a batch, and `rng`


@dataclass(frozen=True)
class Batch:
    """Samples.

    Attributes:
        indices: their places in the patch images.
        sources: float32 (samples, rows, cols, bands) each.
        targets: what each head should answer (core/training/data/truth.py).
    """

    indices: np.ndarray
    sources: list[np.ndarray]
    targets: list[np.ndarray]


class Feed:
    """Batches of patches, again and again.

    Args:
        patches: open; must stay so unless `held`.
        truths: how the truth of each head is read.
        held: all patches, one array each, in the types that are on disk; None to stream.
        buffer: samples that are in memory at a time while streaming.
    """

    def __init__(self, patches: Patches, truths: Sequence[Truth], held: list[np.ndarray] | None, buffer: int) -> None:
        self.count, self._patches, self._held, self._buffer = patches.count, patches, held, max(buffer, 1)
        self._truths, self._sources = tuple(truths), patches.sources

    @property
    def held_bytes(self) -> int:
        """Memory that the patches take; 0 if they are streamed."""
        return sum(array.nbytes for array in self._held or [])

    @property
    def mixed(self) -> int:
        """Samples that are mixed at a time: on it their order depends, beside the random numbers."""
        return self._buffer if self._held is None else self.count

    def shuffled(self, batch_size: int, rng: np.random.Generator, changes: Sequence[Change] = ()) -> Iterator[Batch]:
        """One epoch in random order; the last batch may be smaller. Batches are prepared one ahead, in a thread.

        Args:
            changes: of the arrays of a batch (sources and truths) at random, one after the other.
        """
        drawn = [partial(change, rng=rng) for change in changes]
        return _ahead(self._batch(indices, arrays, drawn) for indices, arrays in self._shuffled(batch_size, rng))

    def in_order(self, batch_size: int) -> Iterator[Batch]:
        """All samples in their order in the images."""
        spans = ((start, min(start + batch_size, self.count)) for start in range(0, self.count, batch_size))
        return _ahead(self.batch(*span) for span in spans)

    def batch(self, start: int, stop: int) -> Batch:
        """Samples start … stop − 1."""
        return self._batch(np.arange(start, stop), self.read(start, stop))

    def _batch(
        self, indices: np.ndarray, arrays: list[np.ndarray], changes: Sequence[Callable[[list[np.ndarray]], list[np.ndarray]]] = ()
    ) -> Batch:
        for change in changes:
            arrays = change(arrays)
        sources = [array.astype(np.float32, copy=False) for array in arrays[: self._sources]]
        targets = [truth.encode(array) for truth, array in zip(self._truths, arrays[self._sources :], strict=True)]
        return Batch(indices, sources, targets)

    def read(self, start: int, stop: int) -> list[np.ndarray]:
        """Patches start … stop − 1, in the types of the images."""
        return self._patches.read(start, stop) if self._held is None else [array[start:stop] for array in self._held]

    def _shuffled(self, batch_size: int, rng: np.random.Generator) -> Iterator[tuple[np.ndarray, list[np.ndarray]]]:
        if self._held is not None:
            order = rng.permutation(self.count)
            for start in range(0, self.count, batch_size):
                chosen = order[start : start + batch_size]
                yield chosen, [array[chosen] for array in self._held]
            return
        indices, arrays = np.empty(0, np.int64), self._patches.read(0, 0)
        for group in shuffled_chunks(self.count, self._buffer, rng):
            indices, arrays = self._grown(indices, arrays, group, rng)
            whole = len(indices) - len(indices) % batch_size
            yield from _cut(indices[:whole], arrays, batch_size)
            indices, arrays = indices[whole:], [array[whole:] for array in arrays]
        yield from _cut(indices, arrays, batch_size)

    def _grown(
        self, indices: np.ndarray, arrays: list[np.ndarray], group: list[tuple[int, int]], rng: np.random.Generator
    ) -> tuple[np.ndarray, list[np.ndarray]]:
        """What was left of the buffer with a group of chunks added, mixed."""
        parts = [self._patches.read(*chunk) for chunk in group]
        indices = np.concatenate([indices, *(np.arange(*chunk) for chunk in group)])
        order = rng.permutation(len(indices))
        return indices[order], [np.concatenate([array, *more])[order] for array, *more in zip(arrays, *parts, strict=True)]


def shuffled_chunks(count: int, buffer: int, rng: np.random.Generator) -> Iterator[list[tuple[int, int]]]:
    """Groups of chunks [start, stop) in random order that together hold each of `count` samples once; about `buffer` samples a group."""
    size = max(1, buffer // CHUNKS_IN_BUFFER)
    chunks = [(start, min(start + size, count)) for start in range(0, count, size)]
    order = rng.permutation(len(chunks))
    for first in range(0, len(chunks), CHUNKS_IN_BUFFER):
        yield [chunks[index] for index in order[first : first + CHUNKS_IN_BUFFER]]


@dataclass(frozen=True)
class Scan:
    """What a look through all patches found: those held in memory (None: too many), and the statistics of each source's bands."""

    held: list[np.ndarray] | None
    statistics: tuple[BandStatistics, ...]


def scan(patches: Patches, surveys: Sequence[Survey], memory_bytes: int, reporter: Reporter, role: str) -> Scan:
    """Look through all patches once: refuse what no network can learn from, gather the statistics of each source's bands and what values
    each truth has, and hold the patches if they fit into `memory_bytes`.

    Raises:
        BadTruth: a patch with NaN or infinite values; the message says which.
    """
    size = patch_bytes(patches)
    step = max(1, READ_BYTES // size)
    shapes = zip(patches.shapes, patches.dtypes, strict=True)
    hold = patches.count * size <= memory_bytes
    held = [np.empty((patches.count, *shape), dtype) for shape, dtype in shapes] if hold else None
    statistics = tuple(BandStatistics(shape[2]) for shape in patches.shapes[: patches.sources])
    for start in range(0, patches.count, step):
        stop = min(start + step, patches.count)
        arrays = patches.read(start, stop)
        for position, (source, gathered) in enumerate(zip(arrays, statistics, strict=False)):
            _check_finite(source, start, position, role)
            gathered.feed(source)
        for survey, truth in zip(surveys, arrays[patches.sources :], strict=True):
            survey.feed(truth)
        for array, place in zip(arrays, held or (), strict=False):
            place[start:stop] = array
        reporter.progress(stop / patches.count, f"Reading {role.lower()} patches")
    return Scan(held, statistics)


def make_feed(patches: Patches, found: Scan, truths: Sequence[Truth], memory_bytes: int) -> Feed:
    """The feed of patches that were looked through."""
    return Feed(patches, truths, found.held, min(memory_bytes // 4, MOST_BUFFER_BYTES) // patch_bytes(patches))


def _check_finite(patches: np.ndarray, start: int, position: int, role: str) -> None:
    wrong = ~np.isfinite(patches).all(axis=(1, 2, 3))
    if wrong.any():
        raise BadTruth(
            f"{role} patch {start + int(np.argmax(wrong)) + 1} of source {position + 1}",
            expected="numbers", received=f"NaN or infinite values (in {int(wrong.sum())} patches at least)",
            remedy="Say which value is no-data when the patches are extracted, so that such samples are rejected.",
        )  # fmt: skip


def _cut(indices: np.ndarray, arrays: list[np.ndarray], batch_size: int) -> Iterator[tuple[np.ndarray, list[np.ndarray]]]:
    for start in range(0, len(indices), batch_size):
        part = slice(start, start + batch_size)
        yield indices[part], [array[part] for array in arrays]


def _ahead(batches: Iterator[Batch]) -> Iterator[Batch]:
    """The same, with the next one prepared in a thread while this one is used. An error there is raised here."""
    step: Callable[[], Batch | None] = lambda: next(batches, None)  # noqa: E731
    with ThreadPoolExecutor(1, thread_name_prefix="feed") as pool:
        upcoming = pool.submit(step)
        while (batch := upcoming.result()) is not None:
            upcoming = pool.submit(step)
            yield batch
