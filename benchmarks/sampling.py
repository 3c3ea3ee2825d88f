"""Cutting patches against the obvious loop, and how much memory a million of them take."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable

import fiona
import numpy as np
import rasterio
from rasterio.windows import Window

from core.jobs import ExtractPatches, PatchSource
from core.reporting import Reporter
from core.sampling import extract

from . import scene
from .measure import paired_ratio

SIDE, PATCH, SPACING = 4096, 16, 10.0


def points(folder: str, count: int) -> str:
    """Random points of five classes on the image of SIDE × SIDE pixels, none so near to its edge that a patch would reach over it."""
    path = os.path.join(folder, f"points_{count}.gpkg")
    if os.path.exists(path):
        return path
    rng = np.random.default_rng(0)
    places = rng.uniform(PATCH, SIDE - PATCH, (count, 2)) * SPACING
    schema = {"geometry": "Point", "properties": {"class": "int"}}
    partial = f"{path}.partial.gpkg"
    with fiona.open(partial, "w", driver="GPKG", schema=schema, crs="EPSG:32631") as layer:
        layer.writerecords(
            {"geometry": {"type": "Point", "coordinates": (500000 + x, 5000000 - y)}, "properties": {"class": i % 5}}
            for i, (x, y) in enumerate(places.tolist())
        )
    os.replace(partial, path)
    return path


def _job(folder: str, count: int) -> ExtractPatches:
    source = PatchSource((scene.image(folder, SIDE),), PATCH, PATCH, output=os.path.join(folder, "patches.tif"))
    return ExtractPatches((source,), points(folder, count), field="class", output_labels=os.path.join(folder, "labels.tif"))


def _loop(folder: str, count: int) -> Callable[[], None]:
    """What one writes first: for each point, in their order, a windowed read; the patches stacked in an array, the array written."""
    image, layer = scene.image(folder, SIDE), points(folder, count)

    def run() -> None:
        with fiona.open(layer) as features, rasterio.open(image) as source:
            patches = np.empty((len(features), PATCH, PATCH, source.count), source.dtypes[0])
            for i, feature in enumerate(features):
                row, col = source.index(*feature.geometry["coordinates"])
                patches[i] = np.moveaxis(source.read(window=Window(col - PATCH // 2, row - PATCH // 2, PATCH, PATCH)), 0, 2)
        np.save(os.path.join(folder, "patches.npy"), patches)

    return run


def extract_50k_vs_loop(folder: str) -> float:
    """Wall time of the job extractpatches ÷ that of the loop."""
    job = _job(folder, 50_000)
    return paired_ratio(lambda: extract.run(job, Reporter(lambda event: None)), _loop(folder, 50_000))


def extract_1m_memory(folder: str) -> float:
    """Peak memory in MB of a process that extracts a million patches (2 GB of them)."""
    script = "import sys; from benchmarks.sampling import peak_of_extracting; print(peak_of_extracting(sys.argv[1], int(sys.argv[2])))"
    points(folder, 1_000_000)
    scene.image(folder, SIDE)
    done = subprocess.run([sys.executable, "-c", script, folder, "1000000"], capture_output=True, text=True, check=True)
    return float(done.stdout.split()[-1])


def peak_of_extracting(folder: str, count: int) -> int:
    """For a process of its own."""
    from core.worker import peak_memory_mb

    extract.run(_job(folder, count), Reporter(lambda event: None))
    return peak_memory_mb()
