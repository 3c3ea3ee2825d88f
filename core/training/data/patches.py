"""Patch images as they lie on disk: n patches of [rows, cols, bands] stacked in rows into one image [n·rows, cols, bands] a source."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Protocol

import numpy as np

from ...classes import LandClass
from ...errors import BadModel, BadParameter, BadTruth
from ...jobs import PatchSet
from ...raster.grid import Window
from ...raster.source import Source
from ...reporting import Reporter
from ...sampling import sidecar

Shape = tuple[int, int, int]  # (rows, cols, bands) of a patch


@dataclass(frozen=True)
class Origin:
    """Of a source: the names of its bands (empty if unknown) and the size of its pixels in map units (None if unknown)."""

    bands: tuple[str, ...] = ()
    spacing: float | None = None


@dataclass(frozen=True)
class TruthOrigin:
    """What is known of a truth: where it comes from (for messages), "labels", "targets" or "" if nobody says, its classes, and the names
    of its measurements."""

    path: str
    kind: str = ""
    classes: tuple[LandClass, ...] = ()
    bands: tuple[str, ...] = ()
    spacing: float | None = None


class Patches(Protocol):
    """Samples on disk: the patches of all sources and of all truths, read in lock step. One thread at a time.

    Attributes:
        count: samples.
        sources: how many of the arrays are sources; the others are truths.
        shapes, dtypes: of the patches of every array.
    """

    count: int
    sources: int
    shapes: tuple[Shape, ...]
    dtypes: tuple[np.dtype, ...]

    def read(self, start: int, stop: int) -> list[np.ndarray]:
        """Samples start … stop − 1: (samples, rows, cols, bands) of every array."""

    def origins(self) -> tuple[Origin, ...]:
        """Of every source."""

    def truths(self) -> tuple[TruthOrigin, ...]:
        """Of every truth."""


def patch_bytes(patches: Patches) -> int:
    """Memory of one sample, in bytes, in the types that are on disk."""
    return int(sum(np.prod(shape) * dtype.itemsize for shape, dtype in zip(patches.shapes, patches.dtypes, strict=True)))


class PatchImages:
    """Patches in images. Use as a context manager.

    How many rows a patch has, an image does not say: its sidecar does, or the model, else patches are square.

    Args:
        sources, labels: one patch image each.
        inputs: of the model, with a `name` and a `shape` (samples, rows, cols, bands) that is None where any size will do.
        role: "Training" or "Validation", for messages.

    Raises:
        BadParameter: images of different numbers of patches.
        BadModel: patches that the model does not take.
        CannotRead: an image is missing or damaged.
    """

    def __init__(self, sources: Sequence[str], labels: Sequence[str], inputs: Sequence[Any], role: str) -> None:
        self._exits, self.sources = contextlib.ExitStack(), len(sources)
        try:
            self._images = [self._exits.enter_context(Source([path])) for path in (*sources, *labels)]
            self._beside = [sidecar.read(path) for path in (*sources, *labels)]
            for image, taken in zip(self._images[: self.sources], inputs, strict=False):
                check_shape(taken, (None, image.grid.width, image.count), role)
            self.count = self._count([taken.shape[1] for taken in inputs], role)
        except BaseException:
            self._exits.close()
            raise
        self.shapes = tuple((image.grid.height // self.count, image.grid.width, image.count) for image in self._images)
        self.dtypes = tuple(image.dtype for image in self._images)

    def _count(self, rows: Sequence[int | None], role: str) -> int:
        """Patches in every image.

        Raises:
            BadParameter: not the same number in all of them.
        """
        counts = {}
        for number, (image, beside) in enumerate(zip(self._images, self._beside, strict=True)):
            height = beside.height if beside else rows[number] if number < len(rows) else None
            if height is None and number < self.sources:
                height = image.grid.width
            counts[image.paths[0]] = image.grid.height / height if height else None
        known = {count for count in counts.values() if count}
        whole = next(iter(known), 0.0)
        fits = len(known) == 1 and whole == int(whole) and all(image.grid.height % int(whole) == 0 for image in self._images)
        if not fits:
            told = (f"{'?' if count is None else format(count, 'g')} in {path}" for path, count in counts.items())
            raise BadParameter(
                f"{role} patches",
                expected="as many patches in every source, and a label for each of them",
                received=", ".join(told),
                remedy="Give the images of one run of 'Extract patches', and a model for patches of their size.",
            )
        return int(whole)

    def read(self, start: int, stop: int) -> list[np.ndarray]:
        """Samples start … stop − 1."""
        return [self._read(image, shape, start, stop) for image, shape in zip(self._images, self.shapes, strict=True)]

    @staticmethod
    def _read(image: Source, shape: Shape, start: int, stop: int) -> np.ndarray:
        if start == stop:
            return np.empty((0, *shape), image.dtype)
        pixels = image.read(Window(start * shape[0], 0, (stop - start) * shape[0], shape[1]))
        return pixels.reshape(stop - start, *shape)

    def origins(self) -> tuple[Origin, ...]:
        """For each source what is known of the images that its patches were cut from."""
        return tuple(map(_origin, self._images[: self.sources], self._beside[: self.sources]))

    def truths(self) -> tuple[TruthOrigin, ...]:
        """For each truth what its sidecar says."""
        return tuple(map(_truth, self._images[self.sources :], self._beside[self.sources :]))

    def __enter__(self) -> PatchImages:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._exits.close()


def _origin(source: Source, beside: sidecar.PatchSidecar | None) -> Origin:
    if beside is not None and len(beside.bands) == source.count:
        return Origin(_told(beside), beside.spacing[0] if beside.crs else None)
    stem = os.path.splitext(os.path.basename(source.paths[0]))[0]
    told = not all(name.startswith(stem) for name in source.band_names)  # Source numbers the bands of an image that names none
    return Origin(source.band_names if told and len(set(source.band_names)) == source.count else (), None)


def _told(beside: sidecar.PatchSidecar) -> tuple[str, ...]:
    """The names of the bands; none if the one image that they come from names none: then they are its own name, and numbers."""
    stem = os.path.splitext(os.path.basename(beside.images[0]))[0] if len(beside.images) == 1 else ""
    count = len(beside.bands)
    undescribed = (stem,) if count == 1 else tuple(f"{stem}_{number}" for number in range(1, count + 1))
    return () if stem and tuple(beside.bands) == undescribed else tuple(beside.bands)


def _truth(image: Source, beside: sidecar.PatchSidecar | None) -> TruthOrigin:
    path = image.paths[0]
    if beside is None:
        return TruthOrigin(path)
    if beside.kind == sidecar.PATCHES:  # a label image that was cut as if it were a source is a truth all the same
        return TruthOrigin(path, spacing=_origin(image, beside).spacing)
    if beside.kind not in (sidecar.LABELS, sidecar.TARGETS):
        raise BadTruth(f"{path} is no truth", expected="labels or measurements", received=beside.kind)
    return TruthOrigin(path, beside.kind, beside.classes, beside.bands, beside.spacing[0] if beside.crs and beside.width > 1 else None)


def open_patches(patches: PatchSet, inputs: Sequence[Any], role: str, reporter: Reporter) -> Any:
    """The samples of a patch set, to be used as a context manager.

    Args:
        inputs: of the network.
    """
    if patches.records:
        from .records import RecordPatches  # imports this module

        return RecordPatches(patches.records, role, reporter)
    return PatchImages(patches.sources, patches.labels, inputs, role)


def check_shape(taken: Any, given: tuple[int | None, int, int], role: str) -> None:
    """Whether patches of (rows, cols, bands) suit an input of the model. Rows that are not known yet suit.

    Raises:
        BadModel: they do not.
    """
    if all(wanted in (None, size) or size is None for wanted, size in zip(taken.shape[1:], given, strict=True)):
        return
    rows, cols, bands = ("any number of" if size is None else str(size) for size in taken.shape[1:])
    received = f"{given[1]} columns, {'' if given[0] is None else f'{given[0]} rows, '}{given[2]} bands"
    raise BadModel(
        f"The {role.lower()} patches do not fit the model's input {taken.name}",
        expected=f"{cols} columns, {rows} rows, {bands} bands",
        received=received,
        remedy="Extract patches of the size that the model takes, or create a model with as many BANDS as they have.",
    )
