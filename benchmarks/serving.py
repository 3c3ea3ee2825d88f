"""Serving against TensorFlow alone, dense evaluation against patches, memory and time as the image grows."""

from __future__ import annotations

import contextlib
import functools
import itertools
import os
import subprocess
import sys
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np

from core.inference import serve
from core.inference.dense import Dense
from core.inference.evaluate import PatchBased
from core.inference.plan import make_plan
from core.inference.reader import BlockReader
from core.jobs import Product, ServedSource, ServeModel, Superresolve
from core.model import contract as contracts
from core.model.geometry.model_geometry import Given, geometry_of
from core.model.loading.load import load
from core.raster.alignment import align
from core.raster.grid import Window
from core.raster.source import Source
from core.reporting import Reporter
from core.superresolution import apply

from . import models, scene
from .measure import SIDE_BY_SIDE, median, paired_ratio, seconds

SIDE = 4096
SMALL_SIDE, FACTOR = 1024, 4  # of what is made four times finer
BUDGET_MB = 2000


def _job(folder: str, model: str, images: list[str], **options: Any) -> ServeModel:
    sources, products = tuple(ServedSource((image,)) for image in images), (Product(os.path.join(folder, "out.tif")),)
    return ServeModel(sources=sources, model=models.model(folder, model), products=products, **options)


def _serve(job: ServeModel) -> None:
    serve.run(job, Reporter(lambda event: None))


def _alone(folder: str, name: str, image: np.ndarray, field: int, ef: int, block: int) -> Callable[[], None]:
    """The model over pixels in memory, block by block, its results kept: what nobody who reads and writes files can beat."""
    model, side = load(models.model(folder, name)), image.shape[0]
    half = (field - ef) // 2
    padded = np.pad(image, [(half + field, half + field)] * 2 + [(0, 0)], mode="reflect")[field:, field:]
    result = np.empty((side, side), np.uint8)

    def run() -> None:
        for row in range(0, side, block):
            for col in range(0, side, block):
                rows, cols = min(block, side - row), min(block, side - col)
                window = padded[row : row + rows + field - ef, col : col + cols + field - ef]
                result[row : row + rows, col : col + cols] = model.run({"source1": window[np.newaxis]}, ["prediction"])["prediction"][0]

    return run


def _against_tensorflow(folder: str, name: str, field: int, ef: int, **options: Any) -> float:
    """Wall time of serving, untuned, ÷ that of TensorFlow alone with its best block, in full precision."""
    image = scene.image(folder, SIDE)
    pixels = scene.pixels(image)
    tried = {block: _alone(folder, name, pixels, field, ef, block) for block in (512, 1024, 2048)}
    for run in tried.values():
        run()  # warm
    best = min(tried, key=lambda block: seconds(tried[block]))
    job = _job(folder, name, [image], **options)
    return paired_ratio(lambda: _serve(job), tried[best])


def serve_fcn_vs_tf(folder: str) -> float:
    """A fully convolutional network with much to compute."""
    return _against_tensorflow(folder, "fcn", 80, 16)


def serve_fcn_fast_vs_tf(folder: str) -> float:
    """The same with PRECISION=fast; about 1 on a device without bfloat16, where serving says so and runs full."""
    return _against_tensorflow(folder, "fcn", 80, 16, precision="fast")


def serve_light_fcn_vs_tf(folder: str) -> float:
    """One with little to compute: reading and writing show."""
    return _against_tensorflow(folder, "light_fcn", 16, 1)


def superresolve_vs_script(folder: str) -> float:
    """Wall time of *Superresolve*, ×4, untuned ÷ that of the script that one writes instead, with its best block; file to file."""
    path = scene.image(folder, SMALL_SIDE)
    tried = {block: _finer_by_script(folder, path, block) for block in (64, 128, 256, 512, 1024)}
    for run in tried.values():
        run()  # warm
    best = min(tried, key=lambda block: seconds(tried[block]))
    out = os.path.join(folder, "fine.tif")
    job = Superresolve((ServedSource((path,)),), models.model(folder, "light_superresolution"), output=out)
    return paired_ratio(lambda: apply.run(job, Reporter(lambda event: None)), tried[best])


def _finer_by_script(folder: str, path: str, block: int) -> Callable[[], None]:
    """Four times finer: the image read, made finer in memory block by block with the same margins, and written as ours is."""
    folder_of_model = models.model(folder, "light_superresolution")
    model = load(folder_of_model)
    edge = max(geometry_of(model, contracts.read(folder_of_model), Given((None,))).halo)
    margin = edge // FACTOR

    def run() -> None:
        image = scene.pixels(path)
        padded = np.pad(image, [(margin, margin)] * 2 + [(0, 0)], mode="reflect")
        rows, cols, bands = image.shape
        result = np.empty((FACTOR * rows, FACTOR * cols, bands), np.uint16)
        for row, col in itertools.product(range(0, rows, block), range(0, cols, block)):
            window = padded[row : row + block + 2 * margin, col : col + block + 2 * margin]
            made = model.run({"source1": window[np.newaxis]}, ["image"])["image"][0]
            place = slice(FACTOR * row, FACTOR * (row + block)), slice(FACTOR * col, FACTOR * (col + block))
            result[place] = np.rint(made[edge:-edge, edge:-edge])
        scene.write(os.path.join(folder, "script.tif"), result)

    return run


