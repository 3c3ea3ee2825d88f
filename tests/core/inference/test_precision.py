"""PRECISION=fast is taken where it pays, tells how far it is off, and is gone after the run."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio

from core.inference import precision, serve
from core.jobs import Product, ServedSource, ServeModel
from core.model.backend import keras, tf
from core.model.mixed import half_type, mixed_precision
from core.reporting import Reporter

MakeRaster = Callable[..., str]


@pytest.fixture(scope="module")
def wide_model(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Convolutions wide enough for oneDNN, with scores and classes."""
    keras.utils.set_random_seed(0)
    source = keras.Input((None, None, 3), name="image")
    x = keras.layers.Conv2D(32, 5, activation="relu")(source)
    scores = keras.layers.Conv2D(4, 3)(keras.layers.Conv2D(32, 3, activation="relu")(x))

    def serve_image(image: Any) -> dict[str, Any]:
        values = network(image, training=False)
        return {"scores": values, "winner": tf.argmax(values, -1, output_type=tf.int32)}

    network, module = keras.Model(source, scores), tf.Module()
    module.network = network
    folder = str(tmp_path_factory.mktemp("model") / "wide")
    signature = [tf.TensorSpec((None, None, None, 3), tf.float32, name="image")]
    tf.saved_model.save(module, folder, signatures=tf.function(serve_image, input_signature=signature))
    return folder


@pytest.fixture
def image(tmp_path: Path, make_raster: MakeRaster) -> str:
    return make_raster(tmp_path / "image.tif", np.random.default_rng(0).normal(size=(150, 170, 3)).astype("float32"))


def served(model: str, image: str, out: Path, outputs: tuple[str, ...] = ("scores",), **options: Any) -> tuple[np.ndarray, str]:
    """The raster and the log."""
    lines: list[str] = []
    job = ServeModel(sources=(ServedSource((image,)),), model=model, products=(Product(str(out), outputs),), **options)
    serve.run(job, Reporter(lambda event: lines.append(str(event))))
    with rasterio.open(out) as raster:
        return raster.read(), "\n".join(lines)


def test_fast_where_it_pays_is_close_and_says_how_close(
    tmp_path: Path, wide_model: str, image: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(precision, "WORTH", 1e9)  # as if this device were faster with it
    full, _ = served(wide_model, image, tmp_path / "full.tif")
    fast, log = served(wide_model, image, tmp_path / "fast.tif", precision="fast")
    assert half_type() in log and "of the largest value off" in log
    assert 0 < np.abs(fast - full).max() < 0.05 * np.abs(full).max()
    _, log = served(wide_model, image, tmp_path / "winner.tif", ("winner",), precision="fast")
    assert "of the values equal" in log


def test_it_is_over_after_the_run(tmp_path: Path, wide_model: str, image: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before, _ = served(wide_model, image, tmp_path / "a.tif")
    monkeypatch.setattr(precision, "WORTH", 1e9)
    served(wide_model, image, tmp_path / "b.tif", precision="fast")
    assert np.array_equal(served(wide_model, image, tmp_path / "c.tif")[0], before)


def test_full_where_nothing_is_gained(tmp_path: Path, wide_model: str, image: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(precision, "WORTH", 0.0)
    full, _ = served(wide_model, image, tmp_path / "full.tif")
    fast, log = served(wide_model, image, tmp_path / "fast.tif", precision="fast")
    assert np.array_equal(full, fast) and "gains nothing" in log


def test_full_where_values_overflow(tmp_path: Path, wide_model: str, image: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """float16 of a GPU ends at 65504; played here by a mixed precision that spoils the values."""
    monkeypatch.setattr(precision, "WORTH", 1e9)

    run = precision._timed

    def spoilt(evaluator: Any, blocks: Any) -> Any:
        results, seconds = run(evaluator, blocks)
        return [{name: values * np.inf for name, values in block.items()} for block in results], seconds

    @contextlib.contextmanager
    def overflowing() -> Iterator[None]:
        with monkeypatch.context() as patch:
            patch.setattr(precision, "_timed", spoilt)
            yield

    monkeypatch.setattr(precision, "mixed_precision", overflowing)
    _, log = served(wide_model, image, tmp_path / "fast.tif", precision="fast")
    assert "overflow" in log


def test_mixed_precision_is_what_tensorflow_computes_within(wide_model: str) -> None:
    x = tf.constant(np.random.default_rng(0).normal(size=(1, 64, 64, 3)).astype("float32"))
    function = tf.saved_model.load(wide_model).signatures["serving_default"]
    full = function(image=x)["scores"].numpy()
    with mixed_precision():
        assert not np.array_equal(function(image=x)["scores"].numpy(), full)
    assert np.array_equal(function(image=x)["scores"].numpy(), full)
