"""A network for super-resolution with its optimizer, losses and, if wished for, its discriminator: one batch at a time."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from ..jobs.superresolution import TrainSuperresolution
from ..model.backend import keras, tf
from ..training.resuming.variables import from_arrays, to_arrays
from .judge import Judge
from .losses import pixel_loss, scales_of, vgg_features
from .networks import PACES
from .networks.parts import BICUBIC_REACH, feed
from .pairs import Inputs
from .scaling import Scale


class SuperLearner:
    """Learns from pairs.

    What lies within two coarse pixels of a patch's edge does not count: there even bicubic interpolation needs neighbours that the patch
    lacks.

    Args:
        network: of core/superresolution/networks; it holds its scale already.
        scale: of the bands of its images, in which losses are counted.
    """

    def __init__(self, network: Any, scale: Scale, job: TrainSuperresolution) -> None:
        self.network, self._wish, self._average = network, job.losses, job.fitting.average
        self._centre, self._spread = (tf.constant(part, tf.float32) for part in (scale.centre, scale.spread))
        self._factors = _factors(network, job.factor)
        bands = scale.centre.size
        adversarial = job.losses.adversarial != "none"
        self._optimizer = self._adam(0.9)
        # Against a discriminator, memory of earlier gradients is memory of an earlier opponent: β₁ is 0 (Karras et al. 2018).
        self._against = self._adam(0.0) if adversarial else None
        self._judge = Judge(bands, self._factors, job.losses, job.fitting.learning_rate) if adversarial else None
        self._features = vgg_features(job.losses, bands) if job.losses.vgg else None
        self._means = [tf.Variable(variable, trainable=False) for variable in network.trainable_variables]
        self._done = tf.Variable(0, dtype=tf.int64, trainable=False)
        self._seed, self._pace = job.seed, PACES[job.network] if adversarial else 1.0
        inputs = tuple(tf.TensorSpec(part.shape, tf.float32) for part in network.inputs)
        wanted = [inputs, tf.TensorSpec((None, None, None, bands), tf.float32), tf.TensorSpec((), tf.float32)]
        self._by_pixels = tf.function(self._pixel_step, input_signature=wanted)
        self._by_all = tf.function(self._whole_step, input_signature=wanted)
        self._infer = tf.function(lambda given: feed(network, given)[0], input_signature=wanted[:1])

    def train(self, inputs: Inputs, high: np.ndarray, rate: float, pretrain: bool) -> float:
        """One step, at this learning rate; its loss. `pretrain`: by L1 and L2 alone."""
        alone = pretrain or (self._judge is None and self._features is None)
        step = self._by_pixels if alone else self._by_all
        return float(step(tuple(map(tf.constant, inputs)), tf.constant(high), tf.constant(rate, tf.float32)))

    def infer(self, inputs: Inputs) -> np.ndarray:
        """The finest image, in pixel values; by the weights as they are (see `averaged`)."""
        made: np.ndarray = self._infer(tuple(map(tf.constant, inputs))).numpy()
        return made

    @contextlib.contextmanager
    def averaged(self) -> Iterator[None]:
        """Within it, the network has the moving averages of its weights."""
        if not self._average:
            yield
            return
        weights = [variable.numpy() for variable in self.network.trainable_variables]
        self._assign([mean.numpy() for mean in self._means])
        try:
            yield
        finally:
            self._assign(weights)

    def state(self) -> dict[str, np.ndarray]:
        """All that the next step depends on."""
        return to_arrays(self._variables())

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Put back what `state` gave."""
        from_arrays(self._variables(), state)

    def _variables(self) -> dict[str, list[Any]]:
        groups: dict[str, list[Any]] = {
            "network": self.network.variables,
            "optimizer": self._optimizer.variables,
            "means": self._means,
            "done": [self._done],
        }
        if self._judge is not None and self._against is not None:
            groups |= {"against": self._against.variables, **self._judge.variables}
        return groups

    def _assign(self, weights: list[np.ndarray]) -> None:
        for variable, weight in zip(self.network.trainable_variables, weights, strict=True):
            variable.assign(weight)

    def _pixel_step(self, inputs: Any, high: Any, rate: Any) -> Any:
        truth = self._truth(high)
        with tf.GradientTape() as tape:
            loss = self._of_pixels(truth, self._made(inputs), first=True)
        self._learn(tape.gradient(loss, self.network.trainable_variables), rate, self._optimizer)
        return loss

    def _whole_step(self, inputs: Any, high: Any, rate: Any) -> Any:
        truth = self._truth(high)
        with tf.GradientTape() as tape:
            made = self._made(inputs)
            loss = self._of_pixels(truth, made) + self._of_features(truth, made)
            if self._judge is not None:
                loss += self._judge.loss_of(made)
        self._learn(tape.gradient(loss, self.network.trainable_variables), rate * self._pace, self._against or self._optimizer)
        if self._judge is not None:
            self._judge.learn(truth, made, tf.stack([tf.constant(self._seed, tf.int64), self._done]))
        return loss

    def _adam(self, momentum: float) -> Any:
        optimizer = keras.optimizers.Adam(beta_1=momentum, beta_2=0.99)
        optimizer.build(self.network.trainable_variables)
        return optimizer

    def _learn(self, gradients: list[Any], rate: Any, optimizer: Any) -> None:
        """A step of the optimizer and of the moving averages, which follow fast at first: they shall not remember the first weights."""
        optimizer.learning_rate.assign(rate)
        optimizer.apply(gradients, self.network.trainable_variables)
        self._done.assign_add(1)
        done = tf.cast(self._done, tf.float32)
        kept = tf.minimum(self._average, (1 + done) / (10 + done))
        for mean, variable in zip(self._means, self.network.trainable_variables, strict=True):
            mean.assign(kept * mean + (1 - kept) * variable)

    def _of_pixels(self, truth: list[Any], made: list[Any], first: bool = False) -> Any:
        """By L1 where neither is wished for, and the first epochs need one."""
        l1, l2 = self._wish.l1, self._wish.l2
        return pixel_loss(truth, made, 1.0 if first and not (l1 or l2) else l1, l2)

    def _of_features(self, truth: list[Any], made: list[Any]) -> Any:
        if self._features is None:
            return tf.constant(0.0)
        parts = zip(truth, made, strict=True)
        found = [tf.reduce_mean(tf.square(self._features(image) - self._features(true))) for true, image in parts]
        return self._wish.vgg * tf.add_n(found)

    def _truth(self, high: Any) -> list[Any]:
        finest = self._factors[0]
        images = scales_of((high - self._centre) / self._spread, [finest // factor for factor in self._factors])
        return self._cropped(images)

    def _made(self, inputs: Any) -> list[Any]:
        images = feed(self.network, inputs, training=True)
        return self._cropped([(image - self._centre) / self._spread for image in images])

    def _cropped(self, images: list[Any]) -> list[Any]:
        edges = [BICUBIC_REACH * factor for factor in self._factors]
        return [image[:, edge:-edge, edge:-edge] for image, edge in zip(images, edges, strict=True)]


def _factors(network: Any, factor: int) -> list[int]:
    """How many times finer than the input each output is; the names of all but the first say it."""
    return [factor, *(int(name.rpartition("_")[2]) for name in network.output_names[1:])]
