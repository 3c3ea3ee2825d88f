from __future__ import annotations

from fractions import Fraction

import pytest

from core.model.bands import judge_bands, judge_spacing
from core.model.contract import InputSpec

S2 = ("B02", "B03", "B8A")


def spec(bands: tuple[str, ...], spacing: float | None = None) -> InputSpec:
    return InputSpec("x", bands, len(bands) or 3, "float32", (16, 16), spacing)


@pytest.mark.parametrize(
    ("wanted", "names", "stems"),
    [
        ((), ("a", "b", "c"), "img"),
        (S2, S2, "img"),
        (S2, ("b02", "B03", "b8a"), "img"),
        (S2, tuple(f"T33UUU_20170216T102101_{band}" for band in S2), ""),
        (tuple(f"T32_2020_{band}_20m" for band in S2), tuple(f"T33_2017_{band}" for band in S2), ""),
    ],
)
def test_the_same_bands(wanted: tuple[str, ...], names: tuple[str, ...], stems: str) -> None:
    judged = judge_bands(spec(wanted), names, [stems or name for name in names])
    assert (judged.fault, judged.warning) == ("", "")


@pytest.mark.parametrize(
    ("names", "stems"),
    [
        (("B03", "B02", "B8A"), "img"),
        (("red", "green", "blue"), "img"),
        (("T33_B02", "T33_B8A", "T33_B03"), ""),
        (("T33_B03", "ndvi", "dem"), ""),
    ],
)
def test_other_bands_or_another_order(names: tuple[str, ...], stems: str) -> None:
    judged = judge_bands(spec(S2), names, [stems or name for name in names])
    assert "B02, B03, B8A" in judged.fault and ", ".join(names) in judged.fault


@pytest.mark.parametrize(
    ("wanted", "names", "stems"),
    [
        (S2, ("img_1", "img_2", "img_3"), "img"),
        (S2, ("Band 1", "band_2", "3"), "img"),
        (S2, ("summer", "autumn", "winter"), ""),
        (("old_1", "old_2", "old_3"), ("red", "green", "blue"), "img"),
        (("old_1", "old_2", "old_3"), ("img_1", "img_2", "img_3"), "img"),
    ],
)
def test_names_that_say_nothing_are_a_warning(wanted: tuple[str, ...], names: tuple[str, ...], stems: str) -> None:
    judged = judge_bands(spec(wanted), names, [stems or name for name in names])
    assert judged.fault == "" and ", ".join(wanted) in judged.warning and ", ".join(names) in judged.warning


@pytest.mark.parametrize(
    ("trained", "given", "warned"), [(None, 3.0, False), (10.0, 10.0, False), (1.0, 1.000048, False), (10.0, 10.2, True), (10.0, 5.0, True)]
)
def test_spacing_to_one_percent(trained: float | None, given: float, warned: bool) -> None:
    warning = judge_spacing(spec(S2, trained), given).warning
    assert bool(warning) == warned
    assert not warned or (f"{trained:g}" in warning and f"{given:g}" in warning)


@pytest.mark.parametrize(
    ("given", "remarked", "warned"), [(20.0, False, False), (10.0, True, False), (5.0, False, True), (40.0, False, True)]
)
def test_a_model_that_makes_finer_pixels_may_be_given_those_that_it_learnt_to_make(given: float, remarked: bool, warned: bool) -> None:
    judged = judge_spacing(spec(S2, 20.0), given, Fraction(1, 2))
    assert (bool(judged.remark), bool(judged.warning)) == (remarked, warned)
    assert not judge_spacing(spec(S2, 20.0), 40.0, Fraction(2)).remark
