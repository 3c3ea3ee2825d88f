"""What a Keras network promises: the contract that follows from its graph alone, before anybody has told it bands or classes."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from ..errors import BadModel
from .contract import Contract, InputSpec
from .geometry.graph_geometry import OutputGeometry
from .heads import heads_of, outputs_of, unnamed_classes
from .loading.keras_graph import trace
from .loading.load import LoadedModel
from .loading.signature import choose


def contract_of(network: Any, name: str, architecture: str = "", trained: bool = False) -> Contract:
    """The contract of a network of one head or several, with classes "1", "2", ….

    A network whose inputs have a fixed size takes patches; one of open sizes takes blocks of any size, and its receptive field,
    expression field, scale factor and margin are read off its graph.

    Raises:
        BadModel: an input is no image, or the graph does not tell the geometry.
    """
    for tensor in network.inputs:
        if len(tensor.shape) != 4 or tensor.shape[-1] is None:
            raise BadModel(
                f"Input {tensor.name} of the network", expected="rows × columns × bands", received=" × ".join(map(str, tensor.shape[1:]))
            )
    heads = heads_of(network)
    outputs = outputs_of(network, heads, [unnamed_classes(head.class_count) for head in heads])
    if any(None in tensor.shape[1:3] for tensor in network.inputs):
        return _of_any_size(network, name, outputs, architecture, trained)
    inputs = tuple(InputSpec(t.name, (), int(t.shape[3]), "float32", (int(t.shape[2]), int(t.shape[1]))) for t in network.inputs)
    shape = network.outputs[0].shape
    field = (int(shape[2]), int(shape[1])) if len(shape) == 4 else (1, 1)
    return Contract(name, inputs, outputs, field, Fraction(1), False, architecture, trained)


def _of_any_size(network: Any, name: str, outputs: Any, architecture: str, trained: bool) -> Contract:
    geometry = read_off(network)
    seen = [geometry.inputs.get(tensor.name) for tensor in network.inputs]
    if geometry.unknown or not seen or any(one is None for one in seen):
        reasons = "; ".join(geometry.unknown) or "an input that no output sees"
        raise BadModel(f"The geometry of the network {name} is unknown", received=reasons, remedy="Fix the size of its inputs.")
    inputs = tuple(
        InputSpec(tensor.name, (), int(tensor.shape[3]), "float32", (one.receptive_field[1], one.receptive_field[0]))
        for tensor, one in zip(network.inputs, seen, strict=True)
        if one is not None
    )
    rows, cols = geometry.expression_field
    scale = seen[0].scale_factor if seen[0] and seen[0].scale_factor else Fraction(1)
    margin = (geometry.halo[1], geometry.halo[0])
    return Contract(name, inputs, outputs, (cols, rows), scale, geometry.fully_convolutional, architecture, trained, margin)


def read_off(network: Any) -> OutputGeometry:
    """The geometry of a network's first output, read off its graph."""
    from .geometry.graph_geometry import read_geometry
    from .loading.frozen import FrozenGraph

    return read_geometry(FrozenGraph(as_loaded(network)))[network.output_names[0]]


def as_loaded(network: Any) -> LoadedModel:
    """A network that is in memory, as a model that was loaded."""
    graph = trace(network)
    return LoadedModel(graph.owner, choose(graph.proto, network.name, "", graph.images, ()), {})
