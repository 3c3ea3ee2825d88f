"""Patches and jobs of small trainings; a network that interpolates, and the job superresolve on files."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from scipy.ndimage import gaussian_filter

from core.jobs import ImageFitting, PairSet, ServedSource, Superresolve, TrainSuperresolution
from core.model.backend import tf
from core.sampling import sidecar
from core.superresolution.degradation import degraded
from core.worker import run_job

Call = Callable[..., Any]
BANDS = ("red", "nir")


@pytest.fixture
def make_patches(tmp_path: Path, make_raster: Callable[..., str]) -> Callable[..., str]:
    """Writes patches of ground with sharp fields as a patch image with its sidecar; `factor`: as a coarser sensor sees them."""

    def make(count: int = 10, side: int = 48, factor: int = 1, gain: float = 1.0, name: str = "") -> str:
        noise = np.random.default_rng(0).normal(0, 1, (count, side + 32, side + 32, 2))
        fine = np.where(gaussian_filter(noise, (0, 3, 3, 0)) > 0, 3000, 1000) + 50 * noise
        pixels = fine[:, 16:-16, 16:-16]
        if factor > 1:
            coarse = degraded(fine, factor, 0.25)
            edge = (coarse.shape[1] - side // factor) // 2
            pixels = coarse[:, edge : edge + side // factor, edge : edge + side // factor]
        rows = pixels.shape[1]
        path = tmp_path / f"{name or factor}.tif"
        image = make_raster(path, (gain * pixels).astype("uint16").reshape(-1, rows, 2), names=BANDS)
        spacing = (2.5 * factor, 2.5 * factor)
        sidecar.write(image, sidecar.PatchSidecar("patches", count, rows, rows, BANDS, crs="EPSG:32631", spacing=spacing))
        return image

    return make


@pytest.fixture
def make_job(tmp_path: Path, make_patches: Callable[..., str]) -> Callable[..., TrainSuperresolution]:
    """A small training by Wald's protocol."""

    def make(**changes: Any) -> TrainSuperresolution:
        fitting = ImageFitting(epochs=2, batch_size=2, learning_rate=2e-3, schedule="constant", average=0.9)
        job = TrainSuperresolution(
            PairSet((make_patches(),)), factor=2, filters=8, blocks=1, fitting=fitting, output=str(tmp_path / "model"), seed=3
        )
        return replace(job, **changes)

    return make


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
