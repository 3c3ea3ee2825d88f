"""Steps: what counts in the loss, parts of a batch, and that a state put back goes on exactly."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from core.jobs import Fitting
from core.model.backend import keras
from core.model.heads import heads_of, with_kinds
from core.training.data.feed import Batch
from core.training.network.learner import KerasLearner
from core.training.network.losses import HeadLoss

layers = keras.layers


def a_map(channels: int = 3, ending: str = "softmax", noisy: bool = False) -> Any:
    """A network that answers for every pixel, the same whenever it is made."""
    keras.utils.set_random_seed(1)
    source = keras.Input((None, None, 2), name="source1")
    x = layers.Conv2D(4, 3, padding="same", activation="relu")(source)
    x = layers.Dropout(0.5)(layers.BatchNormalization()(x)) if noisy else x
    return keras.Model(source, layers.Conv2D(channels, 1, activation=ending, name="out")(x))


def learner(network: Any, loss: str = "automatic", weights: Any = None, kind: str = "classes", **fitting: Any) -> KerasLearner:
    (head,) = with_kinds(heads_of(network), [kind])
    return KerasLearner(network, [HeadLoss(head, loss, weights)], Fitting(**fitting))


def a_batch(samples: int = 8, seed: int = 0) -> Batch:
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 3, (samples, 5, 5)).astype(np.int32)
    return Batch(np.arange(samples), [rng.normal(truth[..., None], 1, (samples, 5, 5, 2)).astype(np.float32)], [truth])


def vector(network: Any) -> np.ndarray:
    return np.concatenate([w.ravel() for w in network.get_weights()])


@pytest.mark.parametrize("ending", ["softmax", "linear"])
@pytest.mark.parametrize("loss", ["automatic", "focal", "dice"])
def test_it_learns_maps(ending: str, loss: str) -> None:
    network = a_map(ending=ending)
    taught, batch = learner(network, loss), a_batch(32)
    before = taught.infer(batch)
    for _ in range(60):
        taught.train(batch, 0.02)
    totals, after = taught.totals(), taught.infer(batch)
    assert after.loss is not None and before.loss is not None and after.loss < 0.8 * before.loss
    assert (after.answers[0] == batch.targets[0]).mean() > (before.answers[0] == batch.targets[0]).mean() + 0.1
    assert totals.known == 60 * 32 * 25 and 0 < totals.right < totals.known


def test_pixels_without_truth_teach_nothing() -> None:
    batch, networks = a_batch(), [a_map(), a_map()]
    unknown = batch.targets[0].copy()
    unknown[:, :, 3:] = -1
    wild = batch.sources[0].copy()
    wild[:, :, 4] = 50.0  # beyond the reach of what is known: the 3 × 3 kernel sees one pixel far
    for network, source in zip(networks, (batch.sources[0], wild), strict=True):
        taught = learner(network)
        taught.train(Batch(batch.indices, [source], [unknown]), 0.01)
        assert taught.totals().known == 8 * 5 * 3
    np.testing.assert_allclose(vector(networks[0]), vector(networks[1]), atol=1e-6)


def test_a_batch_without_any_truth_is_no_disaster() -> None:
    network = a_map()
    taught, batch = learner(network), a_batch()
    taught.train(Batch(batch.indices, batch.sources, [np.full_like(batch.targets[0], -1)]), 0.01)
    assert np.isfinite(vector(network)).all() and taught.totals().loss == 0


def test_class_weights_reach_the_loss() -> None:
    networks = [a_map(), a_map(), a_map()]
    for network, weights in zip(networks, (None, np.ones(3), np.array([0.0, 0.0, 3.0])), strict=True):
        learner(network, weights=weights).train(a_batch(), 0.01)
    np.testing.assert_array_equal(vector(networks[0]), vector(networks[1]))
    bias = networks[2].get_layer("out").bias.numpy()
    assert bias[2] > bias[0] and bias[2] > bias[1]  # only the last class counts: its score rises


@pytest.mark.parametrize("parts", [2, 3, 100])
def test_a_batch_in_parts_gives_the_same_step(parts: int) -> None:
    batch, networks = a_batch(7), [a_map(), a_map()]
    batch.targets[0][:, 0] = -1
    for network, accumulation in zip(networks, (1, parts), strict=True):
        taught = learner(network, optimizer="sgd", weight_decay=0.0, accumulation=accumulation)
        taught.train(batch, 0.5)
        assert taught.totals().known == 7 * 20
    np.testing.assert_allclose(vector(networks[0]), vector(networks[1]), atol=1e-5)


@pytest.mark.parametrize("optimizer", ["adam", "adamw", "sgd"])
def test_a_state_put_back_goes_on_exactly(optimizer: str) -> None:
    first, second = a_map(noisy=True), a_map(noisy=True)
    one, other = learner(first, optimizer=optimizer), learner(second, optimizer=optimizer)
    for step in range(3):
        one.train(a_batch(seed=step), 0.01)
    other.restore(one.state())
    for taught in (one, other):
        taught.train(a_batch(seed=9), 0.01)
    np.testing.assert_array_equal(vector(first), vector(second))  # with the dropout's dice


def test_measurements_whose_unknown_values_teach_nothing() -> None:
    network = a_map(2, "linear")
    taught, batch = learner(network, kind="values"), a_batch(32)
    truth = np.stack([batch.sources[0][..., 0] * 3, np.full(batch.sources[0].shape[:3], np.nan)], axis=-1).astype(np.float32)
    told = Batch(batch.indices, batch.sources, [truth])
    losses = []
    for _ in range(80):
        taught.train(told, 0.02)
        losses.append(taught.totals().loss)
    assert losses[-1] is not None and losses[0] is not None and losses[-1] < 0.3 * losses[0]
    out = network.get_layer("out").kernel.numpy()
    np.testing.assert_array_equal(out[..., 1], a_map(2, "linear").get_layer("out").kernel.numpy()[..., 1])  # nobody taught it


def test_one_sigmoid_tells_two_classes() -> None:
    network = a_map(1, "sigmoid")
    taught, batch = learner(network), a_batch(32)
    truth = (batch.sources[0][..., 0] > 1).astype(np.int32)
    for _ in range(60):
        taught.train(Batch(batch.indices, batch.sources, [truth]), 0.05)
    answers = taught.infer(Batch(batch.indices, batch.sources, [truth])).answers[0]
    assert (answers == truth).mean() > 0.95


def test_a_smaller_last_batch_counts_by_its_samples() -> None:
    taught = learner(a_map())
    taught.train(a_batch(8), 0.0)
    eight = taught.totals().loss
    taught.train(a_batch(8), 0.0)
    taught.train(Batch(np.arange(1), [a_batch(8).sources[0][:1]], [a_batch(8).targets[0][:1]]), 0.0)
    both = taught.totals().loss
    assert eight is not None and both is not None and eight < both < eight * 2
