"""Operations and bytes: by hand, and against TensorFlow's own profiler where that one knows better than nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from core.model.backend import tf
from core.model.inspection.counting import count

v1 = tf.compat.v1


def random(*shape: int) -> Any:
    return tf.constant(np.random.default_rng(0).normal(size=shape).astype("float32"))


def graph_of(call: Callable[[Any], Any], *shape: int | None) -> tuple[Any, str, str]:
    """A frozen graph, its input and its output."""
    concrete = tf.function(call).get_concrete_function(tf.TensorSpec(shape, tf.float32, name="x"))
    return concrete.graph.as_graph_def(), concrete.inputs[0].name, concrete.outputs[0].name


def profiled(definition: Any, source: str, shape: tuple[int, ...]) -> int:
    """What TensorFlow's profiler says."""
    with tf.Graph().as_default() as graph:
        tf.graph_util.import_graph_def(definition, input_map={source: v1.placeholder(tf.float32, shape)}, name="")
        options = v1.profiler.ProfileOptionBuilder(v1.profiler.ProfileOptionBuilder.float_operation()).with_empty_output().build()
        return int(v1.profiler.profile(graph, cmd="op", options=options).total_float_ops)


@pytest.mark.parametrize(
    "call",
    [
        lambda x: tf.nn.conv2d(x, random(5, 3, 4, 7), 2, "VALID"),
        lambda x: tf.nn.conv2d(x, random(3, 3, 2, 6), 1, "SAME"),  # in two groups
        lambda x: tf.nn.depthwise_conv2d(x, random(3, 3, 4, 2), [1, 1, 1, 1], "SAME"),
        lambda x: tf.nn.conv2d_transpose(x, random(4, 4, 3, 4), [1, 24, 24, 3], 2, "SAME"),
        lambda x: tf.reshape(x, [1, 576]) @ random(576, 5),
        lambda x: tf.matmul(x, random(4, 5)),
        lambda x: tf.nn.max_pool2d(x, [3, 2], 2, "VALID"),
        lambda x: tf.nn.avg_pool2d(x, 3, 1, "SAME"),
        lambda x: tf.maximum(tf.nn.bias_add(x, random(4)) * 2.0 - 1.0, 0.0),
    ],
)
def test_where_the_profiler_knows_it_says_the_same(call: Callable[[Any], Any]) -> None:
    shape = (1, 12, 12, 4)
    definition, source, output = graph_of(call, *shape)
    assert count(definition, {source: shape}, output).operations == profiled(definition, source, shape)


@pytest.mark.parametrize(
    ("call", "operations"),
    [
        (lambda x: tf.nn.relu(x), 36 * 4),
        (lambda x: tf.reduce_mean(x, [1, 2]), 36 * 4),
        (lambda x: tf.concat([x, tf.pad(x, [[0, 0], [0, 0], [0, 0], [0, 0]])], axis=3)[:, ::2], 0),
        (lambda x: tf.nn.conv2d_transpose(x, random(3, 3, 5, 4), [1, 13, 13, 5], 2, "VALID"), 2 * 36 * 4 * 9 * 5),
        (lambda x: tf.nn.conv3d(x[:, None], random(1, 3, 3, 4, 5), [1] * 5, "VALID"), 2 * 16 * 9 * 4 * 5),
        (lambda x: tf.einsum("nhwc,cd->nhwd", x, random(4, 7)), 2 * 36 * 4 * 7),
        (lambda x: tf.matmul(tf.reshape(x, [36, 4]), random(36, 3), transpose_a=True), 2 * 4 * 3 * 36),
        (lambda x: tf.image.resize(x, tf.shape(x)[1:3] * 2), 144 * 4),
        (lambda x: x + random(4) * 2.0, 36 * 4),  # constants are computed once, when the model is loaded
    ],
)
def test_known_answers(call: Callable[[Any], Any], operations: int) -> None:
    definition, source, output = graph_of(call, None, None, None, 4)
    assert count(definition, {source: (1, 6, 6, 4)}, output).operations == operations


def test_bytes_are_those_of_activations_and_of_weights() -> None:
    definition, source, output = graph_of(lambda x: tf.nn.relu(tf.nn.conv2d(x, random(3, 3, 4, 8), 1, "VALID")), None, None, None, 4)
    found = count(definition, {source: (1, 6, 6, 4)}, output)
    window, map_ = 6 * 6 * 4 * 4, 4 * 4 * 8 * 4
    assert found.moved == (window + map_) + (map_ + map_)
    assert found.parameters == 3 * 3 * 4 * 8 * 4 and not found.uncounted


def test_only_what_an_output_needs_counts() -> None:
    concrete = tf.function(lambda x: {"cheap": x + 1.0, "dear": tf.nn.conv2d(x, random(3, 3, 1, 1), 1, "SAME")}).get_concrete_function(
        tf.TensorSpec([1, None, None, 1], tf.float32, name="x")
    )
    definition, outputs = concrete.graph.as_graph_def(), concrete.structured_outputs
    found = {name: count(definition, {"x:0": (1, 5, 5, 1)}, tensor.name) for name, tensor in outputs.items()}
    assert (found["cheap"].operations, found["dear"].operations) == (25, 25 * 18)
    assert found["cheap"].parameters == 4


def test_what_cannot_be_counted_is_named() -> None:
    definition, source, output = graph_of(lambda x: tf.cast(tf.where(x > 0), tf.float32) * 2.0, 1, None, None, 1)
    found = count(definition, {source: (1, 5, 5, 1)}, output)
    assert "Where" in found.uncounted and found.operations == 25  # the comparison
