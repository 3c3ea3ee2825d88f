"""What is said of a training's figures, and when."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.superresolution.report.remarks import still_rising, warnings

BICUBIC = {"psnr": 30.0, "consistency": 50.0}


def said(*psnr: float, best: int = 0, by_psnr: bool = True, **last: float) -> str:
    """The warnings of a training with a loss that falls."""
    rows: list[dict[str, Any]] = [{"loss": 1 / (place + 1), "psnr": value} for place, value in enumerate(psnr)]
    rows[-1] |= last
    return " ".join(warnings(rows, best or len(rows), BICUBIC, by_psnr))


def test_nothing_is_said_of_a_good_training() -> None:
    assert said(30.5, 31.8, 31.99, 32.0, consistency=50.0) == ""


@pytest.mark.parametrize(
    ("psnr", "changes", "words"),
    [
        ((29.5, 29.9, 29.9), {}, "no better than bicubic interpolation: PSNR 29.90 dB, bicubic 30.00 dB"),
        ((20.0, 20.0, 20.0), {"by_psnr": False}, "far worse than bicubic"),
        ((31.0, 31.5, 32.0), {}, "still rising"),
        ((31.0, 32.0, 31.5), {"best": 2}, "fell by 0.50 dB after epoch 2"),
        ((31.0, 31.0, 31.0), {"loss": 1.0}, "The loss hardly fell: 1 in the first epoch, 1 in the last"),
        ((31.0, 31.0, 31.0), {"consistency": 48.0}, "contradicts the coarse images"),
    ],
)
def test_each_warning(psnr: tuple[float, ...], changes: dict[str, Any], words: str) -> None:
    assert words in said(*psnr, **changes)


def test_a_discriminator_may_cost_some_psnr() -> None:
    assert said(29.0, 28.5, 28.0, by_psnr=False, loss=5.0) == ""  # nor does its loss tell anything


def test_equal_images_have_no_psnr() -> None:
    assert list(warnings([{"loss": 1.0}, {"loss": 0.5}, {"loss": 0.1}], 3, {}, True)) == []


@given(st.lists(st.floats(0, 60), min_size=1, max_size=30))
def test_what_rises_is_told_only_of_the_best_epoch(psnr: list[float]) -> None:
    rising = still_rising(psnr)
    assert rising or still_rising([*psnr, max(psnr) + 1.0]) is (len(psnr) >= 2)
    assert not rising or psnr[-1] == max(psnr)
    assert not still_rising([*psnr, max(psnr) - 1.0])
