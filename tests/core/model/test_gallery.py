"""Every architecture of the gallery keeps the promises that serving and training rely on."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from core.errors import BadParameter
from core.model.contract import Contract
from core.model.gallery import ARCHITECTURES, find
from core.model.gallery.architecture import FEATURES, LOGITS, NORMALIZATION, Architecture, Wish
from core.model.promise import contract_of

DATES = 3
LEARNING = [architecture for architecture in ARCHITECTURES.values() if architecture.trainable]


def wish_for(architecture: Architecture, bands: int, classes: int, targets: int = 0) -> Wish:
    """Of so many bands in every source (at every date)."""
    dates = DATES if architecture.temporal else 1
    counts = tuple(bands * dates if role == "time series" else bands for role in architecture.sources)
    return Wish(counts, classes, targets, dates)


def patches_for(contract: Contract, samples: int = 3) -> list[np.ndarray]:
    """Random ones, of the contract's receptive fields."""
    rng = np.random.default_rng(0)
    fields = [(*reversed(spec.receptive_field), spec.band_count) for spec in contract.inputs]
    return [rng.normal(size=(samples, *field)).astype(np.float32) for field in fields]


def answers(network: Any, patches: list[np.ndarray]) -> list[np.ndarray]:
    """Of every head."""
    found = network(patches if len(patches) > 1 else patches[0], training=False)
    return [np.asarray(tensor) for tensor in (found if isinstance(found, (list, tuple)) else [found])]


@pytest.mark.parametrize("architecture", LEARNING, ids=lambda a: str(a.id))
@pytest.mark.parametrize(("bands", "classes"), [(1, 2), (13, 9)])
def test_it_tells_classes(architecture: Architecture, bands: int, classes: int) -> None:
    network = architecture.build(wish_for(architecture, bands, classes))
    contract = contract_of(network, "name", architecture.id)
    assert [spec.name for spec in contract.inputs] == [f"source{i + 1}" for i in range(len(architecture.sources))]
    assert [spec.kind for spec in contract.outputs] == ["classes", "probabilities", "features"]
    (probabilities,) = answers(network, patches_for(contract))
    assert probabilities.shape[-1] == classes
    np.testing.assert_allclose(probabilities.sum(axis=-1), 1, atol=1e-5)
    for position in range(len(architecture.sources)):
        assert network.get_layer(f"{NORMALIZATION}{position + 1}")
    assert network.get_layer(LOGITS).output.shape[-1] == classes
    assert len(contract.outputs[2].bands) == network.get_layer(FEATURES).output.shape[-1]


@pytest.mark.parametrize("architecture", LEARNING, ids=lambda a: str(a.id))
def test_it_estimates_measurements_beside_classes_or_alone(architecture: Architecture) -> None:
    contract = contract_of(architecture.build(wish_for(architecture, 2, 0, targets=3)), "name")
    assert [spec.kind for spec in contract.outputs] == ["values", "features"]
    network = architecture.build(wish_for(architecture, 2, 4, targets=3))
    contract = contract_of(network, "name")
    assert [spec.kind for spec in contract.outputs] == ["classes", "probabilities", "values", "features"]
    probabilities, values = answers(network, patches_for(contract))
    assert (probabilities.shape[-1], values.shape[-1]) == (4, 3) and probabilities.shape[:-1] == values.shape[:-1]


def test_the_tutorial_cnn_is_that_of_the_tutorial() -> None:
    network = find("cnn16").build(Wish((4,), 6))
    shapes = [tuple(network.get_layer(name).output.shape[1:]) for name in ("conv1", "pool1", "conv2", "pool2", "conv3", FEATURES)]
    assert shapes == [(12, 12, 16), (6, 6, 16), (4, 4, 16), (2, 2, 16), (1, 1, 32), (32,)]
    assert sum(int(np.prod(w.shape)) for w in network.trainable_weights) == 400 * 4 + 33 * 6 + 4416


def test_unknown_and_impossible_ones_are_refused() -> None:
    with pytest.raises(BadParameter, match="one of cnn16, cnn16bn"):
        find("resnet")
    for bands, classes in (((), 3), ((1, 1), 3), ((0,), 3), ((1,), 1), ((1,), 0)):
        with pytest.raises(BadParameter):
            find("cnn16").check(Wish(bands, classes))


@pytest.mark.parametrize("name", ["cnn16bn", "unet", "resunet", "deeplab", "fusenet", "m3fusion", "panms"])
def test_what_it_learns_in_thirty_steps_it_can_serve(name: str) -> None:
    """Batch normalisation serves with means that run after the batches': where truth is scarce, they must have arrived soon."""
    network = find(name).build(wish_for(find(name), 2, 2))
    layers = [layer for layer in network.layers if "moving_mean" in [weight.name for weight in layer.weights]]
    assert layers
    for layer in layers:
        values = np.ones((2, *layer.input.shape[-1:]), np.float32).reshape(2, *[1] * (len(layer.input.shape) - 2), -1)
        for _ in range(30):
            layer(values, training=True)
        assert np.asarray(layer.moving_mean).min() > 0.95
