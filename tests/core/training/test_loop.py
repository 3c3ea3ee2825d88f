"""The loop: which epoch's weights are kept, and what classes weigh."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from core.model.gallery import find
from core.model.gallery.architecture import Wish
from core.training import loop
from core.training.feed import Feed
from core.training.loop import Epoch, Settings
from core.training.prepare import Data, class_weights


class Nothing:
    """Stands for patch images that are not asked: the feed holds its patches."""

    count = 12


@pytest.fixture
def data() -> Data:
    rng = np.random.default_rng(0)
    return Data(Feed(Nothing(), [rng.normal(size=(12, 16, 16, 1)).astype(np.float32)], 0), np.arange(12) % 2)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("looks", "best"),
    [
        ([(1.0, 0.5), (9.0, 0.9), (0.5, 0.2)], 2),  # (loss, accuracy) on the validation data: accuracy decides
        ([(1.0, 0.5), (0.8, 0.5), (0.9, 0.5)], 2),  # where it does not, the loss does
        ([(1.0, 0.5), (1.0, 0.5)], 1),  # the first of equals
        ([(3.0, 0.1), (2.0, 0.2), (1.0, 0.3)], 3),
    ],
)
def test_the_weights_of_the_best_epoch_are_kept(
    monkeypatch: Any, data: Data, reporter: Any, looks: list[tuple[float, float]], best: int
) -> None:
    weights: list[list[np.ndarray]] = []

    def look(trainer: loop.Trainer, _data: Data, _check: Callable[[], None]) -> tuple[float, float, np.ndarray]:
        weights.append(trainer.network.get_weights())
        return (*looks[len(weights) - 1], np.zeros(12))

    monkeypatch.setattr(loop, "evaluate", look)
    network = find("cnn16").build(Wish((1,), 2))
    settings = Settings(len(looks), 5, 1e-2, False, None, 0)
    history = loop.fit(loop.make_trainer(network, data, settings), data, data, settings, reporter)
    assert history.best is not None and history.best.number == best
    for kept, expected in zip(network.get_weights(), weights[best - 1], strict=True):
        np.testing.assert_array_equal(kept, expected)
    assert any((a != b).any() for a, b in zip(weights[0], weights[-1], strict=True))  # training did change them


def test_without_validation_the_training_loss_decides() -> None:
    assert Epoch(2, 0.5, 0.1).merit > Epoch(1, 0.6, 0.9).merit


def test_class_weights_give_every_class_the_same_say(data: Data) -> None:
    targets = np.array([0] * 90 + [1] * 10)
    weight = class_weights(targets, 2)
    np.testing.assert_allclose(weight, [100 / 180, 5.0])
    assert weight[targets].mean() == pytest.approx(1)


def test_class_weights_reach_the_loss(data: Data) -> None:
    changes = []
    for weights in (None, np.array([1.0, 1.0]), np.array([0.0, 3.0])):
        network = find("cnn16").build(Wish((1,), 2))
        network.set_weights([np.full(w.shape, 0.01, w.dtype) for w in network.get_weights()])
        trainer = loop.Trainer(network, 1e-2, weights)
        for batch in data.feed.in_order(12):
            trainer.train(batch, data.targets[batch.indices])
        changes.append(network.get_layer("logits").get_weights()[1])
    np.testing.assert_array_equal(changes[0], changes[1])
    assert changes[2][1] > changes[1][1]  # only class 1 counts: its score rises
