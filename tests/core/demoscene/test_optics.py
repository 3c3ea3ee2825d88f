"""Sensors: averages, majorities, blur, noise and speckle."""

from __future__ import annotations

import numpy as np
import pytest

from core.demoscene.optics import LOOKS, SCALE, binned, blurred, digital, majority, speckled_decibels

INDEX = np.arange(200)


def test_binning_averages() -> None:
    image = np.random.default_rng(1).random((12, 20), np.float32)
    np.testing.assert_allclose(binned(image, 4), image.reshape(3, 4, 5, 4).mean(axis=(1, 3)), rtol=1e-5)


def test_the_majority_wins_and_of_equals_the_lowest() -> None:
    classes = np.array([[3, 3, 7, 7], [3, 1, 2, 2]], np.uint8)
    assert majority(classes, 2).tolist() == [[3, 2]]


def test_blur_keeps_the_sum_and_spreads_to_neighbours() -> None:
    image = np.zeros((7, 7), np.float32)
    image[3, 3] = 1
    seen = blurred(image, 0.1)
    assert seen.shape == (5, 5)
    assert seen.sum() == pytest.approx(1, abs=1e-6)
    assert seen[2, 1] == pytest.approx(0.08) == pytest.approx(seen[1, 2])


def test_digital_numbers_are_reflectance_with_a_little_noise() -> None:
    numbers = digital(np.full((200, 200), 0.15, np.float32), INDEX, INDEX, 1)
    assert numbers.dtype == np.uint16
    assert numbers.mean() == pytest.approx(0.15 * SCALE, rel=0.001)
    assert 5 < numbers.std() < 40
    assert digital(np.zeros((200, 200), np.float32), INDEX, INDEX, 1).min() == 1  # 0 means no data


def test_speckle_is_multiplicative_of_mean_one() -> None:
    for power in (0.01, 1.0):
        linear = 10 ** (speckled_decibels(np.full((200, 200), power, np.float32), INDEX, INDEX, 2) / 10)
        assert linear.mean() == pytest.approx(power, rel=0.01)
        assert linear.mean() ** 2 / linear.var() == pytest.approx(LOOKS, rel=0.05)
