"""The job servemodel: a model over images of any size, block by block."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import BadModel, BadParameter
from ..jobs import ServedSource, ServeModel
from ..model import contract as contracts
from ..model.contract import Contract
from ..model.geometry import Given, ModelGeometry, geometry_of, parse_scale_factor
from ..model.load import LoadedModel, device_in_use, load
from ..raster.alignment import align
from ..raster.grid import Window
from ..raster.source import Source
from ..raster.writer import RasterWriter
from ..reporting import Reporter
from .evaluate import BlockPixels, Evaluator, FullyConvolutional, Outputs, PatchBased
from .memory import available_mb, block_size
from .plan import Block, Plan, make_plan
from .products import Layer, choose_outputs, describe, stack
from .reader import BlockReader
from .stream import Stream


def run(job: ServeModel, reporter: Reporter) -> dict[str, Any]:
    """Serve the model; outputs: OUTPUT, OUTPUT2, … (the products' paths), BLOCK_SIZE, WIDTH and HEIGHT (of the output, in pixels)."""
    if not job.products:
        raise BadParameter("Products", expected="at least one raster to write", received="none")
    with contextlib.ExitStack() as exits:
        sources = [exits.enter_context(Source(source.images, source.nodata)) for source in job.sources]
        model, contract = load(job.model), contracts.read(job.model)
        geometry = geometry_of(model, contract, _given(job))
        _check_bands(sources, geometry, model)
        plan = _plan(job, sources, geometry, reporter)
        names = [choose_outputs(product.outputs, [o.name for o in model.outputs], contract) for product in job.products]
        evaluator = _evaluator(job, geometry, model, plan, tuple(dict.fromkeys(n for group in names for n in group)), reporter)
        layers = _layers(evaluator, sources, model, geometry, contract)
        size = _block_size(job, geometry, isinstance(evaluator, FullyConvolutional), reporter)
        output_grid = sources[0].grid.rescaled(geometry.scale_factor).part(plan.output)
        bands = [describe([layers[name] for name in group]) for group in names]
        writers = [
            exits.enter_context(RasterWriter(product.path, output_grid, described))
            for product, described in zip(job.products, bands, strict=True)
        ]

        def compute(pixels: BlockPixels) -> list[np.ndarray]:
            outputs = evaluator(pixels) if pixels.valid.any() else _nothing(layers, pixels)
            return [stack([layers[n] for n in group], outputs, pixels.valid, described) for group, described in zip(names, bands, strict=True)]

        def write(block: Block, arrays: list[np.ndarray]) -> None:
            for writer, array in zip(writers, arrays, strict=True):
                writer.write(array, block.window.row - plan.output.row, block.window.col - plan.output.col)

        reporter.phase(f"Computing {plan.output.height} × {plan.output.width} pixels in {plan.count(size)} blocks of {size} on the {device_in_use()}.")
        dtypes = [_input(model, name).dtype for name in geometry.inputs]
        Stream(BlockReader(sources, dtypes, plan, job.edges), compute, write).run(plan.blocks(size), plan.count(size), reporter, "Serving")
    paths = {f"OUTPUT{i}" if i > 1 else "OUTPUT": product.path for i, product in enumerate(job.products, start=1)}
    return paths | {"BLOCK_SIZE": size, "WIDTH": plan.output.width, "HEIGHT": plan.output.height}


def _given(job: ServeModel) -> Given:
    fields = tuple((s.receptive_field[1], s.receptive_field[0]) if s.receptive_field else None for s in job.sources)
    expression_field = (job.expression_field[1], job.expression_field[0]) if job.expression_field else None
    return Given(fields, expression_field, parse_scale_factor(job.scale_factor))


def _check_bands(sources: Sequence[Source], geometry: ModelGeometry, model: LoadedModel) -> None:
    for i, (source, name) in enumerate(zip(sources, geometry.inputs, strict=True), start=1):
        shape = _input(model, name).shape
        if shape is not None and len(shape) == 4 and shape[3] not in (None, source.count):
            raise BadModel(
                f"Source {i} does not fit the model's input {name}",
                expected=f"{shape[3]} bands",
                received=f"{source.count} ({', '.join(source.band_names)})",
                remedy="Give the images that the model was trained with, in that order.",
            )


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
    for i, (source, field) in enumerate(zip(sources, geometry.receptive_fields, strict=True), start=1):
        names = ", ".join(Path(path).name for path in source.paths)
        reporter.info(f"Source {i}: {names}; {source.grid.height} × {source.grid.width} pixels, {source.count} bands, receptive field {field[0]} × {field[1]}.")
    return make_plan(alignment, geometry.receptive_fields, geometry.expression_field, geometry.scale_factor, window)


def _evaluator(
    job: ServeModel, geometry: ModelGeometry, model: LoadedModel, plan: Plan, outputs: Sequence[str], reporter: Reporter
) -> Evaluator:
    uneven = plan.uneven_sources()
    if job.mode == "fully_convolutional" and uneven:
        steps = ", ".join(f"source {i + 1} by {plan.rows.steps()[i]} × {plan.cols.steps()[i]} pixels" for i in uneven)
        raise BadModel("Fully convolutional mode needs windows that move by whole pixels", received=steps, remedy="Use the patch-based mode.")
    by_blocks = job.mode == "fully_convolutional" or (job.mode == "automatic" and bool(geometry.fully_convolutional) and not uneven)
    reporter.info(f"Mode: {'fully convolutional' if by_blocks else 'patch-based'}; outputs {', '.join(outputs)}.")
    kind = FullyConvolutional if by_blocks else PatchBased
    return kind(model, geometry.inputs, outputs, plan, reporter.check)


def _layers(
    evaluator: Evaluator, sources: Sequence[Source], model: LoadedModel, geometry: ModelGeometry, contract: Contract | None
) -> dict[str, Layer]:
    """Channels and type of every output, from a trial on the smallest block: some graphs do not tell them."""
    block = next(evaluator.plan.blocks(1))
    dtypes = [_input(model, name).dtype for name in geometry.inputs]
    outputs = evaluator(BlockReader(sources, dtypes, evaluator.plan, "reflect")(block))
    specs = {spec.name: spec for spec in contract.outputs} if contract else {}
    return {name: Layer(name, values.shape[2], values.dtype, specs.get(name)) for name, values in outputs.items()}


def _block_size(job: ServeModel, geometry: ModelGeometry, fully_convolutional: bool, reporter: Reporter) -> int:
    if job.block_size:
        return job.block_size
    budget = job.memory or available_mb()
    size = block_size(geometry, budget, fully_convolutional)
    reporter.info(f"Block size {size} output pixels (memory budget {budget} MB).")
    return size


def _nothing(layers: dict[str, Layer], pixels: BlockPixels) -> Outputs:
    """Outputs of a block without data: not computed."""
    shape = pixels.valid.shape
    return {name: np.zeros((*shape, layer.channels), layer.dtype) for name, layer in layers.items()}
