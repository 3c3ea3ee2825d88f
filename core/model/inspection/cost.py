"""What a pixel of the map costs: operations and bytes, in the way in which the model is served.

In blocks, an output of a large block costs its share only. Windows of n × n expression fields cost a·n² + b·n + c, where b and c belong to
the edges: a, half the second difference of three sizes, is the cost of a field in a block without end. In a block of real size the edges
(receptive field, halo) come on top. Patch by patch, every output costs a whole patch, or its share of one for an expression field beyond
1 × 1; densely (core/model/dense/evaluation.py), what a block does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from math import prod

from ..dense.evaluation import PatchGrid, dense_function
from ..dense.patch_map import NotDense
from ..geometry.graph_geometry import OutputGeometry
from ..loading.frozen import FrozenGraph
from .counting import Count, count

BLOCKS, PATCHES, DENSE = "in blocks", "patch by patch", "dense"
BLOCK = 512  # output pixels on a side: of a block in the usual memory
STEP = 72  # expression fields between the three sizes: dilated convolutions fill blocks up to multiples of the dilation, mostly 2 to 36


@dataclass(frozen=True)
class Cost:
    """Of one output pixel.

    Attributes:
        way: how the model is served.
        operations: FLOPs; a multiply-add counts as two.
        moved: bytes of activations, read and written (core/model/inspection/counting.py says how).
        in_block: how many times as many operations these are in a block of BLOCK pixels, for its edges; 1 patch by patch.
        parameters: bytes of the weights, read once a call.
        uncounted: kinds of operations that are not in the numbers.
    """

    way: str
    operations: float
    moved: float
    in_block: float
    parameters: int
    uncounted: tuple[str, ...]


def costs_of(graph: FrozenGraph, name: str, geometry: OutputGeometry, ratios: Mapping[str, Fraction]) -> tuple[Cost, ...]:
    """The cost of an output in every way in which it can be served, the slowest first; empty if its geometry is not known.

    Args:
        ratios: spacing of each source ÷ spacing of the first.
    """
    if geometry.unknown or not geometry.inputs:
        return ()
    if geometry.fully_convolutional:
        return (_in_blocks(BLOCKS, geometry.expression_field, _windows(graph, name, geometry)),)
    patch = _windows(graph, name, geometry)(1)
    outputs = prod(geometry.expression_field)
    patches = Cost(PATCHES, patch.operations / outputs, patch.moved / outputs, 1.0, patch.parameters, patch.uncounted)
    dense = _densely(graph, name, geometry, ratios)
    gain = dense is not None and dense.operations < patches.operations
    return (patches, replace(dense, parameters=patch.parameters)) if dense and gain else (patches,)


def _in_blocks(way: str, field: tuple[int, int], cost: Callable[[int], Count]) -> Cost:
    """From the cost of n × n expression fields."""
    n = max(BLOCK // max(field), 1)
    one, two, three = (cost(n + more * STEP) for more in range(3))
    outputs = 2 * STEP**2 * prod(field)
    operations = (three.operations - 2 * two.operations + one.operations) / outputs
    moved = (three.moved - 2 * two.moved + one.moved) / outputs
    in_block = one.operations / (n * n * prod(field))
    return Cost(way, operations, moved, in_block / operations if operations else 1.0, one.parameters, one.uncounted)


def _windows(graph: FrozenGraph, name: str, geometry: OutputGeometry) -> Callable[[int], Count]:
    """The cost of the windows of n × n expression fields: of one patch for n = 1."""
    definition = graph.definition()

    def cost(n: int) -> Count:
        shapes = {}
        for source, seen in geometry.inputs.items():
            steps = [int(field * (seen.scale_factor or 1)) for field in geometry.expression_field]
            rows, cols = (size + (n - 1) * step for size, step in zip(seen.receptive_field, steps, strict=True))
            shapes[graph.inputs[source].name] = (1, rows, cols, graph.inputs[source].shape[-1])
        return count(definition, shapes, graph.outputs[name].name)

    return cost


def _densely(graph: FrozenGraph, name: str, geometry: OutputGeometry, ratios: Mapping[str, Fraction]) -> Cost | None:
    """None where the model has no dense form, or patches of a source do not move by whole pixels."""
    grids = {}
    for source, seen in geometry.inputs.items():
        steps = [field / ratios[source] for field in geometry.expression_field]
        if any(step.denominator != 1 for step in steps):
            return None
        grids[source] = seen.receptive_field, (int(steps[0]), int(steps[1]))
    try:
        function = dense_function(graph, {source: PatchGrid(*grid) for source, grid in grids.items()}, [name])
    except NotDense:
        return None
    definition, output = function.graph.as_graph_def(), function.structured_outputs[name].name

    def cost(n: int) -> Count:
        windows = [
            (1, *(size + (n - 1) * step for size, step in zip(size, step, strict=True)), graph.inputs[source].shape[-1])
            for source, (size, step) in sorted(grids.items())
        ]
        shapes = [*windows, *[(n,)] * (2 * len(grids))]
        return count(definition, {tensor.name: shape for tensor, shape in zip(function.inputs, shapes, strict=True)}, output)

    return _in_blocks(DENSE, geometry.expression_field, cost)
