"""Every architecture of the gallery keeps the promises that serving and training rely on."""

from __future__ import annotations

import numpy as np
import pytest

from core.errors import BadParameter
from core.model.gallery import ARCHITECTURES, find
from core.model.gallery.architecture import FEATURES, LOGITS, NORMALIZATION, Architecture


@pytest.mark.parametrize("architecture", ARCHITECTURES.values(), ids=str)
@pytest.mark.parametrize(("bands", "classes"), [(1, 2), (13, 9)])
def test_it_is_a_classifier_of_patches(architecture: Architecture, bands: int, classes: int) -> None:
    counts = (bands,) * len(architecture.patch_sizes)
    network = architecture.build(counts, classes)
    assert [tensor.name for tensor in network.inputs] == [f"source{i + 1}" for i in range(len(counts))]
    patches = [np.random.default_rng(0).normal(size=(3, h, w, bands)).astype(np.float32) for w, h in architecture.patch_sizes]
    probabilities = network(patches if len(patches) > 1 else patches[0], training=False).numpy()
    assert probabilities.shape == (3, classes)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)
    for position in range(len(counts)):
        assert network.get_layer(f"{NORMALIZATION}{position + 1}")
    assert network.get_layer(LOGITS).output.shape[-1] == classes
    contract = architecture.contract("name", network, classes)
    assert [spec.kind for spec in contract.outputs] == ["classes", "probabilities", "features"]
    assert len(contract.outputs[2].bands) == network.get_layer(FEATURES).output.shape[-1]
    assert tuple(spec.receptive_field for spec in contract.inputs) == architecture.patch_sizes


def test_the_tutorial_cnn_is_that_of_the_tutorial() -> None:
    network = find("cnn16").build((4,), 6)
    shapes = [tuple(network.get_layer(name).output.shape[1:]) for name in ("conv1", "pool1", "conv2", "pool2", "conv3", FEATURES)]
    assert shapes == [(12, 12, 16), (6, 6, 16), (4, 4, 16), (2, 2, 16), (1, 1, 32), (32,)]
    assert sum(int(np.prod(w.shape)) for w in network.trainable_weights) == 400 * 4 + 33 * 6 + 4416


def test_unknown_and_impossible_ones_are_refused() -> None:
    with pytest.raises(BadParameter, match="one of cnn16, cnn16bn"):
        find("resnet")
    for bands, classes in (((), 3), ((1, 1), 3), ((0,), 3), ((1,), 1)):
        with pytest.raises(BadParameter):
            find("cnn16").check(bands, classes)
