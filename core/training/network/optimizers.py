"""How a gradient becomes a step."""

from __future__ import annotations

from typing import Any

from ...jobs import Fitting
from ...model.backend import keras

MOMENTUM = 0.9
_UNDECAYED = ("bias", "gamma", "beta")  # as everywhere: decay would only shift the outputs


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
