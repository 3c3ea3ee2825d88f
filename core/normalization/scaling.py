"""From the statistics of a band and a method to the scaling of its values: pure arithmetic."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import BadParameter
from ..jobs import Normalize
from .band_numbers import BandNumbers


@dataclass(frozen=True)
class Scaling:
    """Of one band: (value − subtract) ÷ divide, cut to 0…1 if `clip`. `constant`: the band has but one value, so it becomes 0."""

    subtract: float
    divide: float
    clip: bool
    constant: bool = False


def scaling_of(job: Normalize, numbers: BandNumbers | None) -> Scaling:
    """minmax: the least value becomes 0, the greatest 1 · percentile: the same of two percentiles · meanstd: mean 0, standard deviation
    1 · constant: the numbers of the job. Without statistics (no pixel with data) nothing is changed.

    Raises:
        BadParameter: the statistics have not the percentiles that the job names.
    """
    if job.method == "constant":
        return Scaling(job.subtract, job.divide, clip=False)
    if numbers is None or not numbers.count or numbers.minimum is None or numbers.maximum is None:
        return Scaling(0.0, 1.0, clip=False)
    if job.method == "meanstd":
        return _between(numbers.mean or 0.0, (numbers.mean or 0.0) + (numbers.std or 0.0), clip=False)
    if job.method == "minmax":
        return _between(numbers.minimum, numbers.maximum, job.clip)
    low, high = (_percentile(numbers, percent) for percent in (job.percentile_low, job.percentile_high))
    return _between(low, high, job.clip)


def _between(low: float, high: float, clip: bool) -> Scaling:
    """A band of one value is not divided by almost nothing, which would blow up the values of another image."""
    return Scaling(low, high - low, clip) if high > low else Scaling(low, 1.0, clip, constant=True)


def _percentile(numbers: BandNumbers, percent: float) -> float:
    value = numbers.percentile(percent)
    if value is None:
        known = ", ".join(f"{known:g}" for known, _ in numbers.percentiles) or "no percentiles"
        raise BadParameter(f"The statistics of band {numbers.name}", expected=f"the {percent:g}th percentile", received=known)
    return value


def scaled(values: np.ndarray, data: np.ndarray | None, scaling: Scaling, dtype: str) -> np.ndarray:
    """One band; float64 inside for wide types. Where it is not data: NaN, or 0 in whole numbers, whose range from 1 on stands for 0…1.

    Args:
        data: True where a value is data; None where all are.
    """
    precise = np.float32 if values.dtype.itemsize <= 2 else np.float64
    result: np.ndarray = np.subtract(values, scaling.subtract, dtype=precise)
    result /= precise(scaling.divide)
    if scaling.clip:
        np.clip(result, 0, 1, out=result)
    if data is not None:
        result[~data] = np.nan
    if dtype == "float32":
        return result.astype(np.float32, copy=False)
    result = np.rint(result * (np.iinfo(dtype).max - 1)) + 1
    return np.nan_to_num(result, copy=False, nan=0).astype(dtype)
