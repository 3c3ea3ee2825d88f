"""Which epoch is the best."""

from __future__ import annotations

import numpy as np

from core.superresolution.epochs import Epochs

WEIGHTS = [np.zeros(1)]


def test_the_greatest_psnr_is_the_best() -> None:
    epochs = Epochs()
    better = [epochs.add({"psnr": psnr}, WEIGHTS) for psnr in (30.0, 31.0, 30.5)]
    assert better == [True, True, False] and epochs.best == 2


def test_nothing_is_better_than_equal_images() -> None:
    epochs = Epochs()
    assert epochs.add({"psnr": 30.0}, WEIGHTS) and epochs.add({"rmse": 0.0}, WEIGHTS)
    assert not epochs.add({"psnr": 99.0}, WEIGHTS) and epochs.best == 2


def test_with_a_discriminator_the_last_one_counts() -> None:
    epochs = Epochs()
    assert all(epochs.add({"psnr": psnr}, WEIGHTS, by_psnr=False) for psnr in (30.0, 29.0))
    assert epochs.best == 2
