"""TFRecord shards as training reads them: any run of samples, from any place, as Extract patches and OTBTF's Python API write them.

A TFRecord file is meant to be read from its start. Here all files are gone through once: TensorFlow checks the checksums of every record,
and where each begins is kept (8 bytes a sample). From then on, runs of samples are read in one go.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...errors import BadTruth, CannotRead
from ...reporting import Reporter
from ...sampling import sidecar
from .patches import Origin, TruthOrigin, patch_bytes
from .record_bytes import unpack
from .record_features import read_classes, read_features

HEAD, FOOT = 12, 4  # bytes before a record (its length and the length's checksum) and after it (its checksum)
SCAN_BYTES = 8_000_000  # checked between two looks for a cancel
RECORDS_AT_ONCE = 256  # taken from a file at a time: their bytes and their arrays are in memory together


@dataclass(frozen=True)
class _Shard:
    """A file; `ends`: where its records begin, and where the last one ends."""

    path: str
    ends: np.ndarray

    @property
    def count(self) -> int:
        return len(self.ends) - 1


class RecordPatches:
    """The samples of a folder of TFRecord shards, in a fixed order: shard by shard, 2.records before 10.records. Use as a context manager.

    Beside the shards lie output_shape.json, output_types.json and, if the truth is classes, classes.json (core/sampling/records.py).

    Attributes:
        count: samples.
        sources: how many of the arrays are sources; the last one is the truth.
        shapes: (rows, cols, bands) of every array: the sources in the order of output_shape.json, then the truth. Class codes and
            measurements, which have no place, are (1, 1, values).
        dtypes: their types, as stored.
        classes: of the truth; empty if the folder does not tell.

    Args:
        role: "Training" or "Validation", for messages.

    Raises:
        CannotRead: no shards, no description, or a damaged, cut or compressed shard; the message says which record.
        BadTruth: nothing to learn, or no sample.
    """

    def __init__(self, folder: str, role: str, reporter: Reporter) -> None:
        self._features = read_features(folder)
        self.shapes = tuple(feature.shape for feature in self._features)
        self.dtypes = tuple(feature.dtype for feature in self._features)
        self.classes, self._folder = read_classes(folder), folder
        self.sources = len(self._features) - 1
        self._shards = _scanned(_paths(folder), max(1, SCAN_BYTES // patch_bytes(self)), role, reporter)
        self._firsts = np.cumsum([0, *(shard.count for shard in self._shards)])
        self.count = int(self._firsts[-1])
        if not self.count:
            raise BadTruth(f"{role} records of {folder}", expected="samples", received="none", remedy="Extract patches again.")

    def origins(self) -> tuple[Origin, ...]:
        """For each source: records tell nothing of the images that their patches were cut from."""
        return (Origin(),) * self.sources

    def truths(self) -> tuple[TruthOrigin, ...]:
        """Of the one truth: classes if the folder names them."""
        return (TruthOrigin(self._folder, sidecar.LABELS if self.classes else "", self.classes),)

    def read(self, start: int, stop: int) -> list[np.ndarray]:
        """Samples start … stop − 1: (samples, rows, cols, bands) of each source, then of the truth.

        Raises:
            CannotRead: a record of other features, shapes or types than the folder's description says, or a file that changed.
        """
        results = [np.empty((stop - start, *shape), dtype) for shape, dtype in zip(self.shapes, self.dtypes, strict=True)]
        done = 0
        for shard, first, last in self._runs(start, stop):
            self._read(shard, first, last, [result[done : done + last - first] for result in results])
            done += last - first
        return results

    def _runs(self, start: int, stop: int) -> Iterator[tuple[_Shard, int, int]]:
        """The shards that hold the samples, in order, with the first record of each and the one after the last."""
        while start < stop:
            number = int(np.searchsorted(self._firsts, start, side="right")) - 1
            end = min(stop, int(self._firsts[number + 1]), start + RECORDS_AT_ONCE)
            yield self._shards[number], start - int(self._firsts[number]), end - int(self._firsts[number])
            start = end

    def _read(self, shard: _Shard, first: int, last: int, results: list[np.ndarray]) -> None:
        ends = shard.ends[first : last + 1] - shard.ends[first]
        raw = _bytes(shard, int(shard.ends[first]), int(ends[-1]))
        lengths, at = np.diff(ends), 0
        while at < len(lengths):
            other = np.flatnonzero(lengths[at:] != lengths[at])
            same = int(other[0]) if len(other) else len(lengths) - at
            rows = raw[ends[at] : ends[at + same]].reshape(same, -1)[:, HEAD:-FOOT]
            at += unpack(rows, self._features, [result[at:] for result in results], f"record {first + at + 1} of {shard.path}")

    def __enter__(self) -> RecordPatches:
        return self

    def __exit__(self, *exception: Any) -> None:
        """Nothing: files are open only while they are read, as there may be thousands of them."""


def _bytes(shard: _Shard, start: int, count: int) -> np.ndarray:
    try:
        raw = np.fromfile(shard.path, np.uint8, count, offset=start)
    except OSError as error:
        raise CannotRead(shard.path, expected="the file that was there when training began", received=error.strerror) from error
    if len(raw) < count:
        raise CannotRead(shard.path, expected="the file as it was when training began", received="a shorter one")
    return raw


def _paths(folder: str) -> list[str]:
    """The shards, by the numbers in their names."""
    names = [entry.name for entry in os.scandir(folder) if entry.name.endswith(".records") and entry.is_file()]
    if not names:
        raise CannotRead(folder, expected="TFRecord shards, 0.records and so on", received="no file of such a name")
    parts = {name: [int(part) if part.isdecimal() else part for part in re.split(r"(\d+)", name)] for name in names}
    return [os.path.join(folder, name) for name in sorted(names, key=parts.__getitem__)]


def _scanned(paths: list[str], at_once: int, role: str, reporter: Reporter) -> list[_Shard]:
    """Where every record lies. Their checksums are all right."""
    bounds = np.cumsum([0, *(os.path.getsize(path) for path in paths)])
    ends = _record_ends(paths, bounds, at_once, f"Checking {role.lower()} records", reporter)
    cuts = np.searchsorted(ends, bounds)  # every file ends where a record does, and begins where one ends
    return [
        _Shard(path, ends[cut : next_cut + 1] - start)
        for path, cut, next_cut, start in zip(paths, cuts[:-1], cuts[1:], bounds[:-1], strict=True)
    ]


def _record_ends(paths: list[str], bounds: np.ndarray, at_once: int, what: str, reporter: Reporter) -> np.ndarray:
    """Where records end, counted in bytes over all files, one after another; the first number is 0.

    All files in one go: a dataset takes 14 ms to start, a record 2 µs.
    """
    import tensorflow as tf

    parts, details = [np.zeros(1, np.int64)], ""
    try:
        for records in tf.data.TFRecordDataset(paths).batch(at_once):
            parts.append(parts[-1][-1] + np.cumsum(tf.strings.length(records).numpy().astype(np.int64) + HEAD + FOOT))
            reporter.progress(float(parts[-1][-1] / bounds[-1]), what)
    except tf.errors.DataLossError as error:
        details = str(error)
    ends = np.concatenate(parts)
    if ends[-1] != bounds[-1]:  # without an error too: TensorFlow takes a file that stops within a length for one that ends before it
        whole_files = int(np.argmin(np.isin(bounds, ends))) - 1
        raise _damage(paths[whole_files:], details)
    return ends


def _damage(paths: list[str], details: str) -> CannotRead:
    """What is wrong with the first of these files that is damaged."""
    import tensorflow as tf

    for path in paths:
        whole, size = 0, 0
        with contextlib.suppress(tf.errors.DataLossError):
            for record in tf.data.TFRecordDataset(path):
                whole, size = whole + 1, size + len(record.numpy()) + HEAD + FOOT
        if size != os.path.getsize(path):
            return _described(path, whole, details)
    return CannotRead(os.path.dirname(paths[0]), expected="files that stay as they are", received="files that change", details=details)


def _described(path: str, whole: int, details: str) -> CannotRead:
    with open(path, "rb") as file:
        compressed = not whole and file.read(2) in (b"\x1f\x8b", b"\x78\x01", b"\x78\x9c", b"\x78\xda")  # gzip; zlib at its levels
    if compressed:
        return CannotRead(
            path, expected="a TFRecord file without compression", received="a compressed one",
            remedy="Write it without: compressed records can be read in their order only, and training needs any.", details=details,
        )  # fmt: skip
    return CannotRead(
        f"Record {whole + 1} of {path}", expected="a whole record with the right checksums", received="a damaged or cut one",
        remedy="Copy or write the folder anew.", details=details,
    )  # fmt: skip
