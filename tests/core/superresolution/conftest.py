"""Patches and jobs of small trainings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from core.jobs import ImageFitting, PairSet, TrainSuperresolution
from core.sampling import sidecar
from core.superresolution.degradation import degraded

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