def dense_vs_patch(folder: str) -> float:
    """How many times faster dense evaluation is than honest patches, the tutorial's CNN at every pixel of 1000 × 1000."""
    images = [scene.image(folder, 1000)]
    return _dense(folder, "tutorial_cnn", images)


def dense_vs_patch_two_sources(folder: str) -> float:
    """The same with two sources, the second four times finer, 500 × 500 output pixels."""
    return _dense(folder, "two_branches", [scene.image(folder, 500), scene.image(folder, 2000, 1, 2.5)])


def _dense(folder: str, name: str, images: list[str]) -> float:
    """Of the evaluation alone: reading and writing, the same for both, would hide part of the difference."""
    with contextlib.ExitStack() as exits:
        sources = [exits.enter_context(Source([image])) for image in images]
        model, contract = load(models.model(folder, name)), contracts.read(models.model(folder, name))
        geometry = geometry_of(model, contract, Given((None,) * len(sources)))
        grid = sources[0].grid
        plan = make_plan(
            align([source.grid for source in sources]),
            geometry.receptive_fields,
            (1, 1),
            Fraction(1),
            Window(0, 0, grid.height, grid.width),
        )
        patches = PatchBased(model, geometry.inputs, ["prediction"], plan, lambda: None)
        reader = BlockReader(sources, [np.dtype("float32")] * len(sources), plan, "reflect")
        blocks = [reader(block) for block in plan.blocks(256)]
        dense = Dense(patches)
        different = sum(int((patches(block)["prediction"] != dense(block)["prediction"]).sum()) for block in blocks[:1])
        if different:
            raise AssertionError(f"{different} pixels differ")
        return paired_ratio(lambda: [patches(block) for block in blocks], lambda: [dense(block) for block in blocks])


def auto_block_vs_best(folder: str) -> float:
    """Wall time with the block size chosen by itself ÷ with the best of the fixed ones, all in turn. In a warm engine, as for all ratios
    here: it remembers the trial of a model, which a first run pays beside loading it."""
    image = scene.image(folder, 2048)
    sizes = (0, 128, 256, 512, 768, 1024)
    _serve(_job(folder, "fcn", [image]))
    automatic, *fixed = _in_turn([_job(folder, "fcn", [image], block_size=size) for size in sizes])
    return automatic / min(fixed)


def _in_turn(jobs: list[ServeModel]) -> list[float]:
    """Median wall time of each."""
    rounds = [[seconds(functools.partial(_serve, job)) for job in jobs] for _ in range(SIDE_BY_SIDE)]
    return [median(times) for times in zip(*rounds, strict=True)]


def memory_16384_vs_4096(folder: str) -> float:
    """Peak memory of a process that serves 16384² pixels ÷ one that serves 4096², with the same budget, which neither may exceed."""
    return _peak(folder, 16384) / _peak(folder, 4096)


def _peak(folder: str, side: int) -> float:
    script = "import sys; from benchmarks.serving import peak_of_serving; print(*peak_of_serving(sys.argv[1], int(sys.argv[2])))"
    scene.image(folder, side)
    done = subprocess.run([sys.executable, "-c", script, folder, str(side)], capture_output=True, text=True, check=True)
    base, peak = map(int, done.stdout.split()[-2:])
    if peak > base + BUDGET_MB:
        raise AssertionError(f"{peak} MB at {side}²: more than the engine's own {base} MB and the budget of {BUDGET_MB} MB")
    return peak


def peak_of_serving(folder: str, side: int) -> tuple[int, int]:
    """For a process of its own: its peak memory in MB with the model loaded and run on one patch, and after serving the image."""
    from core.worker import peak_memory_mb

    load(models.model(folder, "light_fcn")).run({"source1": np.zeros((1, 16, 16, 4), np.float32)}, ["prediction"])
    base = peak_memory_mb()
    _serve(_job(folder, "light_fcn", [scene.image(folder, side)], memory=BUDGET_MB))
    return base, peak_memory_mb()


def time_linearity_residual(folder: str) -> float:
    """Largest deviation of the times for four sizes from a straight line over the pixels, as a share of the largest time; what a run takes
    for any image, however small, is the line's start."""
    sides = (1024, 2048, 3072, 4096)
    jobs = [_job(folder, "light_fcn", [scene.image(folder, side)]) for side in sides]
    _serve(jobs[-1])
    times = _in_turn(jobs)
    counts = np.array([side**2 for side in sides], float)
    slope, start = np.polyfit(counts, times, 1)
    return float(np.abs(slope * counts + start - times).max() / times[-1])
