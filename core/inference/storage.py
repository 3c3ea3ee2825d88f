"""How the values of a model stand in a file: its pixel type, its no-data value, and for each output scale and offset.

Decisions that users meet, and why:

- The no-data value never stands for a true value. Floats have NaN. Whole numbers have the end of their type that is no class code; where
  the type is as narrow as the values (8 or 16 bits) and an output pixel may lack data, "automatic" takes the next wider one, and a type
  that the user chose keeps its values off the no-data value. Where every output pixel has data, the type stays and nothing means no-data.
- Probabilities in whole numbers are scaled, or they would all be 0 or 1: 1/250 in bytes, 1/10000 in wider types.
- Class codes are never scaled.
- 64-bit whole numbers become 32-bit ones: programs with a GDAL before 3.5 cannot read them, and class codes need no more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import nan

import numpy as np

from ..classes import class_type
from ..errors import BadParameter
from ..jobs import Product
from ..model.contract import OutputSpec
from .likeness import Likeness, holds

WIDER = {"uint8": "int16", "int8": "int16", "uint16": "int32", "int16": "int32"}
STORED = {"bool": "uint8", "int8": "int16", "int64": "int32", "uint64": "uint32", "float16": "float32"}  # what GeoTIFF readers lack
SCALE_OF_BYTES, SCALE_OF_WIDER = 1 / 250, 1 / 10000  # of what lies within 0 to 1


@dataclass(frozen=True)
class Layer:
    """One output as it stands in a file: its name, channels, type and what the contract says of it.

    Attributes:
        probabilities: whether its values are known to lie within 0 to 1.
    """

    name: str
    channels: int
    dtype: np.dtype
    spec: OutputSpec | None
    probabilities: bool = False

    @property
    def coded(self) -> bool:
        """Whether its values are class codes."""
        return self.spec is not None and self.spec.kind == "classes"

    @property
    def codes(self) -> tuple[int, ...]:
        """The class codes that are known."""
        return tuple(c.code for c in self.spec.classes) if self.spec and self.coded else ()


@dataclass(frozen=True)
class Storage:
    """How one output stands in a file: pixel = (value − offset) ÷ scale, rounded and clipped where pixels are whole numbers.

    Attributes:
        nodata: the pixel of what has no data; None if there is no such pixel.
        lacking: the value by which the model says that it has none, besides NaN.
        coded: class codes: the no-data value among them means that there is no class.
    """

    dtype: np.dtype
    nodata: float | None
    scale: float = 1.0
    offset: float = 0.0
    lacking: float | None = None
    coded: bool = False

    def encode(self, values: np.ndarray, valid: np.ndarray) -> tuple[np.ndarray, int]:
        """The pixels of values (rows, cols, channels), no-data where `valid` (rows, cols) is False, and how many values were clipped."""
        lacks, clipped = self._lacks(values, valid), 0
        if self.scale != 1 or self.offset != 0:
            values = np.subtract(values, self.offset, dtype=np.float64)
            values /= self.scale
        if np.issubdtype(self.dtype, np.integer):
            values, clipped = self._whole(values, lacks)
        pixels = self._apart(values.astype(self.dtype, copy=False))
        nodata = np.asarray(0 if self.nodata is None else self.nodata, self.dtype)
        return pixels if lacks is None else np.where(lacks, nodata, pixels), clipped

    def in_words(self, given: np.dtype, wanted: float | None = None) -> str:
        """How values of a type are stored, for the log: "uint8, value = pixel × 0.004, no-data 255". `wanted`: the user's scale."""
        scale = f" × {self.scale:.6g}" if self.scale != 1 else ""
        offset = f" {'-' if self.offset < 0 else '+'} {abs(self.offset):.6g}" if self.offset else ""
        rounds = np.issubdtype(given, np.floating) and np.issubdtype(self.dtype, np.integer)
        how = f", value = pixel{scale}{offset}" if scale or offset else ", rounded (a scale keeps fractions)" if rounds else ""
        how += ", class codes as they are (they are never scaled)" if self.coded and wanted not in (None, 1) else ""
        return f"{self.dtype.name}{how}, {'nothing is no-data' if self.nodata is None else f'no-data {self.nodata:.10g}'}"

    def limits(self) -> tuple[int, int]:
        """The least and the greatest pixel that stands for a value."""
        info = np.iinfo(self.dtype)
        at_ends = not self.coded and self.nodata is not None
        return info.min + (at_ends and self.nodata == info.min), info.max - (at_ends and self.nodata == info.max)

    def _lacks(self, values: np.ndarray, valid: np.ndarray) -> np.ndarray | None:
        """Which values are none (rows, cols, channels); None if all are some."""
        lacks = None if valid.all() else np.broadcast_to(~valid[:, :, np.newaxis], values.shape)
        nan_stays = np.issubdtype(self.dtype, np.floating) and (self.nodata is None or np.isnan(self.nodata))
        if np.issubdtype(values.dtype, np.floating) and not nan_stays and np.isnan(values).any():
            lacks = _either(lacks, np.isnan(values))
        return lacks if self.lacking is None else _either(lacks, values == self.lacking)

    def _apart(self, pixels: np.ndarray) -> np.ndarray:
        """True values that would be taken for no-data take the next one towards 0; of floats one further away than GDAL's tolerance."""
        if self.coded or self.nodata is None or np.isnan(self.nodata):
            return pixels
        if np.issubdtype(self.dtype, np.integer):
            low, high = self.limits()
            if not low <= self.nodata <= high:  # an end of the type, which is kept free
                return pixels
            beside = self.nodata - 1 if self.nodata > 0 else self.nodata + 1
        else:
            apart = 8 * float(np.finfo(self.dtype).eps)
            beside = self.nodata * (1 - apart) or apart
        return np.where(pixels == self.dtype.type(self.nodata), self.dtype.type(beside), pixels)

    def _whole(self, values: np.ndarray, lacks: np.ndarray | None) -> tuple[np.ndarray, int]:
        """Rounded and clipped, and how many that has data it was that had to be clipped."""
        low, high = self.limits()
        if np.issubdtype(values.dtype, np.floating):
            exact = np.float64 if self.dtype.itemsize > 2 else np.float32  # that holds the limits: 2³¹ − 1 is 2³¹ in single precision
            values = np.rint(values, dtype=np.result_type(values, exact))
        elif values.dtype == np.bool_:
            return values, 0
        else:
            low, high = max(low, int(np.iinfo(values.dtype).min)), min(high, int(np.iinfo(values.dtype).max))
        kept = np.clip(values, low, high)
        changed = kept != values
        if lacks is None:
            return kept, int(np.count_nonzero(changed))
        return np.where(lacks, 0, kept), int(np.count_nonzero(changed & ~lacks))  # NaN makes no whole number


