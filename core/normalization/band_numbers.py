"""The statistics that bands are normalised by, and the JSON file in which they are kept for other images of the same kind."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from math import isfinite
from typing import Any

from ..errors import BadParameter, CannotRead
from ..partial import replacing

KIND = "band statistics"


@dataclass(frozen=True)
class BandNumbers:
    """Of one band, over its pixels with data.

    Attributes:
        count: pixels with data; 0: all else is None.
        percentiles: (percent, value) pairs, ascending; empty where none were asked for.
    """

    name: str
    count: int
    minimum: float | None = None
    maximum: float | None = None
    mean: float | None = None
    std: float | None = None
    percentiles: tuple[tuple[float, float], ...] = ()

    def percentile(self, percent: float) -> float | None:
        """Its value, None if it is not there."""
        return dict(self.percentiles).get(percent)


def write_numbers(path: str, bands: tuple[BandNumbers, ...], images: tuple[str, ...]) -> None:
    """Keep them. `images`: where they come from."""
    values = {"tensorscape": 1, "kind": KIND, "images": images, "bands": [asdict(band) for band in bands]}
    with replacing(path) as temporary, open(temporary, "w", encoding="utf-8") as file:
        file.write(json.dumps(values, ensure_ascii=False, allow_nan=False, indent=1))


def read_numbers(path: str, bands: int) -> tuple[BandNumbers, ...]:
    """What `write_numbers` kept.

    Args:
        bands: how many there should be.

    Raises:
        CannotRead: no such file, or none of ours.
        BadParameter: of another number of bands.
    """
    try:
        with open(path, encoding="utf-8") as file:
            found = tuple(_from_plain(values) for values in json.load(file)["bands"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CannotRead(f"Cannot read {path} ({error})", expected="statistics of bands, as 'Normalize' writes them") from error
    if len(found) != bands:
        raise BadParameter(f"The statistics in {path}", expected=f"{bands} bands, as the image has", received=len(found))
    return found


def _from_plain(values: dict[str, Any]) -> BandNumbers:
    numbers = {name: values[name] for name in ("minimum", "maximum", "mean", "std")}
    if any(value is not None and not isfinite(value) for value in numbers.values()):
        raise ValueError("a number is not finite")
    percentiles = tuple((float(percent), float(value)) for percent, value in values["percentiles"])
    return BandNumbers(str(values["name"]), int(values["count"]), **numbers, percentiles=percentiles)
