"""What inspecting a model reads off its graph: the geometry of every output, what serving makes of it, and what a pixel costs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from fractions import Fraction
from typing import Any

from ...errors import BadModel, TensorscapeError
from ..contract import Contract
from ..geometry.geometry_report import described_geometry, no_geometry
from ..geometry.graph_geometry import OutputGeometry
from ..geometry.model_geometry import Given, ModelGeometry, geometry_of, read_graph
from ..loading.load import LoadedModel, Wanted, load
from .cost import BLOCK, Cost, costs_of
from .ground import Seen, spacing_ratios


@dataclass(frozen=True)
class GraphFacts:
    """What is known; nothing of a model that cannot be loaded, or must not be.

    Attributes:
        geometry: of every output, as plain values (core/model/geometry/geometry_report.py).
        served: the geometry that serving works with for the main output: the contract's, or else the graph's. None if neither tells.
        ratios: spacing of each source ÷ spacing of the first, by name.
        assumed: whether nothing tells the ratios.
        cost: of every output, and every way to serve it, as plain values.
    """

    geometry: list[dict[str, Any]]
    served: ModelGeometry | None = None
    ratios: Mapping[str, Fraction] = field(default_factory=dict)
    assumed: bool = False
    cost: list[dict[str, Any]] = field(default_factory=list)


def graph_facts(folder: str, contract: Contract | None) -> GraphFacts:
    """Read a model's graph."""
    try:
        model = load(folder, Wanted(sources=tuple(spec.name for spec in contract.inputs) if contract else ()))
    except TensorscapeError as error:
        return GraphFacts(no_geometry(str(error)))
    found = read_graph(model)
    served = _served(model, contract)
    main = found.get(contract.outputs[0].name) if contract else next(iter(found.values()))
    ratios, assumed = _ratios(model, contract, served, main)
    return GraphFacts(described_geometry(found), served, ratios, assumed, described_cost(model, found, ratios))


def _served(model: LoadedModel, contract: Contract | None) -> ModelGeometry | None:
    outputs = (contract.outputs[0].name,) if contract else ()
    try:
        return geometry_of(model, contract, Given((None,) * len(model.inputs)), outputs)
    except (BadModel, KeyError):  # nothing tells the receptive field; or the contract's output is none of the model's
        return None


def _ratios(
    model: LoadedModel, contract: Contract | None, served: ModelGeometry | None, main: OutputGeometry | None
) -> tuple[dict[str, Fraction], bool]:
    names = [spec.name for spec in model.inputs]
    spacings = {spec.name: spec.spacing for spec in contract.inputs} if contract else {}
    fields = dict(zip(served.inputs, served.receptive_fields, strict=True)) if served else {}
    scales = {name: seen.scale_factor for name, seen in main.inputs.items()} if main and main.fully_convolutional else {}
    sources = [Seen(fields[name][1] if name in fields else None, spacings.get(name), scales.get(name)) for name in names]
    ratios, assumed = spacing_ratios(sources)
    return dict(zip(names, ratios, strict=True)), assumed


def described_cost(model: LoadedModel, geometry: Mapping[str, OutputGeometry], ratios: Mapping[str, Fraction]) -> list[dict[str, Any]]:
    """Of every output and every way to serve it, the slowest first, for each output pixel. A graph that cannot be read has none."""
    from ..loading.frozen import FrozenGraph

    try:
        graph = FrozenGraph(model)
        return [_cost(name, cost) for name, seen in sorted(geometry.items()) for cost in costs_of(graph, name, seen, ratios)]
    except Exception:  # TensorFlow freezes not every graph: the geometry says so with the reason
        return []


def _cost(output: str, cost: Cost) -> dict[str, Any]:
    plain = asdict(cost) | {"uncounted": list(cost.uncounted)}
    return {"output": output, **plain, "block": None if cost.in_block == 1 else BLOCK}
