"""A Keras network with its optimizer and the losses of its heads, one batch at a time.

Steps of our own instead of `keras.Model.fit`: a cancel takes effect between two batches, truth may be partly unknown, and a step costs
less.

Several devices, or machines, may share every batch (core/training/distribution.py). Each then holds a replica of the network, computes
every n-th sample, and divides its loss by what the whole batch knows; the gradients are summed. So the training is that of one device, but
for rounding and for what looks at several samples at once: batch normalisation normalises with the share's own statistics (its moving
averages are averaged over the replicas), dice is that of each share, and dropout drops alike in all of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ...jobs import Fitting
from ...model.backend import keras, tf
from ...model.heads import CLASSES, SIGMOID, logits
from ..data.feed import Batch
from ..data.truth import UNKNOWN
from ..learner import Inferred, Totals
from ..resuming.variables import from_arrays, to_arrays
from .losses import HeadLoss
from .optimizers import make_optimizer
from .precision import FULL, computing_in, with_loss_scaling


class KerasLearner:
    """Of a Keras network. The devices of the strategy in whose scope the network was made share the work, if this is made there, too.

    Args:
        losses: of each head, in the network's order of outputs.
        policy: in which the steps are computed (core/training/network/precision.py); answers are always computed in full precision.
    """

    def __init__(self, network: Any, losses: Sequence[HeadLoss], fitting: Fitting, policy: str = FULL) -> None:
        self.network, self._losses, self._parts, self._policy = network, tuple(losses), fitting.accumulation, policy
        self._strategy = tf.distribute.get_strategy()
        self._replicas = self._strategy.num_replicas_in_sync
        ends = [logits(tensor) for tensor in network.outputs]
        self._logits = [apart for _, apart in ends]
        self._scores = keras.Model(network.inputs, [tensor for tensor, _ in ends])
        self._counted = next((i for i, loss in enumerate(self._losses) if loss.head.kind == CLASSES), None)
        self._optimizer = with_loss_scaling(make_optimizer(fitting), policy)
        self._optimizer.build(network.trainable_variables)
        # Loss, right, known: on the device, as reading them each step would make it wait. Each replica has its own; read, they are added.
        self._sums = tf.Variable(
            tf.zeros(3), trainable=False, synchronization=tf.VariableSynchronization.ON_READ, aggregation=tf.VariableAggregation.SUM
        )
        self._gradients = [tf.Variable(tf.zeros_like(v), trainable=False) for v in network.trainable_variables] if self._parts > 1 else []
        self._compile()

    def _compile(self) -> None:
        sources = [tf.TensorSpec((None, *tensor.shape[1:]), tf.float32) for tensor in self.network.inputs]
        targets = [_target_spec(loss, tensor) for loss, tensor in zip(self._losses, self._scores.outputs, strict=True)]
        scalar = tf.TensorSpec((), tf.float32)
        known = [scalar] * len(targets)
        # Any number of samples: the last batch, which may be smaller, costs no second graph.
        self._step = self._shared(self._step_eagerly, sources, targets, tf.TensorSpec((2,), tf.float32))
        self._accumulate = self._shared(self._accumulate_eagerly, sources, targets, known, scalar, scalar)
        self._apply = self._shared(self._apply_eagerly, scalar)
        self._settle = self._shared(self._settle_eagerly)
        self._infer = tf.function(self._infer_eagerly, input_signature=[sources, targets])  # by one device: whoever calls needs no others

    def _shared(self, action: Any, *signature: Any) -> Any:
        """What every replica does, as one graph."""
        return tf.function(lambda *arguments: self._strategy.run(action, arguments), input_signature=signature)

    def train(self, batch: Batch, rate: float) -> None:
        """One step, at this learning rate; computed in parts if the job says so."""
        sources, targets = _tensors(batch, self._replicas)
        if self._parts == 1:
            self._step(sources, targets, tf.constant((len(batch.indices), rate), tf.float32))  # one tensor: each costs 1 % of a small step
            return
        count = tf.constant(len(batch.indices), tf.float32)
        known = [loss.known(target) for loss, target in zip(self._losses, targets, strict=True)]
        parts = min(self._parts, max(len(batch.indices) // self._replicas, 1))
        for part in range(parts):
            chosen, divisor = slice(part, None, parts), tf.constant(parts, tf.float32)
            self._accumulate([s[chosen] for s in sources], [t[chosen] for t in targets], known, count, divisor)
        self._apply(tf.constant(rate, tf.float32))

    def totals(self) -> Totals:
        if self._replicas > 1:
            self._settle()
        loss, right, known = self._sums.numpy().tolist()
        self._sums.assign(tf.zeros(3))
        return Totals(loss, right, known)

    def infer(self, batch: Batch) -> Inferred:
        loss, answers = self._infer(*_tensors(batch))
        return Inferred(float(loss) * len(batch.indices), [answer.numpy() for answer in answers])

    def weights(self) -> list[np.ndarray]:
        return list(self.network.get_weights())

    def set_weights(self, weights: Sequence[np.ndarray]) -> None:
        self.network.set_weights(list(weights))

    def state(self) -> dict[str, np.ndarray]:
        return to_arrays(self._variables())

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        from_arrays(self._variables(), state)

    def _variables(self) -> dict[str, list[Any]]:
        """With the states of the random generators, which Keras counts among a network's variables, not among its weights."""
        return {"network": self.network.variables, "optimizer": self._optimizer.variables}

    def _step_eagerly(self, sources: list[Any], targets: list[Any], count_and_rate: Any) -> None:
        count, rate = tf.unstack(count_and_rate)
        known = [loss.known(target) for loss, target in zip(self._losses, targets, strict=True)]
        gradients = self._differentiate(sources, targets, known, count, tf.constant(1.0))
        self._optimizer.learning_rate.assign(rate)
        self._optimizer.apply(gradients, self.network.trainable_variables)

    def _accumulate_eagerly(self, sources: list[Any], targets: list[Any], known: list[Any], count: Any, parts: Any) -> None:
        for total, gradient in zip(self._gradients, self._differentiate(sources, targets, known, count, parts), strict=True):
            total.assign_add(gradient)

    def _apply_eagerly(self, rate: Any) -> None:
        self._optimizer.learning_rate.assign(rate)
        self._optimizer.apply([tf.identity(total) for total in self._gradients], self.network.trainable_variables)
        for total in self._gradients:
            total.assign(tf.zeros_like(total))

    def _differentiate(self, sources: list[Any], targets: list[Any], known: list[Any], count: Any, parts: Any) -> list[Any]:
        """The gradients of this replica's share of a batch of `count` samples, or of one of so many parts of it."""
        sources, targets = self._share(sources), self._share(targets)
        with tf.GradientTape() as tape:
            with computing_in(self._scores, self._policy):
                scores = [tf.cast(scores, tf.float32) for scores in keras.tree.flatten(self._scores(sources, training=True))]
            penalty = tf.add_n([0.0, *(tf.cast(part, tf.float32) for part in self._scores.losses)])
            loss = self._loss(targets, scores, known) + penalty / (parts * self._replicas)
            scaled = self._optimizer.scale_loss(loss)
        self._sums.assign_add(tf.stack([loss * count, *self._right(targets, scores)]))
        return list(tape.gradient(scaled, self.network.trainable_variables, unconnected_gradients="zero"))

    def _share(self, tensors: list[Any]) -> list[Any]:
        """Every n-th sample: those of this replica, of n."""
        if self._replicas == 1:
            return tensors
        with tf.device("CPU:0"):  # where the batch is: no more than the share travels on
            return [tensor[tf.distribute.get_replica_context().replica_id_in_sync_group :: self._replicas] for tensor in tensors]

    def _settle_eagerly(self) -> None:
        """Make the moving averages of batch normalisation those of all replicas. Once an epoch is enough: they are linear in what they
        average, and training does not look at them."""
        moving = [v for v in self.network.non_trainable_variables if v.name.startswith("moving_")]
        if not moving:
            return
        means = tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.MEAN, [tf.identity(v) for v in moving])
        for variable, mean in zip(moving, means, strict=True):
            variable.assign(mean)

    def _loss(self, targets: list[Any], scores: list[Any], known: list[Any]) -> Any:
        heads = zip(self._losses, targets, scores, self._logits, known, strict=True)
        return tf.add_n([loss.weight * loss(target, score, apart, count) for loss, target, score, apart, count in heads])

    def _right(self, targets: list[Any], scores: list[Any]) -> tuple[Any, Any]:
        """How often the first head of classes is right, and of how many."""
        if self._counted is None:
            return tf.constant(0.0), tf.constant(0.0)
        target, answer = targets[self._counted], self._answer(self._counted, scores[self._counted])
        return tf.reduce_sum(tf.cast(answer == target, tf.float32)), self._losses[self._counted].known(target)

    def _infer_eagerly(self, sources: list[Any], targets: list[Any]) -> tuple[Any, list[Any]]:
        scores = keras.tree.flatten(self._scores(sources, training=False))
        known = [loss.known(target) for loss, target in zip(self._losses, targets, strict=True)]
        return self._loss(targets, scores, known), [self._answer(position, score) for position, score in enumerate(scores)]

    def _answer(self, position: int, scores: Any) -> Any:
        loss = self._losses[position]
        if loss.head.kind != CLASSES:
            return scores
        if loss.head.channels == 1 and loss.head.ending == SIGMOID:
            return tf.cast(scores[..., 0] > (0.0 if self._logits[position] else 0.5), tf.int32)
        return tf.argmax(scores, axis=-1, output_type=tf.int32)


def _tensors(batch: Batch, least: int = 1) -> tuple[list[Any], list[Any]]:
    """Sources and targets. Fewer samples than replicas are filled up with some whose truth is unknown: no layer likes an empty share."""
    sources, targets, missing = batch.sources, batch.targets, least - len(batch.indices)
    if missing > 0:
        sources = [np.concatenate([array, np.repeat(array[:1], missing, axis=0)]) for array in sources]
        targets = [np.concatenate([array, _unknown(array, missing)]) for array in targets]
    return [tf.convert_to_tensor(array) for array in sources], [tf.convert_to_tensor(array) for array in targets]


def _unknown(target: np.ndarray, samples: int) -> np.ndarray:
    return np.full((samples, *target.shape[1:]), np.nan if target.dtype.kind == "f" else UNKNOWN, target.dtype)


def _target_spec(loss: HeadLoss, scores: Any) -> Any:
    shape = (None,) * (len(scores.shape) - 1)
    return tf.TensorSpec(shape, tf.int32) if loss.head.kind == CLASSES else tf.TensorSpec((*shape, int(scores.shape[-1])), tf.float32)
