"""What learns: a network with its optimizer and the losses of its heads, one batch at a time.

Steps of our own instead of `keras.Model.fit`: a cancel takes effect between two batches, truth may be partly unknown, and a step costs
less.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from ..jobs import Fitting
from ..model.backend import keras, tf
from ..model.heads import CLASSES, SIGMOID, logits
from .feed import Batch
from .losses import HeadLoss
from .precision import FULL, computing_in, with_loss_scaling

MOMENTUM = 0.9
_UNDECAYED = ("bias", "gamma", "beta")  # as everywhere: decay would only shift the outputs


@dataclass(frozen=True)
class Totals:
    """Sums over the batches since the last look: of the losses (None: the model tells none), of the right answers of the first head of
    classes, and of the samples or pixels of which its truth is known."""

    loss: float | None
    right: float = 0.0
    known: float = 0.0


@dataclass(frozen=True)
class Inferred:
    """Answers of every head to a batch: indices of classes, or measurements; and the sum of the samples' losses (None: unknown)."""

    loss: float | None
    answers: list[np.ndarray]


class Learner(Protocol):
    """What the training loop needs of a model."""

    def train(self, batch: Batch, rate: float) -> None:
        """One step, at this learning rate."""

    def totals(self) -> Totals:
        """Of the steps since the last call."""

    def infer(self, batch: Batch) -> Inferred:
        """Answers, without learning."""

    def weights(self) -> list[np.ndarray]:
        """What the model is after training."""

    def set_weights(self, weights: Sequence[np.ndarray]) -> None:
        """Put back what `weights` gave."""

    def state(self) -> dict[str, np.ndarray]:
        """All that the next step depends on: weights, the optimizer's memory, random generators."""

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Put back what `state` gave: the next step is what it would have been."""


class KerasLearner:
    """Of a Keras network.

    Args:
        losses: of each head, in the network's order of outputs.
        policy: in which the steps are computed (core/training/precision.py); answers are always computed in full precision.
    """

    def __init__(self, network: Any, losses: Sequence[HeadLoss], fitting: Fitting, policy: str = FULL) -> None:
        self.network, self._losses, self._parts, self._policy = network, tuple(losses), fitting.accumulation, policy
        ends = [logits(tensor) for tensor in network.outputs]
        self._logits = [apart for _, apart in ends]
        self._scores = keras.Model(network.inputs, [tensor for tensor, _ in ends])
        self._counted = next((i for i, loss in enumerate(self._losses) if loss.head.kind == CLASSES), None)
        self._optimizer = with_loss_scaling(make_optimizer(fitting), policy)
        self._optimizer.build(network.trainable_variables)
        self._sums = tf.Variable(tf.zeros(3))  # loss, right, known: on the device, as reading them each step would make it wait
        self._gradients = [tf.Variable(tf.zeros_like(v), trainable=False) for v in network.trainable_variables] if self._parts > 1 else []
        self._compile()

    def _compile(self) -> None:
        sources = [tf.TensorSpec((None, *tensor.shape[1:]), tf.float32) for tensor in self.network.inputs]
        targets = [_target_spec(loss, tensor) for loss, tensor in zip(self._losses, self._scores.outputs, strict=True)]
        scalar = tf.TensorSpec((), tf.float32)
        known = [scalar] * len(targets)
        # Any number of samples: the last batch, which may be smaller, costs no second graph.
        self._step = tf.function(self._step_eagerly, input_signature=[sources, targets, scalar])
        self._accumulate = tf.function(self._accumulate_eagerly, input_signature=[sources, targets, known, scalar])
        self._apply = tf.function(self._apply_eagerly, input_signature=[scalar])
        self._infer = tf.function(self._infer_eagerly, input_signature=[sources, targets])

    def train(self, batch: Batch, rate: float) -> None:
        """One step, at this learning rate; computed in parts if the job says so."""
        sources, targets = _tensors(batch.sources), _tensors(batch.targets)
        if self._parts == 1:
            self._step(sources, targets, tf.constant(rate, tf.float32))
            return
        known = [loss.known(target) for loss, target in zip(self._losses, targets, strict=True)]
        parts = min(self._parts, len(batch.indices))
        for part in range(parts):
            chosen = slice(part, None, parts)
            share = tf.constant(len(batch.indices[chosen]) / len(batch.indices), tf.float32)
            self._accumulate([s[chosen] for s in sources], [t[chosen] for t in targets], known, share)
        self._apply(tf.constant(rate, tf.float32))

    def totals(self) -> Totals:
        loss, right, known = self._sums.numpy().tolist()
        self._sums.assign(tf.zeros(3))
        return Totals(loss, right, known)

    def infer(self, batch: Batch) -> Inferred:
        loss, answers = self._infer(_tensors(batch.sources), _tensors(batch.targets))
        return Inferred(float(loss) * len(batch.indices), [answer.numpy() for answer in answers])

    def weights(self) -> list[np.ndarray]:
        return list(self.network.get_weights())

    def set_weights(self, weights: Sequence[np.ndarray]) -> None:
        self.network.set_weights(list(weights))

    def state(self) -> dict[str, np.ndarray]:
        return {name: variable.numpy() for name, variable in self._variables().items()}

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        for name, variable in self._variables().items():
            variable.assign(state[name])

    def _variables(self) -> dict[str, Any]:
        """With the states of the random generators, which Keras counts among a network's variables, not among its weights."""
        groups = {"network": self.network.variables, "optimizer": self._optimizer.variables}
        return {f"{group}/{index}": variable for group, variables in groups.items() for index, variable in enumerate(variables)}

    def _step_eagerly(self, sources: list[Any], targets: list[Any], rate: Any) -> None:
        known = [loss.known(target) for loss, target in zip(self._losses, targets, strict=True)]
        gradients = self._differentiate(sources, targets, known, tf.constant(1.0))
        self._optimizer.learning_rate.assign(rate)
        self._optimizer.apply(gradients, self.network.trainable_variables)

    def _accumulate_eagerly(self, sources: list[Any], targets: list[Any], known: list[Any], share: Any) -> None:
        for total, gradient in zip(self._gradients, self._differentiate(sources, targets, known, share), strict=True):
            total.assign_add(gradient)

    def _apply_eagerly(self, rate: Any) -> None:
        self._optimizer.learning_rate.assign(rate)
        self._optimizer.apply([tf.identity(total) for total in self._gradients], self.network.trainable_variables)
        for total in self._gradients:
            total.assign(tf.zeros_like(total))

    def _differentiate(self, sources: list[Any], targets: list[Any], known: list[Any], share: Any) -> list[Any]:
        """The gradients of a batch, or of the part of it that has this share of its samples."""
        with tf.GradientTape() as tape:
            with computing_in(self._scores, self._policy):
                scores = [tf.cast(scores, tf.float32) for scores in keras.tree.flatten(self._scores(sources, training=True))]
            loss = self._loss(targets, scores, known) + share * tf.add_n(
                [0.0, *(tf.cast(part, tf.float32) for part in self._scores.losses)]
            )
            scaled = self._optimizer.scale_loss(loss)
        samples = tf.cast(tf.shape(sources[0])[0], tf.float32)
        self._sums.assign_add(tf.stack([loss * samples / share, *self._right(targets, scores)]))
        return list(tape.gradient(scaled, self.network.trainable_variables, unconnected_gradients="zero"))

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


def make_optimizer(fitting: Fitting) -> Any:
    """Adam (Kingma & Ba, 2015), AdamW (Loshchilov & Hutter, 2019) or gradient descent with momentum."""
    optimizers = keras.optimizers
    if fitting.optimizer == "adam":
        return optimizers.Adam(fitting.learning_rate)
    decay = fitting.weight_decay or None
    if fitting.optimizer == "adamw":
        optimizer = optimizers.AdamW(fitting.learning_rate, weight_decay=decay)
    else:
        optimizer = optimizers.SGD(fitting.learning_rate, momentum=MOMENTUM, weight_decay=decay)
    if decay:
        optimizer.exclude_from_weight_decay(var_names=list(_UNDECAYED))
    return optimizer


def _tensors(arrays: Sequence[np.ndarray]) -> list[Any]:
    return [tf.convert_to_tensor(array) for array in arrays]


def _target_spec(loss: HeadLoss, scores: Any) -> Any:
    shape = (None,) * (len(scores.shape) - 1)
    return tf.TensorSpec(shape, tf.int32) if loss.head.kind == CLASSES else tf.TensorSpec((*shape, int(scores.shape[-1])), tf.float32)
