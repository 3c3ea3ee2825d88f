"""Models that this project did not make: TensorFlow 1 exports, hostile ones."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.model.backend import tf

v1 = tf.compat.v1
SaveV1 = Callable[..., str]


@pytest.fixture
def save(tmp_path: Path) -> Callable[..., str]:
    """save(function, **kinds): a SavedModel of TensorFlow 2 whose signature is the function, of images [n, rows, cols, 1] named x."""

    def make(function: Callable[..., Any], name: str = "model", **module: Any) -> str:
        owner = tf.Module()
        for key, value in module.items():
            setattr(owner, key, value)
        images = tf.TensorSpec([None, None, None, 1], tf.float32, name="x")
        served = tf.function(function, input_signature=[images], autograph=False)
        tf.saved_model.save(owner, str(tmp_path / name), signatures=served)
        return str(tmp_path / name)

    return make


@pytest.fixture
def dynamic_world(sample_data: Callable[[str], Path]) -> str:
    """The network of Google's Dynamic World, a model of the world outside; skips where the sample data is absent."""
    return str(sample_data("model_dynamicworld_savedmodel") / "forward")


@pytest.fixture
def save_v1(tmp_path: Path) -> SaveV1:
    """save_v1(build): a SavedModel of TensorFlow 1. `build()` makes the graph and returns the inputs and the outputs by name; with a saver
    of its own in the graph, as training scripts leave it, beside the one of the export."""

    def make(
        build: Callable[[], tuple[dict[str, Any], dict[str, Any]]], tags: tuple[str, ...] = ("serve",), signature: str = "serving_default",
        saver: bool = False, init: Callable[[], Any] | None = None,
    ) -> str:  # fmt: skip
        folder = str(tmp_path / "model_v1")
        with tf.Graph().as_default(), v1.Session() as session:
            inputs, outputs = build()
            if saver:
                v1.train.Saver()
            session.run(v1.global_variables_initializer())
            infos = [{name: v1.saved_model.build_tensor_info(t) for name, t in part.items()} for part in (inputs, outputs)]
            definition = v1.saved_model.build_signature_def(*infos, "predict")
            builder = v1.saved_model.Builder(folder)
            builder.add_meta_graph_and_variables(
                session, list(tags), {signature: definition}, main_op=init() if init else None, strip_default_attrs=True
            )
            builder.save()
        return folder

    return make
