"""What the engine's tests share: tiny rasters on disk and a reporter that remembers."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine

from core.reporting import Reporter

UTM = "EPSG:32631"
ROOT = Path(__file__).resolve().parents[2]


class RecordingReporter(Reporter):
    """Keeps every event; `cancel_after` events it cancels itself."""

    def __init__(self, cancel_after: int | None = None) -> None:
        self.events: list[dict[str, Any]] = []
        self._cancel_after = cancel_after
        self.cancelled = threading.Event()
        super().__init__(self._record, self.cancelled)

    def _record(self, event: dict[str, Any]) -> None:
        self.events.append(event)
        if self._cancel_after is not None and len(self.events) >= self._cancel_after:
            self.cancelled.set()

    @property
    def texts(self) -> str:
        """Everything that was logged, as one text."""
        return "\n".join(event["text"] for event in self.events if event["type"] == "log")


@pytest.fixture
def reporter() -> RecordingReporter:
    return RecordingReporter()


@pytest.fixture
def make_reporter() -> type[RecordingReporter]:
    return RecordingReporter


@pytest.fixture(scope="session")
def make_raster() -> Callable[..., str]:
    """Writes (rows, cols) or (rows, cols, bands) as a GeoTIFF and returns its path."""

    def make(
        path: Path,
        pixels: np.ndarray,
        *,
        spacing: float = 10.0,
        origin: tuple[float, float] = (500000.0, 5000000.0),
        transform: Affine | None = None,
        crs: str | None = UTM,
        nodata: float | None = None,
        names: tuple[str, ...] = (),
    ) -> str:
        stacked = pixels if pixels.ndim == 3 else pixels[:, :, np.newaxis]
        profile = {
            "driver": "GTiff", "height": stacked.shape[0], "width": stacked.shape[1], "count": stacked.shape[2], "dtype": stacked.dtype,
            "transform": transform or Affine(spacing, 0, origin[0], 0, -spacing, origin[1]), "crs": crs, "nodata": nodata,
            "photometric": "MINISBLACK",
        }  # fmt: skip
        with rasterio.open(path, "w", **profile) as image:
            image.write(np.moveaxis(stacked, 2, 0))
            for band, name in enumerate(names, start=1):
                image.set_band_description(band, name)
        return str(path)

    return make


@pytest.fixture(scope="session")
def sample_data() -> Callable[[str], Path]:
    """A folder of the sample data; skips where it is absent."""
    data = Path(os.environ.get("TENSORSCAPE_DATA") or ROOT.parent / "shared" / "data")

    def find(name: str) -> Path:
        if not (data / name).is_dir():
            pytest.skip(f"no sample data in {data}")
        return data / name

    return find


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
