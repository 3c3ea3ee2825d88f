"""What an output takes over from the source whose values it holds, made better: pixel type, no-data value, names, colours, scales and
offsets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..raster.source import Source


@dataclass(frozen=True)
class Likeness:
    """What is taken over.

    Attributes:
        nodata: the value of the first band that has one; None if none has.
        names, colours: one a band; empty where the bands are not those of the source.
        scales, offsets: one a band: true value = pixel · scale + offset, in the output as in the source.
    """

    dtype: np.dtype
    nodata: float | None
    names: tuple[str, ...]
    colours: tuple[str, ...]
    scales: tuple[float, ...]
    offsets: tuple[float, ...]


def likeness(sources: Sequence[Source], channels: int) -> Likeness:
    """Of the source that an output of so many channels is a better image of: the first with as many bands, else the first, whose scale and
    offset then hold only if all its bands have the same."""
    source = next((source for source in sources if source.count == channels), sources[0])
    nodata = next((value for value in source.nodata if value is not None), None)
    if source.count == channels:
        return Likeness(source.dtype, nodata, source.band_names, source.colours, source.scales, source.offsets)
    alike = len(set(source.scales)) == len(set(source.offsets)) == 1
    scale, offset = (source.scales[0], source.offsets[0]) if alike else (1.0, 0.0)
    return Likeness(source.dtype, nodata, (), (), (scale,) * channels, (offset,) * channels)


def holds(dtype: np.dtype, value: float) -> bool:
    """Whether a pixel type has the value, exactly."""
    if np.issubdtype(dtype, np.floating):
        return bool(np.isnan(value)) or float(dtype.type(value)) == value
    info = np.iinfo(dtype)
    return float(value).is_integer() and info.min <= value <= info.max
