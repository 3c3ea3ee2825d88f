"""Patch images as they lie on disk: n patches of [rows, cols, bands] stacked in rows into one image [n·rows, cols, bands] a source."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType

import numpy as np

from ..errors import BadModel, BadParameter
from ..model.contract import InputSpec
from ..raster.grid import Window
from ..raster.source import Source
from ..sampling import sidecar


@dataclass(frozen=True)
class Origin:
    """Of a source: the names of its bands (empty if unknown) and the size of its pixels in map units (None if unknown)."""

    bands: tuple[str, ...]
    spacing: float | None


class PatchImages:
    """The patches of all sources of a model, read in lock step. Use as a context manager. One thread at a time.

    Args:
        paths: one patch image a source, in the order of the model's inputs.
        inputs: what the model takes.
        role: "Training" or "Validation", for messages.

    Raises:
        BadParameter: another number of sources than the model has, or images of different numbers of patches.
        BadModel: patches of another size or number of bands than the model takes.
        CannotRead: an image is missing or damaged.
    """

    def __init__(self, paths: Sequence[str], inputs: Sequence[InputSpec], role: str) -> None:
        if len(paths) != len(inputs):
            raise BadParameter(f"{role} patches", expected=f"{len(inputs)} source(s), as the model has", received=len(paths))
        self._exits = contextlib.ExitStack()
        self._inputs = tuple(inputs)
        try:
            self._sources = [self._exits.enter_context(Source([path])) for path in paths]
            self.count = self._check(role)
        except BaseException:
            self._exits.close()
            raise
        self.dtypes = tuple(source.dtype for source in self._sources)

    def _check(self, role: str) -> int:
        counts = {}
        for source, spec in zip(self._sources, self._inputs, strict=True):
            path, (width, height), grid = source.paths[0], spec.receptive_field, source.grid
            if grid.width != width or grid.height % height or source.count != spec.band_count:
                raise BadModel(
                    f"The {role.lower()} patches {path} do not fit the model's input {spec.name}",
                    expected=f"{width} columns, a multiple of {height} rows, {spec.band_count} bands",
                    received=f"{grid.width} columns, {grid.height} rows, {source.count} bands",
                    remedy=f"Extract patches of {width} × {height} pixels, or create a model with BANDS={source.count}.",
                )
            counts[path] = grid.height // height
        if len(set(counts.values())) != 1:
            received = ", ".join(f"{count} in {path}" for path, count in counts.items())
            raise BadParameter(f"{role} patches", expected="as many patches in every source", received=received)
        return next(iter(counts.values()))

    @property
    def patch_bytes(self) -> int:
        """Memory of one patch of all sources, in bytes, in the types of the images."""
        sizes = (w * h * s.band_count * d.itemsize for s, d in zip(self._inputs, self.dtypes, strict=True) for w, h in [s.receptive_field])
        return int(sum(sizes))

    def read(self, start: int, stop: int) -> list[np.ndarray]:
        """Patches start … stop − 1 of every source: (patches, rows, cols, bands) each."""
        return [self._read(source, spec, start, stop) for source, spec in zip(self._sources, self._inputs, strict=True)]

    def _read(self, source: Source, spec: InputSpec, start: int, stop: int) -> np.ndarray:
        width, height = spec.receptive_field
        if start == stop:
            return np.empty((0, height, width, spec.band_count), source.dtype)
        pixels = source.read(Window(start * height, 0, (stop - start) * height, width))
        return pixels.reshape(stop - start, height, width, spec.band_count)

    def origins(self) -> tuple[Origin, ...]:
        """For each source what is known of the images that its patches were cut from."""
        return tuple(_origin(source) for source in self._sources)

    def __enter__(self) -> PatchImages:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._exits.close()


def _origin(source: Source) -> Origin:
    beside = sidecar.read(source.paths[0])
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
