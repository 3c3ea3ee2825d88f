"""How values stand in files: what a reader of the file gets back, for any type, scale and value."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.classes import make_classes
from core.errors import BadParameter
from core.inference.storage import Layer, Storage, choose_storage
from core.jobs import Product
from core.model.contract import OutputSpec


def spec(kind: str, codes: tuple[int, ...] = (1, 2), nodata: float | None = None) -> OutputSpec:
    classes = make_classes([(code, f"c{code}") for code in codes])
    return OutputSpec("o", kind, tuple(c.name for c in classes), "float32", classes, nodata)


def layer(dtype: str = "float32", kind: str = "", **facts: Any) -> Layer:
    return Layer("o", 2, np.dtype(dtype), spec(kind, **facts) if kind else None, kind == "probabilities")


def stored(one: Layer, gaps: bool = True, **wish: Any) -> Storage:
    return choose_storage([one], Product("f.tif", **wish), gaps)[0]


def row(values: Any, dtype: str = "float64") -> np.ndarray:
    return np.array(values, dtype).reshape(1, -1, 1)


def encode(storage: Storage, values: np.ndarray, valid: list[bool] | None = None) -> tuple[list[float], int]:
    mask = np.ones(values.shape[:2], bool) if valid is None else np.array([valid])
    pixels, clipped = storage.encode(values, mask)
    assert pixels.dtype == storage.dtype and pixels.shape == values.shape
    return pixels.ravel().tolist(), clipped


@given(
    dtype=st.sampled_from(["uint8", "int16", "uint16", "int32"]),
    scale=st.sampled_from([None, 1.0, 0.004, -0.5, 1000.0]),
    offset=st.sampled_from([None, 0.0, -3.25, 500.0]),
    values=st.lists(st.floats(width=32, allow_infinity=True, allow_nan=True), min_size=1, max_size=20),
)
def test_what_is_read_back_is_the_value_or_said_to_be_clipped(
    dtype: str, scale: float | None, offset: float | None, values: list[float]
) -> None:
    storage = stored(layer(), dtype=dtype, scale=scale, offset=offset)
    array = row(values, "float32")
    pixels, clipped = encode(storage, array)
    low, high = storage.limits()
    lost = 0
    for pixel, value in zip(pixels, array.ravel().astype(float), strict=True):
        if np.isnan(value):
            assert pixel == storage.nodata
            continue
        assert low <= pixel <= high and pixel != storage.nodata
        wanted = np.rint((value - storage.offset) / storage.scale)
        lost += wanted != pixel
        assert wanted == pixel or pixel in (low, high)
    assert clipped == lost


@given(
    narrow=st.sampled_from(["bool", "uint8", "int8", "uint16", "int16", "int32", "uint32", "int64", "uint64"]), gaps=st.booleans(),
    data=st.data(),
)  # fmt: skip
def test_whole_numbers_never_become_no_data(narrow: str, gaps: bool, data: st.DataObject) -> None:
    """Of up to 16 bits they are kept as they are; of more, they are said to be clipped."""
    ends = (0, 1) if narrow == "bool" else (int(np.iinfo(narrow).min), int(np.iinfo(narrow).max))
    values = data.draw(st.lists(st.integers(*ends) | st.sampled_from(ends), min_size=1, max_size=9))
    storage = stored(layer(narrow), gaps=gaps)
    pixels, clipped = encode(storage, row(values, narrow))
    assert storage.nodata not in pixels and (storage.nodata is None) == (not gaps)
    assert clipped == sum(pixel != value for pixel, value in zip(pixels, values, strict=True))
    assert clipped == 0 or np.dtype(narrow).itemsize > 2


@pytest.mark.parametrize(
    ("dtype", "gaps", "expected"),
    [
        ("float32", True, ("float32", np.nan)), ("float16", False, ("float32", np.nan)), ("float64", True, ("float64", np.nan)),
        ("bool", True, ("uint8", 255)), ("bool", False, ("uint8", None)), ("uint8", False, ("uint8", None)),
        ("uint8", True, ("int16", -32768)), ("uint16", True, ("int32", -(2**31))), ("int64", True, ("int32", -(2**31))),
        ("uint32", True, ("uint32", 2**32 - 1)),
    ],
)  # fmt: skip
def test_automatic_types(dtype: str, gaps: bool, expected: tuple[str, float | None]) -> None:
    storage = stored(layer(dtype), gaps)
    np.testing.assert_equal((storage.dtype.name, storage.nodata), expected)


@pytest.mark.parametrize(
    ("dtype", "scale", "nodata", "one"), [("uint8", 0.004, 255, 250), ("int16", 1e-4, -32768, 10000), ("uint16", 1e-4, 65535, 10000)]
)
def test_probabilities_in_whole_numbers_are_scaled(dtype: str, scale: float, nodata: float, one: int) -> None:
    storage = stored(layer(kind="probabilities"), dtype=dtype)
    assert (storage.scale, storage.offset, storage.nodata) == (scale, 0, nodata)
    assert encode(storage, row([0, 0.5, 1, 1.0000001, np.nan])) == ([0, one / 2, one, one, nodata], 0)
    assert stored(layer(kind="values"), dtype=dtype).scale == 1
    assert stored(layer(kind="probabilities"), dtype="float32").scale == 1
    assert stored(layer(kind="probabilities"), dtype=dtype, scale=1.0).scale == 1


def test_what_does_not_fit_is_clipped_beside_no_data_and_counted() -> None:
    storage = stored(layer(), dtype="uint8")
    assert encode(storage, row([-3, 0.4, 254.4, 255, np.inf, 999]), [True] * 5 + [False]) == ([0, 0, 254, 254, 254, 255], 3)


def test_floats_may_be_scaled_too_and_are_not_rounded() -> None:
    assert encode(stored(layer(), scale=2.0, offset=1.0), row([2.0, 1e6])) == ([0.5, 499999.5], 0)


def test_a_models_own_no_data_value_becomes_the_files() -> None:
    storage = stored(layer(kind="values", nodata=-1.0), dtype="uint8")
    assert encode(storage, row([-1, 3])) == ([255, 3], 0)
    pixels, _ = stored(layer(kind="values", nodata=-1.0)).encode(row([-1, 3], "float32"), np.ones((1, 2), bool))
    assert np.isnan(pixels[0, 0, 0]) and pixels[0, 1, 0] == 3


def test_class_codes_are_kept_never_scaled_and_zero_is_no_class() -> None:
    storage = stored(layer("int32", "classes"), dtype="int16", scale=0.5, offset=7.0)
    assert (storage.scale, storage.offset, storage.nodata) == (1, 0, 0)
    assert encode(storage, row([0, 1, 2], "int32")) == ([0, 1, 2], 0)
    assert encode(stored(layer("int32", "classes")), row([1, 2, 300], "int32")) == ([1, 2, 255], 1)  # a code that the contract denies


@pytest.mark.parametrize(
    ("codes", "dtype", "nodata"),
    [((0, 1), "uint8", 255), ((0, 5), "int16", -32768), ((0, 255), "uint16", 65535), ((1, 9), "float32", np.nan)],
)
def test_a_class_maps_type_may_be_chosen(codes: tuple[int, ...], dtype: str, nodata: float) -> None:
    np.testing.assert_equal(stored(layer("int32", "classes", codes=codes), dtype=dtype).nodata, nodata)


@pytest.mark.parametrize(
    ("codes", "dtype"),
    [((1, 300), "uint8"), ((-1, 2), "uint16"), (tuple(range(256)), "uint8"), ((1, 2**24 + 1), "float32"), ((1, 40000), "int16")],
)
def test_a_type_that_does_not_hold_the_codes_is_refused(codes: tuple[int, ...], dtype: str) -> None:
    with pytest.raises(
        BadParameter, match=rf"expected one that holds the codes {min(codes)} to {max(codes)}.*received {dtype}. Choose auto"
    ):
        stored(layer("int32", "classes", codes=codes), dtype=dtype)


def test_a_scale_that_no_number_survives_is_refused() -> None:
    with pytest.raises(BadParameter, match="Scale of the pixels"):
        stored(layer(), scale=0.0)


def test_a_stack_has_one_type_and_a_scale_for_each_layer() -> None:
    codes, scores = choose_storage([layer("int32", "classes"), layer(kind="probabilities")], Product("f.tif", dtype="uint8"), True)
    assert (codes.scale, scores.scale) == (1, 0.004)
    assert codes.nodata == scores.nodata == 255  # 0 is a probability
    assert encode(scores, row([0.0])) == ([0], 0)


def test_in_words() -> None:
    single = np.dtype("float32")
    assert stored(layer(kind="probabilities"), dtype="uint8").in_words(single) == "uint8, value = pixel × 0.004, no-data 255"
    assert stored(layer(), offset=-2.0).in_words(single) == "float32, value = pixel - 2, no-data nan"
    assert stored(layer(), dtype="uint8").in_words(single) == "uint8, rounded (a scale keeps fractions), no-data 255"
    assert stored(layer("uint8"), gaps=False).in_words(np.dtype("uint8")) == "uint8, nothing is no-data"
    classes = stored(layer("int32", kind="classes"), dtype="uint8", scale=0.5)
    assert classes.in_words(np.dtype("int32"), 0.5).startswith("uint8, class codes as they are (they are never scaled)")
