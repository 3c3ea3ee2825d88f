"""A network that interpolates, and the job superresolve on files."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio

from core.jobs import ServedSource, Superresolve
from core.model.backend import tf
from core.worker import run_job

Call = Callable[..., Any]


def bilinear(bands: int, factor: int = 4, gain: float = 1.0) -> Call:
    """Interpolates: a transposed convolution whose kernel is a tent, band by band."""
    side = 2 * factor
    tent = 1 - np.abs(np.arange(side) - side / 2 + 0.5) / factor
    kernel = (np.outer(tent, tent)[:, :, None, None] * np.eye(bands) * gain).astype("float32")

    def call(image: Any) -> Any:
        shape = tf.shape(image)
        return tf.nn.conv2d_transpose(image, kernel, [shape[0], factor * shape[1], factor * shape[2], bands], factor, "SAME")

    return call


def save(folder: Path, bands: dict[str, int], call: Call) -> str:
    """A SavedModel whose signature has these inputs (names → bands) and what `call` gives as outputs."""
    specs = [tf.TensorSpec([None, None, None, count], tf.float32, name=name) for name, count in bands.items()]
    tf.saved_model.save(tf.Module(), str(folder), signatures=tf.function(call, input_signature=specs))
    return str(folder)


@pytest.fixture(scope="session")
def interpolating(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., str]:
    made: dict[tuple[int, float], str] = {}

    def make(bands: int = 1, gain: float = 1.0) -> str:
        if (bands, gain) not in made:
            call = bilinear(bands, gain=gain)
            made[bands, gain] = save(tmp_path_factory.mktemp("bilinear"), {"lr": bands}, lambda lr: {"hr": call(lr)})
        return made[bands, gain]

    return make


@pytest.fixture
def superresolved(tmp_path: Path, reporter: Any) -> Iterator[Callable[..., Any]]:
    """Runs the job; the pixels (rows, cols, bands) and the open file."""
    exits = contextlib.ExitStack()

    def run(model: str, *images: str, nodata: float | None = None, **options: Any) -> tuple[np.ndarray, Any]:
        sources = tuple(ServedSource((image,), nodata) for image in images)
        out = str(tmp_path / "superresolved.tif")
        outputs = run_job(Superresolve(sources=sources, model=model, output=out, **options), reporter)
        image = exits.enter_context(rasterio.open(out))
        assert (outputs["HEIGHT"], outputs["WIDTH"]) == image.shape
        return np.moveaxis(image.read(), 0, 2), image

    with exits:
        yield run
