from __future__ import annotations

from collections.abc import Callable

import pytest

from core.model.backend import tf
from core.model.loading.load import load
from core.model.probabilities import gives_probabilities

ANSWERS = {
    "softmax": (lambda x: tf.nn.softmax(tf.concat([x, -x], 3)), True),
    "softmax, cropped and enlarged": (lambda x: tf.image.resize(tf.nn.softmax(tf.concat([x, -x], 3))[:, 1:, 1:], [8, 8]), True),
    "sigmoid of a mean": (lambda x: tf.sigmoid(tf.reduce_mean(x, 3)), True),
    "largest probability": (lambda x: tf.reduce_max(tf.nn.softmax(x), 3), True),
    "logits": (lambda x: 2 * x, False),
    "twice a sigmoid": (lambda x: 2 * tf.sigmoid(x), False),
    "the image": (lambda x: tf.identity(x), False),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_what_comes_out_of_a_softmax_or_a_sigmoid(save: Callable[..., str], name: str) -> None:
    function, expected = ANSWERS[name]
    assert gives_probabilities(load(save(lambda x: {"y": function(x)})), "y") is expected
