"""A training too short for the means of batch normalisation is warned of."""

from __future__ import annotations

from typing import Any

import pytest

from core.model.backend import keras
from core.model.gallery import ARCHITECTURES, find
from core.model.gallery.architecture import Wish
from core.training.network.lag import warn_of_lag

layers = keras.layers


def network(momentum: float = 0.99, trainable: bool = True, nested: bool = False) -> Any:
    source = keras.Input((4, 4, 2))
    part = [layers.Conv2D(2, 1), layers.BatchNormalization(momentum=momentum, trainable=trainable, name="means")]
    if nested:
        part = [keras.Sequential(part)]
    x = source
    for layer in part:
        x = layer(x)
    return keras.Model(source, x)


@pytest.mark.parametrize(
    ("made", "steps", "warned"),
    [
        ({}, 200, True), ({}, 500, False), ({"momentum": 0.9}, 50, False), ({"momentum": 0.9}, 49, True),
        ({"nested": True}, 200, True), ({"trainable": False}, 10, False), ({"momentum": 1.0}, 10**6, True), ({"momentum": 0.0}, 5, False),
    ],
)  # fmt: skip
def test_only_means_that_are_late_are_told(made: dict[str, Any], steps: int, warned: bool, reporter: Any) -> None:
    warn_of_lag(network(**made), steps, reporter)
    assert ("may lag" in reporter.texts) == warned and (not warned or (f"{steps} steps" in reporter.texts and "means" in reporter.texts))


@pytest.mark.parametrize("name", [name for name in ARCHITECTURES if len(find(name).sources) == 1 and find(name).trainable])
def test_the_gallery_is_made_for_little_truth(name: str, reporter: Any) -> None:
    warn_of_lag(find(name).build(Wish((4,), 2)), 60, reporter)  # ten epochs of six batches
    assert "lag" not in reporter.texts
