"""What stands beside the chain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Optional

from ..errors import BadParameter
from ..fields import bounded, choice
from .base import Job

NORMALIZATIONS = ("percentile", "minmax", "meanstd", "constant")
NORMALIZED_TYPES = ("float32", "uint8", "uint16")


@dataclass(frozen=True)
class CheckEngine(Job):
    """Which versions and devices the engine has."""

    name: ClassVar[str] = "checkengine"
    output_html: str = ""


@dataclass(frozen=True)
class CreateDemoScene(Job):
    """A synthetic landscape with exact truth. `size`: rows and columns of the 10 m image; `dates`: of its time series."""

    name: ClassVar[str] = "createdemoscene"
    output: str = ""
    size: int = bounded(1024, low=64, high=32768)
    dates: int = bounded(3, low=1, high=24)
    seed: int = bounded(0, low=0)


@dataclass(frozen=True)
class Normalize(Job):
    """The bands of an image on a common scale, each by itself.

    Attributes:
        nodata: value that means "no data"; None: what the file says itself.
        method: percentile (`percentile_low` becomes 0, `percentile_high` 1), minmax (least and greatest value become 0 and 1), meanstd
            (mean 0, standard deviation 1) or constant ((value − `subtract`) ÷ `divide`, the same for all bands).
        clip: cut what percentile and minmax put outside of 0 … 1.
        dtype: float32 (no-data is NaN), or whole numbers, whose range from 1 on stands for 0 … 1 (no-data is 0).
        statistics: JSON file that an earlier run wrote as `output_statistics`: use these, so that images become comparable. Empty:
            the image's own.
    """

    name: ClassVar[str] = "normalize"
    image: str = ""
    nodata: Optional[float] = None
    method: str = choice(NORMALIZATIONS)
    percentile_low: float = bounded(2.0, low=0.0, high=100.0)
    percentile_high: float = bounded(98.0, low=0.0, high=100.0)
    subtract: float = 0.0
    divide: float = bounded(10000.0, above=0.0)
    clip: bool = True
    dtype: str = choice(NORMALIZED_TYPES)
    statistics: str = ""
    output: str = ""
    output_statistics: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.percentile_low >= self.percentile_high:
            raise BadParameter(
                "Percentiles", expected="the lower one below the upper one", received=f"{self.percentile_low:g}, {self.percentile_high:g}"
            )
        if self.dtype != "float32" and (self.method in ("meanstd", "constant") or not self.clip):
            raise BadParameter(
                f"Pixel type {self.dtype}",
                expected="values from 0 to 1: the method percentile or minmax, with values outside cut",
                received=f"method {self.method}" + ("" if self.clip else ", not cut"),
                remedy="Choose float32.",
            )


@dataclass(frozen=True)
class DrawMap(Job):
    """A picture: image (the bands of `images`, stacked), truth and map side by side, with the legend of the map's classes."""

    name: ClassVar[str] = "drawmap"
    images: tuple[str, ...] = ()
    truth: str = ""
    truth_layer: str = ""
    field: str = ""
    map: str = ""
    output: str = ""
