"""What a head's answer costs. Pixels without truth (−1, NaN) cost nothing; the sums are divided by what the whole batch knows.

Cross-entropy; focal: Lin et al., *Focal Loss for Dense Object Detection* (2017), γ = 2; dice: Milletari et al., *V-Net* (2016), added to
the cross-entropy, as its own gradient vanishes where a class is missing; huber: Huber (1964), δ = 1. Errors of measurements are counted in
their standard deviations over the training data, so that heads of different units can be added up.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...errors import BadParameter
from ...model.backend import keras, tf
from ...model.heads import CLASSES, SIGMOID, Head

FOCUS = 2.0  # γ of the focal loss
OF_CLASSES, OF_VALUES = ("automatic", "focal", "dice"), ("automatic", "mae", "huber")


class HeadLoss:
    """The loss of one head.

    Args:
        name: one of core/jobs/'s LOSSES.
        class_weights: of each class's samples; None: all alike.
        spread: standard deviation of each measurement.
        weight: of the head in the sum of all heads.

    Raises:
        BadParameter: a loss that is none for what the head learns.
    """

    def __init__(
        self, head: Head, name: str, class_weights: np.ndarray | None = None, spread: np.ndarray | None = None, weight: float = 1.0
    ) -> None:
        suitable = OF_CLASSES if head.kind == CLASSES else OF_VALUES
        if name not in suitable:
            raise BadParameter(f"Loss of the head {head.name}", expected="one of " + ", ".join(suitable), received=name)
        self.head, self.weight, self._name = head, weight, name
        self._class_weights = None if class_weights is None else tf.constant(class_weights, tf.float32)
        self._spread = None if spread is None else tf.constant(np.where(spread > 0, spread, 1.0), tf.float32)

    def known(self, target: Any) -> Any:
        """Samples, or pixels, that have a truth; of measurements each value counts."""
        return tf.reduce_sum(tf.cast(self._mask(target), tf.float32))

    def __call__(self, target: Any, scores: Any, logits: bool, known: Any) -> Any:
        """The mean over the `known` ones of a batch, of which these may be a part: the losses of all parts add up to that of the batch.

        Args:
            scores: (samples[, rows, cols], channels): logits, or the head's own output.
        """
        mask = self._mask(target)
        losses = self._of_classes(target, scores, logits, mask) if self.head.kind == CLASSES else self._of_values(target, scores, mask)
        mean = tf.reduce_sum(tf.where(mask, losses, 0.0)) / tf.maximum(known, 1.0)
        if self._name != "dice":
            return mean
        return mean + self._dice(target, scores, logits, mask) * self.known(target) / tf.maximum(known, 1.0)

    def _mask(self, target: Any) -> Any:
        return target >= 0 if self.head.kind == CLASSES else tf.math.is_finite(target)

    def _of_classes(self, target: Any, scores: Any, logits: bool, mask: Any) -> Any:
        classes = tf.where(mask, target, 0)
        losses = self._cross_entropy(classes, scores, logits)
        if self._name == "focal":
            losses = losses * (1 - tf.exp(-losses)) ** FOCUS  # exp(−cross-entropy) is the probability of the right class
        return losses if self._class_weights is None else losses * tf.gather(self._class_weights, classes)

    def _cross_entropy(self, classes: Any, scores: Any, logits: bool) -> Any:
        if self.head.channels == 1:  # a single sigmoid
            return keras.losses.binary_crossentropy(tf.cast(classes, tf.float32)[..., None], scores, from_logits=logits)
        return keras.losses.sparse_categorical_crossentropy(classes, scores, from_logits=logits)

    def _dice(self, target: Any, scores: Any, logits: bool, mask: Any) -> Any:
        """1 − the mean over the classes of 2 · overlap ÷ (predicted + true), of the pixels of these samples together."""
        probabilities = self._probabilities(scores, logits)
        known = tf.cast(mask, tf.float32)[..., None]
        truth = tf.one_hot(tf.where(mask, target, 0), self.head.class_count) * known
        axes = list(range(len(scores.shape) - 1))
        overlap = tf.reduce_sum(truth * probabilities, axes)
        both = tf.reduce_sum(truth, axes) + tf.reduce_sum(probabilities * known, axes)
        return 1 - tf.reduce_mean((2 * overlap + 1) / (both + 1))

    def _probabilities(self, scores: Any, logits: bool) -> Any:
        if not logits:
            return self.head.probabilities(scores)
        if self.head.ending == SIGMOID:
            return self.head.probabilities(tf.sigmoid(scores))
        return tf.nn.softmax(scores)

    def _of_values(self, target: Any, scores: Any, mask: Any) -> Any:
        error = tf.where(mask, target - scores, 0.0)
        error = error if self._spread is None else error / self._spread
        size = tf.abs(error)
        if self._name == "mae":
            return size
        return tf.where(size <= 1, error**2 / 2, size - 0.5) if self._name == "huber" else error**2


def loss_weights(text: str, heads: int) -> tuple[float, ...]:
    """The weights of the heads as the user writes them; none: 1 each.

    Raises:
        BadParameter: no numbers, not as many as heads, or below 0.
    """
    if not text.strip():
        return (1.0,) * heads
    try:
        weights = tuple(float(part) for part in text.replace(";", ",").split(","))
    except ValueError:
        weights = ()
    if len(weights) != heads or any(not 0 <= weight < np.inf for weight in weights) or not any(weights):
        raise BadParameter(
            "Weights of the heads", expected=f"{heads} number(s) from 0 on, such as {', '.join(['1'] * heads)}", received=text
        )
    return weights
