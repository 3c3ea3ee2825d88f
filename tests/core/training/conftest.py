"""Patch images that a network can learn in seconds: the class is in the level of the bands and in a bright corner."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core import jobs
from core.classes import make_classes
from core.model import create
from core.sampling import sidecar

SIDE = 16


@pytest.fixture
def make_patches(tmp_path: Path, make_raster: Callable[..., str]) -> Callable[..., jobs.PatchSet]:
    """Writes `count` patches of each class, in turn, as patch image and label image, with sidecars unless `names` is empty."""

    def make(
        stem: str, codes: Sequence[int] = (1, 2, 3), names: Sequence[str] = ("forest", "water", "town"), count: int = 20,
        bands: int = 2, dtype: str = "uint16", seed: int = 0, levels: Sequence[int] = (1000, 2000, 3000), side: int = SIDE,
    ) -> jobs.PatchSet:  # fmt: skip
        rng = np.random.default_rng(seed)
        labels = np.tile(np.arange(len(codes)), count)
        pixels = rng.normal(np.asarray(levels)[labels][:, None, None, None], 150, (len(labels), side, side, bands))
        image = make_raster(tmp_path / f"{stem}.tif", pixels.reshape(-1, side, bands).astype(dtype))
        codes_image = make_raster(tmp_path / f"{stem}_labels.tif", np.asarray(codes)[labels][:, None].astype("int32"))
        if names:
            classes = make_classes(zip(codes, names, strict=True))
            told = tuple(f"B{band + 2:02d}" for band in range(bands))
            sidecar.write(image, sidecar.PatchSidecar("patches", len(labels), side, side, told, crs="EPSG:32631", spacing=(10.0, 10.0)))
            sidecar.write(codes_image, sidecar.PatchSidecar("labels", len(labels), 1, 1, ("label",), classes=classes))
        return jobs.PatchSet((image,), (codes_image,))

    return make


@pytest.fixture
def make_model(tmp_path: Path, reporter: Any) -> Callable[..., str]:
    """Writes an untrained network of the gallery."""

    def make(bands: int = 2, classes: int = 3, name: str = "untrained", architecture: str = "cnn16", targets: int = 0) -> str:
        create.run(jobs.CreateModel(architecture, (bands,), classes, targets, output=str(tmp_path / name)), reporter)
        return str(tmp_path / name)

    return make
