"""The job servemodel: a model over images of any size, block by block."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..errors import BadParameter
from ..jobs import Product, ServeModel
from ..model.loading.load import device_in_use
from ..model.probabilities import gives_probabilities
from ..raster.cache import tile_cache
from ..raster.writer import RasterWriter
from ..reporting import Reporter
from ..stream import Stream
from .evaluate import BlockPixels, Evaluator
from .gaps import may_have_gaps
from .halving import Halving
from .memory import budget_of
from .modes import choose_evaluator
from .plan import Block
from .precision import fast_if_it_pays
from .products import OutputFile
from .resume import NothingKept, keeping
from .setup import Setup, set_up
from .storage import Layer
from .tally import Tally
from .tiles import room_for_tiles
from .trial import choose_block_size, learn


def run(job: ServeModel, reporter: Reporter, accept: Callable[[Setup], None] = lambda setup: None) -> dict[str, Any]:
    """Serve the model; outputs: OUTPUT, OUTPUT2, … (the products' paths), BLOCK_SIZE, WIDTH and HEIGHT (of the output, in pixels).

    Args:
        accept: refuses, before anything is computed, a model that is none for the job at hand.
    """
    if not job.products:
        raise BadParameter("Products", expected="at least one raster to write", received="none")
    with contextlib.ExitStack() as exits:
        setup = set_up(job, exits, reporter)
        accept(setup)
        evaluator = choose_evaluator(job, setup, reporter)
        fast = fast_if_it_pays(job, evaluator, setup.reader(job.edges), exits, reporter)
        layers = _layers(evaluator, setup, job.products)
        pairs = zip(job.products, setup.outputs, strict=True)
        gaps = may_have_gaps(setup.sources, setup.plan, job.edges, setup.mask is not None)
        files = [OutputFile.of(product, [layers[name] for name in group], gaps, setup.sources) for product, group in pairs]
        for file in files:
            reporter.info(file.in_words())
        bands = [file.bands for file in files]
        how = f"{type(evaluator).__name__}, {'fast' if fast else 'full'} precision"
        kept = exits.enter_context(keeping(job, how, bands, reporter))
        budget = budget_of(job.memory)
        exits.enter_context(tile_cache(budget.cache))
        size = kept.block_size or choose_block_size(job, setup, evaluator, budget, reporter)
        kept.begin(size)
        exits.enter_context(room_for_tiles(setup.sources, setup.plan, bands, size, budget, reporter))
        seconds = _stream(job, setup, Halving(evaluator, setup.plan, reporter), files, size, kept, reporter)
        learn(job, setup, size, seconds)
    paths = {f"OUTPUT{i}" if i > 1 else "OUTPUT": product.path for i, product in enumerate(job.products, start=1)}
    return paths | {"BLOCK_SIZE": size, "WIDTH": setup.plan.output.width, "HEIGHT": setup.plan.output.height}


def _stream(
    job: ServeModel, setup: Setup, evaluator: Halving, files: Sequence[OutputFile], size: int, kept: NothingKept, reporter: Reporter
) -> float | None:
    """Compute and write; the seconds that all blocks took to compute, None if not all of them were."""
    plan, tally = setup.plan, Tally()
    grid = setup.sources[0].grid.rescaled(setup.geometry.scale_factor).part(plan.output)

    def compute(pixels: BlockPixels) -> list[np.ndarray]:
        tally.feed(pixels.valid, pixels.outside_mask)
        outputs = evaluator(pixels) if pixels.valid.any() else None  # a block without data costs nothing
        return [file.block(outputs, pixels.valid, tally) for file in files]

    def write(block: Block, arrays: list[np.ndarray]) -> None:
        for writer, array in zip(writers, arrays, strict=True):
            writer.write(array, block.window.row - plan.output.row, block.window.col - plan.output.col)

    def write_and_keep(block: Block, arrays: list[np.ndarray]) -> None:
        write(block, arrays)
        kept.keep(block, arrays)

    with contextlib.ExitStack() as exits:
        writers = [exits.enter_context(RasterWriter(file.path, grid, file.bands)) for file in files]
        count = plan.count(size)
        finished = kept.restore(plan.blocks(size), count, write)
        left = itertools.islice(plan.blocks(size), finished, None)
        reporter.phase(f"Computing {grid.height} × {grid.width} pixels in {count} blocks of {size} on the {device_in_use()}.")
        stream = Stream(setup.reader(job.edges, skipping=True), compute, write_and_keep)
        stream.run(left, count - finished, reporter, "Serving")
    reporter.info(stream.shares.in_words())
    tally.report(reporter)
    return stream.shares.computing if tally.blocks - tally.masked - tally.empty == count else None


def _layers(evaluator: Evaluator, setup: Setup, products: Sequence[Product]) -> dict[str, Layer]:
    """Channels and type of every output, from a trial on the smallest block: some graphs do not tell them."""
    block = next(setup.plan.blocks(1))
    outputs = evaluator(setup.reader("reflect")(block))
    specs = {spec.name: spec for spec in setup.contract.outputs} if setup.contract else {}
    whole = any(product.dtype not in ("automatic", "float32") for product in products)  # else nobody asks whether they are probabilities

    def probabilities(name: str) -> bool:
        return specs[name].kind == "probabilities" if name in specs else whole and gives_probabilities(setup.model, name)

    return {name: Layer(name, values.shape[2], values.dtype, specs.get(name), probabilities(name)) for name, values in outputs.items()}
