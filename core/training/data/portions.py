"""Patches made of other patches: some of them, or several sets one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

import numpy as np

from ...errors import BadParameter
from .patches import Origin, Patches, TruthOrigin


class PatchRange:
    """The samples [start, stop) of others."""

    def __init__(self, patches: Patches, start: int, stop: int) -> None:
        self._patches, self._start, self.count = patches, start, stop - start
        self.sources, self.shapes, self.dtypes = patches.sources, patches.shapes, patches.dtypes

    def read(self, start: int, stop: int) -> list[np.ndarray]:
        """Samples start … stop − 1 of the range."""
        return self._patches.read(self._start + start, self._start + stop)

    def origins(self) -> tuple[Origin, ...]:
        """Of every source."""
        return self._patches.origins()

    def truths(self) -> tuple[TruthOrigin, ...]:
        """Of every truth."""
        return self._patches.truths()


class PatchChain:
    """Several sets, of several scenes, one after the other; what is known of the first stands for all.

    Raises:
        BadParameter: their patches have other sizes or bands.
    """

    def __init__(self, parts: Sequence[Patches], role: str) -> None:
        shapes = {part.shapes: None for part in parts}
        if len(shapes) > 1:
            told = " | ".join(", ".join(f"{cols} × {rows} × {bands}" for rows, cols, bands in each) for each in shapes)
            raise BadParameter(f"{role} patches of several scenes", expected="the same columns, rows and bands in all", received=told)
        stops = list(accumulate(part.count for part in parts))
        self._parts = tuple(zip([0, *stops], parts, strict=False))
        self.count, self.sources, self.shapes = stops[-1], parts[0].sources, parts[0].shapes
        self.dtypes = tuple(np.result_type(*types) for types in zip(*(part.dtypes for part in parts), strict=True))

    def read(self, start: int, stop: int) -> list[np.ndarray]:
        """Samples start … stop − 1 of all."""
        pieces = [part.read(*(min(max(place - first, 0), part.count) for place in (start, stop))) for first, part in self._parts]
        return [np.concatenate(arrays, dtype=dtype) for arrays, dtype in zip(zip(*pieces, strict=True), self.dtypes, strict=True)]

    def origins(self) -> tuple[Origin, ...]:
        """Of every source."""
        return self._parts[0][1].origins()

    def truths(self) -> tuple[TruthOrigin, ...]:
        """Of every truth."""
        return self._parts[0][1].truths()
