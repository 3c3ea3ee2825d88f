"""PRECISION=fast: the steps of a training in half-size numbers, where the device gains from them.

Only the forward pass and the gradients of its activations are: the weights, the optimizer, the losses, and all that is measured or written
stay in single precision (Micikevicius et al., *Mixed Precision Training*, 2018). A GPU of compute capability 8 takes bfloat16, which has
the range of single precision; an older one float16, whose small gradients would vanish, so that the loss is scaled up for them, and steps
that overflow are left out.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from ...model.backend import keras, tf
from ...reporting import Reporter

FULL, FLOAT16, BFLOAT16 = "float32", "mixed_float16", "mixed_bfloat16"
BFLOAT16_SINCE = (8, 0)  # compute capability of NVIDIA's GPUs


def policy_of(precision: str, reporter: Reporter) -> str:
    """The dtype policy of Keras in which this device should compute the steps. `precision`: of the job."""
    if precision != "fast":
        return FULL
    details = [tf.config.experimental.get_device_details(gpu) for gpu in tf.config.list_physical_devices("GPU")]
    policy = policy_for([each.get("compute_capability") for each in details])
    if policy == FULL:
        reporter.warn("There is no GPU, and a processor is slower in half precision: full precision is used.")
    else:
        reporter.info(f"Precision: {policy.removeprefix('mixed_')}; the weights stay in float32.")
    return policy


def policy_for(capabilities: list[tuple[int, int] | None]) -> str:
    """The policy that suits all GPUs of these compute capabilities; None: one that tells none."""
    if not capabilities:
        return FULL
    return BFLOAT16 if all(each is not None and each >= BFLOAT16_SINCE for each in capabilities) else FLOAT16


@contextlib.contextmanager
def computing_in(network: Any, policy: str) -> Iterator[None]:
    """Within it the layers of a network compute by this policy; a function of TensorFlow that is traced there always will.

    Layers that meet the values of images and measurements, and probabilities, stay as they are: 11 bits do not tell 10 000 from 10 001.
    """
    exact = (keras.layers.InputLayer, keras.layers.Normalization, keras.layers.Rescaling, keras.layers.Softmax, keras.Model)
    chosen = [] if policy == FULL else [layer for layer in network._flatten_layers() if not isinstance(layer, exact)]
    before = [layer.dtype_policy for layer in chosen]
    try:
        for layer in chosen:
            layer.dtype_policy = policy
        yield
    finally:
        for layer, earlier in zip(chosen, before, strict=True):
            layer.dtype_policy = earlier


def with_loss_scaling(optimizer: Any, policy: str) -> Any:
    """The optimizer, which scales the loss if the policy needs that."""
    return keras.optimizers.LossScaleOptimizer(optimizer) if policy == FLOAT16 else optimizer
