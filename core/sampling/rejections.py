"""Samples that become no patch, each with its reason: a layer to look at, and the sums for the log."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator
from typing import Any

from rasterio.crs import CRS

from ..reprojection import Geometry
from ..vector import INT, TEXT, VectorWriter
from .truth import Label

NO_CLASS, NO_VALUE, NO_GEOMETRY = "no class", "no value", "no position"
OUTSIDE, OVER_EDGE, NO_DATA = "outside the image", "patch reaches over the edge of the image", "no-data in the patch"
OF_LABELS = "{} (label image)"
UNLABELLED = "not labelled everywhere"

FIELDS = {"class": TEXT, "source": INT, "reason": TEXT}


class Rejections:
    """Takes rejected samples. Use as a context manager.

    Args:
        path: of the layer of rejected points (GeoPackage); empty: none is written.
    """

    def __init__(self, path: str, crs: CRS | None) -> None:
        self.path = path
        self._counts: Counter[tuple[str, int | None]] = Counter()
        self._writer = VectorWriter(path, "Point", FIELDS, crs) if path else None

    def add(self, geometry: Geometry | None, label: Label | None, reason: str, source: int | None = None) -> None:
        """One sample; `source`: the number of the source, from 1, if the reason lies there."""
        self._counts[reason, source] += 1
        if self._writer is not None:
            self._writer.write(geometry, {"class": label, "source": source, "reason": reason})

    @property
    def count(self) -> int:
        """All rejected samples."""
        return self._counts.total()

    def by_reason(self) -> Iterator[tuple[str, int | None, int]]:
        """Reason, number of the source (None where it lies in none), and how many; the most frequent first."""
        for (reason, source), count in self._counts.most_common():
            yield reason, source, count

    def sentences(self) -> Iterator[str]:
        """The same in words: "12 × outside the image (source 2)"."""
        for reason, source, count in self.by_reason():
            yield f"{count} × {reason}" + (f" (source {source})" if source is not None else "")

    def __enter__(self) -> Rejections:
        with contextlib.ExitStack() as exits:
            if self._writer is not None:
                exits.enter_context(self._writer)
            self._exits = exits.pop_all()
        return self

    def __exit__(self, *exception: Any) -> None:
        self._exits.__exit__(*exception)
