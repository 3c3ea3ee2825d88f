"""The job servemodel: a model over images of any size, block by block."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import BadModel, BadParameter
from ..jobs import ServeModel
from ..model import contract as contracts
from ..model.contract import Contract
from ..model.geometry import Given, ModelGeometry, geometry_of, in_words, parse_scale_factor
from ..model.load import LoadedModel, Wanted, device_in_use, load
from ..raster.alignment import align
from ..raster.grid import Window
from ..raster.source import Source
from ..raster.writer import RasterWriter
from ..reporting import Reporter
from .dense import dense_if_equal
from .evaluate import BlockPixels, Evaluator, FullyConvolutional, PatchBased
from .fit import check_fit
from .memory import available_mb, block_size
from .plan import Block, Plan, make_plan
from .products import Layer, OutputFile, choose_outputs
from .reader import BlockReader
from .stream import Stream


@dataclass(frozen=True)
class Setup:
    """Everything that a run needs to know before it computes."""

    sources: tuple[Source, ...]
    model: LoadedModel
    contract: Contract | None
    outputs: tuple[tuple[str, ...], ...]  # of the model, one group a product
    geometry: ModelGeometry
    plan: Plan

    @property
    def dtypes(self) -> list[np.dtype]:
        """Of the model's inputs, in the order of the sources."""
        return [_input(self.model, name).dtype for name in self.geometry.inputs]

    def reader(self, edges: str) -> BlockReader:
        """Reads the blocks of the plan."""
        return BlockReader(self.sources, self.dtypes, self.plan, edges)


def run(job: ServeModel, reporter: Reporter) -> dict[str, Any]:
    """Serve the model; outputs: OUTPUT, OUTPUT2, … (the products' paths), BLOCK_SIZE, WIDTH and HEIGHT (of the output, in pixels)."""
    if not job.products:
        raise BadParameter("Products", expected="at least one raster to write", received="none")
    with contextlib.ExitStack() as exits:
        setup = _set_up(job, exits, reporter)
        evaluator = _evaluator(job, setup, _flat(setup.outputs), reporter)
        layers = _layers(evaluator, setup)
        pairs = zip(job.products, setup.outputs, strict=True)
        files = [OutputFile.of(product.path, [layers[name] for name in group]) for product, group in pairs]
        size = _block_size(job, setup.geometry, evaluator, reporter)
        _stream(job, setup, evaluator, files, size, reporter)
    paths = {f"OUTPUT{i}" if i > 1 else "OUTPUT": product.path for i, product in enumerate(job.products, start=1)}
    return paths | {"BLOCK_SIZE": size, "WIDTH": setup.plan.output.width, "HEIGHT": setup.plan.output.height}


def _stream(job: ServeModel, setup: Setup, evaluator: Evaluator, files: Sequence[OutputFile], size: int, reporter: Reporter) -> None:
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


def _set_up(job: ServeModel, exits: contextlib.ExitStack, reporter: Reporter) -> Setup:
    sources = tuple(exits.enter_context(Source(source.images, source.nodata)) for source in job.sources)
    contract = contracts.read(job.model)
    model = _load(job, contract)
    outputs = tuple(choose_outputs(product.outputs, model, contract) for product in job.products)
    geometry = geometry_of(model, contract, _given(job), _flat(outputs))
    check_fit(sources, geometry.inputs, model, contract, reporter)
    for i, (source, (height, width)) in enumerate(zip(sources, geometry.receptive_fields, strict=True), start=1):
        size = f"{source.grid.height} × {source.grid.width} pixels, {source.count} bands"
        reporter.info(f"Source {i}: {', '.join(Path(path).name for path in source.paths)}; {size}, receptive field {height} × {width}.")
    for line in in_words(geometry):
        reporter.info(line)
    return Setup(sources, model, contract, outputs, geometry, _plan(job, sources, geometry, reporter))


def _flat(groups: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """Every name once."""
    return tuple(dict.fromkeys(name for group in groups for name in group))


def _load(job: ServeModel, contract: Contract | None) -> LoadedModel:
    inputs = tuple(spec.name for spec in contract.inputs) if contract else ()
    outputs = tuple(name for product in job.products for name in product.outputs)
    return load(job.model, Wanted(job.signature, inputs, outputs, job.placeholders, job.trust))


def _given(job: ServeModel) -> Given:
    fields = tuple(source.receptive_field and source.receptive_field[::-1] for source in job.sources)
    return Given(fields, job.expression_field and job.expression_field[::-1], parse_scale_factor(job.scale_factor))


def _input(model: LoadedModel, name: str) -> Any:
    found = next((spec for spec in model.inputs if spec.name == name), None)
    if found is None:
        raise BadModel("The model has no such input", expected=", ".join(spec.name for spec in model.inputs), received=name)
    return found


def _plan(job: ServeModel, sources: Sequence[Source], geometry: ModelGeometry, reporter: Reporter) -> Plan:
    alignment = align([source.grid for source in sources])
    for remark in alignment.remarks:
        reporter.warn(remark)
    whole = sources[0].grid.rescaled(geometry.scale_factor)
    window = whole.window_of(job.extent) if job.extent else Window(0, 0, whole.height, whole.width)
    return make_plan(alignment, geometry.receptive_fields, geometry.expression_field, geometry.scale_factor, window, geometry.halo)


def _evaluator(job: ServeModel, setup: Setup, outputs: Sequence[str], reporter: Reporter) -> Evaluator:
    uneven = setup.plan.uneven_sources()
    if job.mode == "fully_convolutional" and uneven:
        down, across = setup.plan.rows.steps(), setup.plan.cols.steps()
        steps = ", ".join(f"source {i + 1} by {down[i]} × {across[i]} pixels" for i in uneven)
        raise BadModel("Fully convolutional mode needs windows that move by whole pixels", received=steps, remedy="Use patch-based mode.")
    able = bool(setup.geometry.fully_convolutional) and not uneven
    by_blocks = job.mode == "fully_convolutional" or (job.mode == "automatic" and able)
    reporter.info(f"Mode: {'fully convolutional' if by_blocks else 'patch-based'}; outputs {', '.join(outputs)}.")
    kind = FullyConvolutional if by_blocks else PatchBased
    evaluator = kind(setup.model, setup.geometry.inputs, outputs, setup.plan, reporter.check)
    if isinstance(evaluator, PatchBased) and job.mode == "automatic":
        return dense_if_equal(evaluator, setup.reader(job.edges), reporter)
    return evaluator


def _layers(evaluator: Evaluator, setup: Setup) -> dict[str, Layer]:
    """Channels and type of every output, from a trial on the smallest block: some graphs do not tell them."""
    block = next(setup.plan.blocks(1))
    outputs = evaluator(setup.reader("reflect")(block))
    specs = {spec.name: spec for spec in setup.contract.outputs} if setup.contract else {}
    return {name: Layer(name, values.shape[2], values.dtype, specs.get(name)) for name, values in outputs.items()}


def _block_size(job: ServeModel, geometry: ModelGeometry, evaluator: Evaluator, reporter: Reporter) -> int:
    if job.block_size:
        return job.block_size
    budget = job.memory or available_mb()
    size = block_size(geometry, budget, evaluator.held_values, evaluator.largest_block)
    reporter.info(f"Block size {size} output pixels (memory budget {budget} MB).")
    return size
