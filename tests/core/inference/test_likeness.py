"""What an output takes over from its source, and that its no-data value never stands for a true one."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.inference.likeness import Likeness, likeness
from core.inference.products import OutputFile
from core.inference.storage import Layer, choose_storage
from core.jobs import Product

AS_SOURCE = Product("f.tif", as_source=True)


def source(bands: int, dtype: str = "uint16", nodata: float | None = None, scales: tuple[float, ...] = ()) -> Any:
    names, colours = tuple(f"{dtype}{i}" for i in range(bands)), ("blue", *[""] * (bands - 1))
    return SimpleNamespace(
        count=bands, dtype=np.dtype(dtype), nodata=(None,) * (bands - 1) + (nodata,), band_names=names, colours=colours,
        scales=scales or (1.0,) * bands, offsets=(0.0,) * bands,
    )  # fmt: skip


def layer(channels: int = 1) -> Layer:
    return Layer("hr", channels, np.dtype("float32"), None)


@given(
    dtype=st.sampled_from(["uint8", "int16", "uint16", "int32", "float32", "float64"]),
    nodata=st.sampled_from([None, 0.0, -1.0, 1.0, 7.0, 255.0, -9999.0, -32768.0, 65535.0, 2.5, float("nan"), -3.4028234663852886e38]),
    values=st.lists(st.floats(width=32, allow_nan=True, allow_infinity=False), min_size=1, max_size=12),
    mask=st.integers(0, 2**12 - 1),
)
@example("float32", -9999.0, [1.0, np.nan], 7)
@example("float64", 0.0, [0.0, np.nan], 6)
def test_no_data_is_where_there_is_none_and_nowhere_else(dtype: str, nodata: float | None, values: list[float], mask: int) -> None:
    like = likeness([source(1, dtype, nodata)], 1)
    storage = choose_storage([layer()], AS_SOURCE, True, like)[0]
    array = np.array([*values, *([] if nodata is None else [nodata])], "float32").reshape(1, -1, 1)
    valid = np.array([[bool(mask >> i & 1) for i in range(array.shape[1])]])
    pixels, _ = storage.encode(array, valid)
    assert pixels.dtype == storage.dtype == np.dtype(dtype) and storage.nodata is not None
    lacking = np.isnan(pixels) if np.isnan(storage.nodata) else pixels == np.asarray(storage.nodata, dtype)
    np.testing.assert_array_equal(lacking[:, :, 0], ~valid | np.isnan(array[:, :, 0]))


def test_no_data_that_the_type_does_not_hold_is_replaced() -> None:
    for dtype, nodata, expected in (("uint8", -9999.0, 255), ("uint16", 0.5, 65535), ("int16", -9999.0, -9999)):
        assert choose_storage([layer()], AS_SOURCE, True, likeness([source(1, dtype, nodata)], 1))[0].nodata == expected
    assert choose_storage([layer()], AS_SOURCE, False, likeness([source(1, "uint8")], 1))[0].nodata is None
    assert choose_storage([layer()], AS_SOURCE, False, likeness([source(1, "uint8", 0.0)], 1))[0].nodata == 0


def test_the_source_with_as_many_bands_is_taken() -> None:
    fine, coarse = source(1, "uint8", scales=(0.5,)), source(3, "uint16", 0.0, (0.1, 0.2, 0.3))
    assert likeness([fine, coarse], 3) == Likeness(
        np.dtype("uint16"), 0.0, coarse.band_names, ("blue", "", ""), (0.1, 0.2, 0.3), (0.0,) * 3
    )
    assert likeness([fine, coarse], 1).names == ("uint80",)
    assert likeness([coarse, fine], 2) == Likeness(np.dtype("uint16"), 0.0, (), (), (1.0, 1.0), (0.0, 0.0))  # whose scales would they be?
    assert likeness([fine, coarse], 2).scales == (0.5, 0.5)


@pytest.mark.parametrize("dtype", ["float32", "int32"])
def test_a_pixel_type_that_is_asked_for_keeps_the_rest(dtype: str) -> None:
    product = Product("f.tif", dtype=dtype, as_source=True)
    bands = OutputFile.of(product, [layer(2)], True, [source(2, "uint16", 3.0, (0.1, 0.2))]).bands
    assert (bands.dtype, bands.nodata, bands.names, bands.scales) == (dtype, 3.0, ("uint160", "uint161"), (0.1, 0.2))
