"""Batch normalisation that lags behind: what it serves with are means over earlier steps, which a short training never catches up with."""

from __future__ import annotations

from typing import Any

from ...model.backend import keras
from ...reporting import Reporter

ENOUGH = 5  # memories; e⁻⁵, less than 1 %, is left of the means that the network began with


def warn_of_lag(network: Any, steps: int, reporter: Reporter) -> None:
    """Say so if a training of so many steps is too short for the means of the network's batch normalisation.

    A momentum of m remembers 1 ÷ (1 − m) steps: 100 by Keras' own default, made for thousands of steps. In a training of 200 the validation
    is that of means of long gone weights, and swings between good and nonsense while the training loss falls.
    """
    memory = {name: round(1 / max(1 - momentum, 1e-6)) for name, momentum in _momenta(network).items()}
    late = [name for name, remembered in memory.items() if remembered * ENOUGH > steps]
    if not late:
        return
    longest = max(memory.values())
    reporter.warn(
        f"This training has {steps} steps, and batch normalisation remembers {longest} (layer {late[0]}): what the model serves may lag "
        f"behind what it learns. Train for more epochs, with smaller batches, or build the network with a lower momentum (0.9)."
    )


def _momenta(network: Any) -> dict[str, float]:
    """Of the layers of batch normalisation that learn, also in networks within the network."""
    layers = network._flatten_layers(include_self=False)
    return {layer.name: float(layer.momentum) for layer in layers if isinstance(layer, keras.layers.BatchNormalization) and layer.trainable}