def choose_storage(layers: Sequence[Layer], product: Product, gaps: bool, like: Likeness | None = None) -> tuple[Storage, ...]:
    """How the layers of a product stand in its file: one type and one no-data value, and a scale and an offset for each.

    Args:
        gaps: whether an output pixel may lack data.
        like: the source whose values these are, made better.

    Raises:
        BadParameter: a scale of 0, or a pixel type that does not hold the class codes and a no-data value.
    """
    if product.scale == 0:
        raise BadParameter("Scale of the pixels", expected="a number that is not 0", received=0)
    codes = [code for layer in layers for code in layer.codes]
    nodata: float | None
    if like:
        product = replace(product, scale=1.0, offset=0.0)  # the source's own are those of the file
        dtype, nodata = _as_source(layers, product, gaps, like)
    elif product.dtype != "automatic":
        dtype = np.dtype(product.dtype)
        nodata = _free_value(dtype, layers)
    elif len(layers) == 1 and codes:
        name, nodata = class_type(codes)
        dtype = np.dtype(name)
    else:
        dtype, nodata = _automatic(layers, gaps)
    return tuple(_of_layer(layer, dtype, nodata, product) for layer in layers)


def _of_layer(layer: Layer, dtype: np.dtype, nodata: float | None, product: Product) -> Storage:
    if layer.coded:
        return Storage(dtype, nodata, coded=True)
    lacking = layer.spec.nodata if layer.spec else None
    scale = _usual_scale(layer, dtype) if product.scale is None else product.scale
    return Storage(dtype, nodata, scale, product.offset or 0.0, None if lacking is None or np.isnan(lacking) else lacking)


def _as_source(layers: Sequence[Layer], product: Product, gaps: bool, like: Likeness) -> tuple[np.dtype, float | None]:
    """The source's type, never a wider one, and its no-data value where the type holds it."""
    dtype = np.dtype(STORED.get(like.dtype.name, like.dtype.name) if product.dtype == "automatic" else product.dtype)
    if like.nodata is not None and holds(dtype, like.nodata):
        return dtype, like.nodata
    return dtype, _free_value(dtype, layers) if gaps or np.issubdtype(dtype, np.floating) else None


def _automatic(layers: Sequence[Layer], gaps: bool) -> tuple[np.dtype, float | None]:
    common = np.result_type(*(layer.dtype for layer in layers))
    dtype = np.dtype(STORED.get(common.name, common.name))
    if np.issubdtype(dtype, np.floating):
        return dtype, nan
    if not gaps:
        return dtype, None
    wider = np.dtype(WIDER.get(common.name, dtype.name))  # truth values in bytes leave room enough
    return wider, _free_value(wider, layers)


def _usual_scale(layer: Layer, dtype: np.dtype) -> float:
    if not np.issubdtype(dtype, np.integer) or not np.issubdtype(layer.dtype, np.floating) or not layer.probabilities:
        return 1.0
    return SCALE_OF_BYTES if dtype.itemsize == 1 else SCALE_OF_WIDER


def _free_value(dtype: np.dtype, layers: Sequence[Layer]) -> float:
    """A value for no-data that is no class code: NaN, else 0 if there are only class codes, else the end of the type further from 0.

    Raises:
        BadParameter: the type does not hold the codes, or leaves no value free.
    """
    codes = {code for layer in layers for code in layer.codes}
    floating = np.issubdtype(dtype, np.floating)
    reach = 2 ** (np.finfo(dtype).nmant + 1) if floating else 0
    low, high = (-reach, reach) if floating else (int(np.iinfo(dtype).min), int(np.iinfo(dtype).max))
    ends = (low, high) if low else (high, low)
    values = (nan,) if floating else (0, *ends) if all(layer.coded for layer in layers) else ends
    free = next((value for value in values if value not in codes), None)
    if free is None or any(not low <= code <= high for code in codes):
        raise BadParameter(
            "Pixel type of the class map",
            expected=f"one that holds the codes {min(codes)} to {max(codes)} and a value for no-data, such as {class_type(codes)[0]}",
            received=dtype.name,
            remedy="Choose automatic.",
        )
    return free


def _either(one: np.ndarray | None, other: np.ndarray) -> np.ndarray:
    return other if one is None else one | other
