"""What a value of the truth's field says: the class of a sample, as a whole number or a text."""

from __future__ import annotations

from collections.abc import Callable
from math import isnan
from typing import Any, TypeAlias

from rasterio.crs import CRS

from ..errors import BadTruth

Label: TypeAlias = int | str  # of one field, all are of one type


def label_of(value: Any, field: str) -> Label | None:
    """The class that a field's value means; None for "no class": null, NaN, empty text.

    Raises:
        BadTruth: a number with a fraction: a measurement, no class.
    """
    if value is None:
        return None
    if isinstance(value, float):
        if isnan(value):
            return None
        if not value.is_integer():
            raise BadTruth(
                f"Field {field!r} holds no classes", expected="whole numbers or text", received=value, remedy="Choose another field."
            )
        return int(value)
    if isinstance(value, int):
        return int(value)
    return str(value).strip() or None


def warn_without_crs(truth: CRS | None, image: CRS | None, warn: Callable[[str], None]) -> None:
    """Say that positions are taken as they are, where the truth or the image has no CRS."""
    for name, crs, other in (("points or polygons have", truth, "image's"), ("image has", image, "truth's")):
        if crs is None:
            warn(f"The {name} no CRS: the {other} is assumed. If that is wrong, samples lie at the wrong places.")
            return
