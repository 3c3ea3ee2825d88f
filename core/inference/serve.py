"""The job servemodel: a model over images of any size, block by block."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import BadParameter
from ..jobs import ServeModel
from ..model.load import device_in_use
from ..raster.cache import tile_cache
from ..raster.writer import RasterWriter
from ..reporting import Reporter
from .evaluate import BlockPixels, Evaluator
from .halving import Halving
from .memory import budget_of
from .modes import choose_evaluator
from .plan import Block
from .products import Layer, OutputFile
from .setup import Setup, set_up
from .stream import Stream
from .trial import choose_block_size


def run(job: ServeModel, reporter: Reporter) -> dict[str, Any]:
    """Serve the model; outputs: OUTPUT, OUTPUT2, … (the products' paths), BLOCK_SIZE, WIDTH and HEIGHT (of the output, in pixels)."""
    if not job.products:
        raise BadParameter("Products", expected="at least one raster to write", received="none")
    with contextlib.ExitStack() as exits:
        setup = set_up(job, exits, reporter)
        evaluator = choose_evaluator(job, setup, reporter)
        layers = _layers(evaluator, setup)
        pairs = zip(job.products, setup.outputs, strict=True)
        files = [OutputFile.of(product.path, [layers[name] for name in group]) for product, group in pairs]
        budget = budget_of(job.memory)
        exits.enter_context(tile_cache(budget.cache))
        size = choose_block_size(job, setup, evaluator, budget, reporter)
        _stream(job, setup, Halving(evaluator, setup.plan, reporter), files, size, reporter)
    paths = {f"OUTPUT{i}" if i > 1 else "OUTPUT": product.path for i, product in enumerate(job.products, start=1)}
    return paths | {"BLOCK_SIZE": size, "WIDTH": setup.plan.output.width, "HEIGHT": setup.plan.output.height}


def _stream(job: ServeModel, setup: Setup, evaluator: Halving, files: Sequence[OutputFile], size: int, reporter: Reporter) -> None:
    plan = setup.plan
    grid = setup.sources[0].grid.rescaled(setup.geometry.scale_factor).part(plan.output)

    def compute(pixels: BlockPixels) -> list[np.ndarray]:
        outputs = evaluator(pixels) if pixels.valid.any() else None  # a block without data costs nothing
        return [file.block(outputs, pixels.valid) for file in files]

    def write(block: Block, arrays: list[np.ndarray]) -> None:
        for writer, array in zip(writers, arrays, strict=True):
            writer.write(array, block.window.row - plan.output.row, block.window.col - plan.output.col)

    with contextlib.ExitStack() as exits:
        writers = [exits.enter_context(RasterWriter(file.path, grid, file.bands)) for file in files]
        count = plan.count(size)
        reporter.phase(f"Computing {grid.height} × {grid.width} pixels in {count} blocks of {size} on the {device_in_use()}.")
        Stream(setup.reader(job.edges), compute, write).run(plan.blocks(size), count, reporter, "Serving")


def _layers(evaluator: Evaluator, setup: Setup) -> dict[str, Layer]:
    """Channels and type of every output, from a trial on the smallest block: some graphs do not tell them."""
    block = next(setup.plan.blocks(1))
    outputs = evaluator(setup.reader("reflect")(block))
    specs = {spec.name: spec for spec in setup.contract.outputs} if setup.contract else {}
    return {name: Layer(name, values.shape[2], values.dtype, specs.get(name)) for name, values in outputs.items()}
