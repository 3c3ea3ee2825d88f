"""Small models whose answers are known, as SavedModels."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest


@pytest.fixture(scope="session")
def linear_model(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., str]:
    """A folder with a model that correlates each input with a fixed random kernel (of its receptive field), adds up the inputs, and repeats
    each value `expression_field` times: linear, so that the expected map can be computed by hand. Made once for each set of arguments."""
    made: dict[tuple[object, ...], str] = {}

    def make(fields: tuple[int, ...], strides: tuple[int, ...], expression_field: int = 1, patch: bool = False, mean: bool = False) -> str:
        key = (fields, strides, expression_field, patch, mean)
        if key not in made:
            made[key] = _save(tmp_path_factory.mktemp("model"), *key)
        return made[key]

    return make


@pytest.fixture(scope="session")
def kernel_of() -> Callable[[int], np.ndarray]:
    """The kernel of `linear_model` for a receptive field."""
    return kernel


def kernel(field: int, mean: bool = False) -> np.ndarray:
    return np.full((field, field), 1 / field**2) if mean else np.random.default_rng(field).normal(size=(field, field)) / field


def _save(folder: Path, fields: tuple[int, ...], strides: tuple[int, ...], expression_field: int, patch: bool, mean: bool) -> str:
    import rasterio  # noqa: F401  before TensorFlow
    import tensorflow as tf

    class Linear(tf.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.kernels = [tf.Variable(kernel(field, mean)[:, :, None, None].astype("float32")) for field in fields]

    module = Linear()
    sizes = [field if patch else None for field in fields]
    specs = [tf.TensorSpec([None, size, size, 1], tf.float32, name=f"source{i + 1}") for i, size in enumerate(sizes)]

    @tf.function(input_signature=specs)
    def serve(*sources):  # type: ignore[no-untyped-def]
        total = sum(
            tf.nn.conv2d(source, weights, stride, "VALID") for source, weights, stride in zip(sources, module.kernels, strides, strict=True)
        )
        values = tf.repeat(tf.repeat(total, expression_field, axis=1), expression_field, axis=2)
        return {"value": values}

    tf.saved_model.save(module, str(folder), signatures={"serving_default": serve})
    return str(folder)
