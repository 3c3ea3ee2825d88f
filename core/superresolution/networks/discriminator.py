"""SR4RS's discriminator: tells true images from made ones, looking at all of the generator's scales at once.

It is needed for training only, is never written, and so may hold a layer of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from ...model.backend import keras, tf
from . import parts

FILTERS, LEVELS = 64, 3  # and at least so many times coarser


class MinibatchDeviation(keras.layers.Layer):  # type: ignore[misc]  # Keras has no types
    """One more channel: how much the images of the batch differ (Karras et al. 2018), so that a generator of ever the same detail is found
    out."""

    def call(self, x: Any) -> Any:
        """(samples, rows, cols, channels) with a channel more."""
        deviation = tf.sqrt(tf.math.reduce_variance(x, axis=0) + 1e-8)
        mean = tf.reduce_mean(deviation)
        return tf.concat([x, tf.fill([*tf.unstack(tf.shape(x)[:3]), 1], mean)], axis=-1)


def build(bands: int, factors: Sequence[int], filters: int = FILTERS) -> Any:
    """A network from images to one number each, without a limit: large for true ones.

    Args:
        factors: how many times finer than the coarse image each of the generator's outputs is, finest first.
    """
    images = [keras.Input((None, None, bands), name=f"seen_{factor}") for factor in factors]
    ratios = [fine // coarse for fine, coarse in pairwise(factors)]
    x = _seen(images[0], filters, factors[0])
    for level in range(max(LEVELS, len(ratios))):
        x = parts.leaky(parts.equalized(x, filters, 3, f"level{level}"), f"level{level}")
        x = keras.layers.AveragePooling2D(ratios[level] if level < len(ratios) else 2, padding="same")(x)
        if level < len(ratios):
            x = keras.layers.Concatenate()([x, _seen(images[level + 1], filters, factors[level + 1])])
    x = MinibatchDeviation()(x)
    x = parts.leaky(parts.equalized(x, filters, 3, "last"), "last")
    verdict = keras.layers.Dense(1, name="verdict")(keras.layers.GlobalAveragePooling2D()(x))
    return keras.Model(images, verdict, name="discriminator")


def _seen(image: Any, filters: int, factor: int) -> Any:
    return parts.leaky(parts.equalized(image, filters, 1, f"from_{factor}"), f"from_{factor}")
