"""The other side of an adversarial training: a discriminator that learns to tell true images from made ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..jobs.superresolution import ImageLosses
from ..model.backend import keras, tf
from .losses import Images, made_better, told_apart
from .networks import discriminator


class Judge:
    """A discriminator with its optimizer, whose learning rate stays as it is: a discriminator that learns more slowly than the generator
    is outrun, and what it then asks for has no limit.

    Args:
        factors: how many times finer than the coarse image each of the generator's outputs is, finest first.
        wish: its `adversarial` is not "none".
    """

    def __init__(self, bands: int, factors: Sequence[int], wish: ImageLosses, rate: float) -> None:
        self._kind, self._weight = wish.adversarial, wish.gan
        self._network = discriminator.build(bands, factors)
        self._optimizer = keras.optimizers.Adam(rate, beta_1=0.0, beta_2=0.99)
        self._optimizer.build(self._network.trainable_variables)

    @property
    def variables(self) -> dict[str, list[Any]]:
        """All that its next step depends on."""
        return {"judge": self._network.variables, "judging": self._optimizer.variables}

    def loss_of(self, made: Images) -> Any:
        """What the generator has to make smaller."""
        return self._weight * made_better(self._kind, self._network(list(made), training=True))

    def learn(self, truth: Images, made: Images, seed: Any) -> None:
        """One step.

        Args:
            seed: two numbers, of their own for every step, so that a training that goes on draws what one that ran through would.
        """
        mix = tf.random.stateless_uniform((tf.shape(truth[0])[0], 1, 1, 1), seed)
        made = [tf.stop_gradient(image) for image in made]
        with tf.GradientTape() as tape:
            loss = told_apart(self._kind, self._network, truth, made, mix)
        self._optimizer.apply(tape.gradient(loss, self._network.trainable_variables), self._network.trainable_variables)
