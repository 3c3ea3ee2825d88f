"""Pixels that are fine only by their number are found out."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.superresolution.enlarged import FACTORS, enlarged


@given(st.sampled_from(FACTORS), st.integers(0, 9), st.integers(0, 9), st.integers(0, 2**32 - 1))
def test_squares_are_found_wherever_the_patch_was_cut(factor: int, top: int, left: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    image = rng.integers(0, 1000, (8, 8, 1)).repeat(factor, axis=0).repeat(factor, axis=1)
    cut = image[top % factor :, left % factor :]
    assert enlarged([cut]) == [factor]


def test_each_band_is_judged_for_itself() -> None:
    rng = np.random.default_rng(0)
    patches = []
    for _ in range(5):
        coarse = rng.normal(size=(12, 12)).repeat(2, axis=0).repeat(2, axis=1)
        patches.append(np.stack([rng.normal(size=(24, 24)), coarse, np.full((24, 24), 7.0)], axis=2))
    assert enlarged(patches) == [1, 2, 1]


@pytest.mark.parametrize("side", [1, 5, 24])
def test_what_is_fine_is_not_accused(side: int) -> None:
    rng = np.random.default_rng(1)
    fields = (rng.normal(size=(side, side, 1)) > 0.5).astype("uint8")  # few values, many of them beside each other
    assert enlarged([fields, rng.normal(size=(side, side, 1))]) == [1]


def test_a_few_flat_patches_hide_nothing_and_accuse_nothing() -> None:
    rng = np.random.default_rng(2)
    squares = [rng.normal(size=(8, 8, 1)).repeat(3, axis=0).repeat(3, axis=1) for _ in range(3)]
    assert enlarged([*squares, np.zeros((24, 24, 1))]) == [3]
