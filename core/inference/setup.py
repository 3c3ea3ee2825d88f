"""What serving has to know before it computes: images opened, model loaded, geometry known, everything held against everything."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import BadModel
from ..jobs import ServeModel
from ..model import contract as contracts
from ..model.contract import Contract
from ..model.geometry.model_geometry import Given, ModelGeometry, geometry_of, in_words, parse_scale_factor
from ..model.loading.load import LoadedModel, Wanted, load
from ..raster.alignment import align
from ..raster.grid import Grid, Window
from ..raster.mask import GridMask
from ..raster.source import Source
from ..reporting import Reporter
from .fit import check_fit
from .plan import Plan, make_plan
from .products import choose_outputs
from .reader import BlockReader, everywhere
from .sources import open_sources


@dataclass(frozen=True)
class Setup:
    """Everything that a run needs to know before it computes."""

    sources: tuple[Source, ...]
    model: LoadedModel
    contract: Contract | None
    outputs: tuple[tuple[str, ...], ...]  # of the model, one group a product
    geometry: ModelGeometry
    plan: Plan
    mask: GridMask | None = None  # on the output grid of the whole reference

    @property
    def wanted(self) -> tuple[str, ...]:
        """Every output of the model that is written, once."""
        return _flat(self.outputs)

    @property
    def dtypes(self) -> list[np.dtype]:
        """Of the model's inputs, in the order of the sources."""
        return [_input(self.model, name).dtype for name in self.geometry.inputs]

    def reader(self, edges: str, skipping: bool = False) -> BlockReader:
        """Reads the blocks of the plan; `skipping`: only those of which something is wanted."""
        return BlockReader(self.sources, self.dtypes, self.plan, edges, (self.mask or everywhere) if skipping else None)


def set_up(job: ServeModel, exits: contextlib.ExitStack, reporter: Reporter) -> Setup:
    """Open, load and check; `exits` closes the images."""
    sources = open_sources(job, exits, reporter)
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
    plan = _plan(job, sources, geometry, reporter)
    mask = _mask(job.mask, sources[0].grid.rescaled(geometry.scale_factor), plan.output, exits, reporter) if job.mask else None
    return Setup(sources, model, contract, outputs, geometry, plan, mask)


def _mask(path: str, grid: Grid, output: Window, exits: contextlib.ExitStack, reporter: Reporter) -> GridMask:
    mask = exits.enter_context(GridMask(path, grid, output))
    if mask.remark:
        reporter.warn(mask.remark)
    return mask


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
    return make_plan(
        alignment, geometry.receptive_fields, geometry.expression_field, geometry.scale_factor, window, geometry.halo, job.overlap
    )
