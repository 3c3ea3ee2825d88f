"""What an output pixel costs, with the answers worked out by hand."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest

from core.model.backend import keras, tf
from core.model.gallery import find
from core.model.gallery.architecture import Wish
from core.model.geometry.graph_geometry import read_geometry
from core.model.inspection.cost import BLOCKS, DENSE, PATCHES, Cost, costs_of
from core.model.loading.frozen import FrozenGraph
from core.model.loading.load import load

layers = keras.layers


@pytest.fixture
def costs(tmp_path: Any) -> Callable[..., tuple[Cost, ...]]:
    def of(network: Any, **ratios: Fraction) -> tuple[Cost, ...]:
        network.save(tmp_path / "network.keras")
        graph = FrozenGraph(load(str(tmp_path)))
        (name,) = graph.outputs
        whole = dict.fromkeys(graph.inputs, Fraction(1))
        return costs_of(graph, name, read_geometry(graph)[name], whole | ratios)

    return of


def test_the_tutorials_cnn(costs: Callable[..., tuple[Cost, ...]]) -> None:
    patches, dense = costs(find("cnn16").build(Wish((4,), 3)))
    convolutions = 2 * (12 * 12 * 16 * (5 * 5 * 4) + 4 * 4 * 16 * (3 * 3 * 16) + 32 * (2 * 2 * 16))
    biases_and_relus = 2 * (12 * 12 * 16 + 4 * 4 * 16 + 32)
    pools = 4 * (6 * 6 * 16 + 2 * 2 * 16)
    last = 2 * 32 * 3 + 3 + 3  # dense, bias, softmax
    assert patches.way == PATCHES and patches.in_block == 1
    assert patches.operations == 2 * 16 * 16 * 4 + convolutions + biases_and_relus + pools + last  # normalisation first
    once = 2 * (16 * (5 * 5 * 4) + 16 * (3 * 3 * 16) + 32 * (2 * 2 * 16)) + 2 * (16 + 16 + 32)
    assert dense.way == DENSE and dense.parameters == patches.parameters
    assert once < dense.operations < 1.1 * (once + 2 * 4 * 16 + last + 8)  # every layer once a pixel, and little else
    assert patches.operations / dense.operations > 30


def test_a_fully_convolutional_model_pays_its_edges_besides(costs: Callable[..., tuple[Cost, ...]]) -> None:
    source = keras.Input((None, None, 4), name="x")
    x = layers.Conv2D(8, 5, use_bias=False)(source)
    (found,) = costs(keras.Model(source, layers.Conv2D(3, 9, use_bias=False)(x)))
    first, second = 2 * 100 * 8, 2 * 81 * 8 * 3
    assert found.way == BLOCKS and found.operations == first + second
    assert found.in_block == pytest.approx((first * 520**2 / 512**2 + second) / (first + second))
    assert found.moved == 4 * (4 + 8 + 8 + 3) and found.parameters == 4 * (800 + 1944)


def test_strides_and_super_resolution_are_counted_for_the_output(costs: Callable[..., tuple[Cost, ...]]) -> None:
    source = keras.Input((None, None, 2), name="x")
    (down,) = costs(keras.Model(source, layers.Conv2D(3, 4, strides=4, use_bias=False)(source)))
    assert down.operations == 2 * 16 * 2 * 3 and down.in_block == 1
    (up,) = costs(keras.Model(source, layers.Conv2DTranspose(3, 4, strides=4, use_bias=False)(source)))
    assert up.operations == 2 * 2 * 3


@pytest.mark.parametrize("dilation", [2, 3, 12, 18])
def test_dilated_convolutions_cost_what_others_do(costs: Callable[..., tuple[Cost, ...]], dilation: int) -> None:
    """Though their graphs cut blocks into every n-th pixel, filled up with zeros."""
    source = keras.Input((None, None, 2), name="x")
    (found,) = costs(keras.Model(source, layers.Conv2D(3, 3, dilation_rate=dilation, padding="same", use_bias=False)(source)))
    assert found.operations == 2 * 9 * 2 * 3


def test_two_sources_at_other_spacings(costs: Callable[..., tuple[Cost, ...]]) -> None:
    coarse, fine = keras.Input((8, 8, 4), name="a"), keras.Input((32, 32, 1), name="b")
    joined = layers.Concatenate()([layers.Flatten()(layers.Conv2D(2, 8)(coarse)), layers.Flatten()(layers.Conv2D(2, 32)(fine))])
    network = keras.Model([coarse, fine], layers.Dense(3)(joined))
    ways = [cost.way for cost in costs(network, b=Fraction(1, 4))]
    assert ways[0] == PATCHES
    assert [cost.way for cost in costs(network, b=Fraction(3, 20))] == [PATCHES]  # no whole pixels from patch to patch


def test_an_unknown_geometry_has_no_cost(tmp_path: Any) -> None:
    module = tf.Module()
    images = tf.TensorSpec([None, None, None, 1], tf.float32, name="x")
    tf.saved_model.save(module, str(tmp_path), signatures=tf.function(lambda x: {"y": tf.cumsum(x, 1)}, input_signature=[images]))
    graph = FrozenGraph(load(str(tmp_path)))
    assert costs_of(graph, "y", read_geometry(graph)["y"], {"x": Fraction(1)}) == ()
