"""Half precision is for the steps alone: forced on this processor, they learn, and nothing of it is left in the model."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from core.jobs import Fitting
from core.model.backend import keras, tf
from core.model.gallery import find
from core.model.gallery.architecture import Wish
from core.model.heads import heads_of
from core.training.data.feed import Batch
from core.training.network.learner import KerasLearner
from core.training.network.losses import HeadLoss
from core.training.network.precision import BFLOAT16, FLOAT16, FULL, computing_in, policy_for, policy_of


def a_batch() -> Batch:
    truth = (np.arange(24) % 3).astype(np.int32)
    pixels = np.random.default_rng(0).normal(truth[:, None, None, None], 1, (24, 16, 16, 2)).astype(np.float32)
    return Batch(np.arange(24), [pixels], [truth])


def learner(policy: str, **fitting: Any) -> KerasLearner:
    keras.utils.set_random_seed(1)
    network = find("cnn16bn").build(Wish((2,), 3))
    (head,) = heads_of(network)
    return KerasLearner(network, [HeadLoss(head, "automatic")], Fitting(**fitting), policy)


@pytest.mark.parametrize(("policy", "half"), [(FLOAT16, "half"), (BFLOAT16, "bfloat16")])
@pytest.mark.parametrize("fitting", [{"optimizer": "adamw"}, {"optimizer": "sgd", "accumulation": 2}], ids=["adamw", "accumulated"])
def test_forced_here_it_learns_and_leaves_no_trace(policy: str, half: str, fitting: dict[str, Any]) -> None:
    taught, batch = learner(policy, **fitting), a_batch()
    configuration, losses = taught.network.to_json(), []
    for _ in range(5):
        for _ in range(5):
            taught.train(batch, 0.01)
        losses.append(taught.totals().loss)
    assert np.isfinite(losses).all() and losses[-1] < 0.5 * losses[0]
    assert taught.infer(batch).answers[0].shape == (24,)
    graph = (taught._accumulate if "accumulation" in fitting else taught._step).get_concrete_function().graph
    convolutions = [op for op in graph.get_operations() if op.type in ("Conv2D", "MatMul")]
    assert len(convolutions) >= 4 and {op.outputs[0].dtype for op in convolutions} == {tf.as_dtype(half)}
    answering = taught._infer.get_concrete_function().graph.get_operations()
    assert tf.as_dtype(half) not in {output.dtype for op in answering for output in op.outputs}
    assert {v.dtype for v in taught.network.trainable_weights} == {"float32"}
    assert taught.network.to_json() == configuration  # what is written


def test_the_loss_is_scaled_for_float16_and_steps_that_overflow_are_left_out() -> None:
    taught, batch = learner(FLOAT16), a_batch()
    taught.train(batch, 0.01)
    before, scale = {v.path: v.numpy() for v in taught.network.trainable_weights}, float(taught._optimizer.dynamic_scale)
    assert scale > 1000
    taught.train(Batch(batch.indices, [np.full_like(batch.sources[0], 3e38)], batch.targets), 0.01)
    for variable in taught.network.trainable_weights:
        np.testing.assert_array_equal(variable.numpy(), before[variable.path])
    assert float(taught._optimizer.dynamic_scale) == scale / 2


def test_a_state_put_back_goes_on_exactly() -> None:
    taught, other, batch = learner(FLOAT16), learner(FLOAT16), a_batch()
    for _ in range(3):
        taught.train(batch, 0.01)
    other.restore(taught.state())
    for each in (taught, other):
        each.train(batch, 0.01)
    for one, two in zip(taught.weights(), other.weights(), strict=True):
        np.testing.assert_array_equal(one, two)


def test_the_policy_is_put_back_whatever_happens() -> None:
    network = find("cnn16").build(Wish((2,), 3))
    with pytest.raises(ZeroDivisionError), computing_in(network, FLOAT16):
        assert network.get_layer("conv1").compute_dtype == "float16"
        assert network.get_layer("normalization1").compute_dtype == "float32"
        assert 1 / 0
    assert network.get_layer("conv1").compute_dtype == "float32"


def test_what_suits_which_device() -> None:
    assert policy_for([]) == FULL
    assert policy_for([(7, 5)]) == policy_for([(8, 0), (7, 0)]) == policy_for([None]) == FLOAT16
    assert policy_for([(8, 0), (9, 0)]) == BFLOAT16


def test_a_processor_stays_in_full_precision_and_says_so(reporter: Any) -> None:
    if tf.config.list_physical_devices("GPU"):
        pytest.skip("there is a GPU")
    assert policy_of("fast", reporter) == policy_of("full", reporter) == FULL
    assert reporter.texts.count("full precision is used") == 1
