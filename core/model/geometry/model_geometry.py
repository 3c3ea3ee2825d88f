"""A model's geometry: receptive fields, expression field, scale factor, and whether it takes blocks of any size.

Each number comes from the first that tells it: the user, the contract, the graph (core/model/geometry/graph_geometry.py), the inputs'
shapes.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from ...errors import BadModel, BadParameter
from ..contract import Contract
from ..loading.load import LoadedModel
from .graph_geometry import OutputGeometry

Size = tuple[int, int]  # (height, width)


@dataclass(frozen=True)
class ModelGeometry:
    """What the plan of serving needs of a model.

    Attributes:
        inputs: names, in the order of the sources.
        receptive_fields: (height, width) of each input, in pixels of its source.
        expression_field: (height, width) in output pixels.
        scale_factor: spacing of the output ÷ spacing of the reference source.
        fully_convolutional: True if the model takes blocks, False if only patches, None if nobody says.
        halo: (rows, cols) of outputs on every side of a block that the model gives besides, and that are thrown away.
        unknown: what the graph does not tell, and why.
    """

    inputs: tuple[str, ...]
    receptive_fields: tuple[Size, ...]
    expression_field: Size
    scale_factor: Fraction
    fully_convolutional: bool | None
    halo: Size = (0, 0)
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True)
class Given:
    """What the user says of the geometry himself; None where he leaves it to the model. Sizes are (height, width)."""

    receptive_fields: tuple[Size | None, ...]
    expression_field: Size | None = None
    scale_factor: Fraction | None = None


def geometry_of(model: LoadedModel, contract: Contract | None, given: Given, outputs: Sequence[str] = ()) -> ModelGeometry:
    """The geometry of these outputs (default: the first).

    Raises:
        BadModel: another number of sources than the model has inputs, a receptive field that nothing tells, or outputs that
            have different geometries.
    """
    names = tuple(spec.name for spec in contract.inputs) if contract else tuple(spec.name for spec in model.inputs)
    if len(names) != len(given.receptive_fields):
        raise BadModel("Sources", expected=f"{len(names)} ({', '.join(names)})", received=len(given.receptive_fields))
    graph = _of_outputs(model, outputs) if contract is None or contract.fully_convolutional else None
    read = graph if graph and not graph.unknown else None
    field = _expression_field(contract, given, names, read)
    fields = tuple(
        own or _receptive_field(name, model, contract, graph, field) for name, own in zip(names, given.receptive_fields, strict=True)
    )
    scale = given.scale_factor or (contract.scale_factor if contract else _scale_factor(read, names[0]))
    halo = _halo(read, names, fields, field)
    by_blocks = contract.fully_convolutional if contract else _by_blocks(read, halo) if read else _takes_any_size(model)
    return ModelGeometry(names, fields, field, scale, by_blocks, halo, graph.unknown if graph and contract is None else ())


@functools.lru_cache(maxsize=2)  # as many models as stay loaded: a graph is not walked again for every job
def read_graph(model: LoadedModel) -> dict[str, OutputGeometry]:
    """Each output's geometry as the graph tells it. A graph that cannot be read says so in `unknown`: a model may be served without."""
    from ..loading.frozen import FrozenGraph
    from .graph_geometry import read_geometry

    try:
        return read_geometry(FrozenGraph(model))
    except Exception as error:  # TensorFlow freezes not every graph, and a graph may be stranger than the walk thinks
        reason = f"the graph cannot be read ({type(error).__name__}: {str(error).strip().splitlines()[0] if str(error).strip() else ''})"
        return {spec.name: OutputGeometry({}, (1, 1), (0, 0), False, (reason,)) for spec in model.outputs}


def _of_outputs(model: LoadedModel, outputs: Sequence[str]) -> OutputGeometry:
    """The one geometry of several outputs."""
    found = read_graph(model)
    wanted = [found[name] for name in outputs or tuple(found)[:1]]
    for name, other in zip(outputs[1:], wanted[1:], strict=True):
        if _blocks(other) != _blocks(wanted[0]):
            raise BadModel(
                f"Outputs {outputs[0]} and {name} need other windows or blocks",
                expected=_words(wanted[0]),
                received=_words(other),
                remedy="Serve them in two runs.",
            )
    return wanted[0]


def _blocks(geometry: OutputGeometry) -> tuple[object, ...]:
    fields = tuple((name, seen.receptive_field, seen.scale_factor) for name, seen in sorted(geometry.inputs.items()))
    return fields, geometry.expression_field, geometry.halo


def _words(geometry: OutputGeometry) -> str:
    """Receptive fields and expression field, width first as users write sizes."""
    fields = ", ".join("{1} × {0}".format(*seen.receptive_field) for seen in geometry.inputs.values()) or "unknown"
    return f"receptive field {fields}, expression field {geometry.expression_field[1]} × {geometry.expression_field[0]}"


def _expression_field(contract: Contract | None, given: Given, names: Sequence[str], graph: OutputGeometry | None) -> Size:
    if given.expression_field:
        return given.expression_field
    if contract:
        return contract.expression_field[1], contract.expression_field[0]
    if graph is None:
        return 1, 1
    own = given.receptive_fields[0]
    return (_field_for(graph, names[0], own, 0), _field_for(graph, names[0], own, 1)) if own else graph.expression_field


def _field_for(graph: OutputGeometry, name: str, given: Size, axis: int) -> int:
    """The blocks that a model gives for a receptive field which the user prescribes; its own ones if that gives no whole blocks."""
    own, seen = graph.expression_field[axis], graph.inputs.get(name)
    if seen is None or not seen.scale_factor:
        return own
    more = (given[axis] - seen.receptive_field[axis]) / seen.scale_factor
    return own + int(more) if more.denominator == 1 and more % own == 0 and own + more > 0 else own


def _halo(graph: OutputGeometry | None, names: Sequence[str], fields: Sequence[Size], field: Size) -> Size:
    """What the model gives for these windows besides the block, halved; nothing where that cannot be."""
    name, own = next(((name, own) for name, own in zip(names, fields, strict=True) if graph and name in graph.inputs), ("", (0, 0)))
    if graph is None or not name:
        return 0, 0
    rows, cols = (_surplus(graph, name, own, field, axis) for axis in (0, 1))
    return rows, cols


def _surplus(graph: OutputGeometry, name: str, window: Size, field: Size, axis: int) -> int:
    seen = graph.inputs[name]
    more = (window[axis] - seen.receptive_field[axis]) / (seen.scale_factor or 1)
    halo = (graph.expression_field[axis] + 2 * graph.halo[axis] + more - field[axis]) / 2
    return int(halo) if halo > 0 and halo == int(halo) else 0


def _by_blocks(graph: OutputGeometry, halo: Size) -> bool:
    """Whether blocks of any size give the same. They do not where the user's sizes leave no room for what padding spoils at their ends."""
    return graph.fully_convolutional and all(left >= needed for left, needed in zip(halo, graph.halo, strict=True))


def _scale_factor(graph: OutputGeometry | None, reference: str) -> Fraction:
    seen = graph.inputs.get(reference) if graph else None
    return (seen.scale_factor if seen else None) or Fraction(1)


def in_words(geometry: ModelGeometry) -> list[str]:
    """For the log: blocks, and what the graph does not tell."""
    height, width = geometry.expression_field
    lines = [f"Expression field {height} × {width}, scale factor {geometry.scale_factor}."]
    if max(geometry.halo):
        rows, cols = geometry.halo
        lines.append(f"The model pads: {rows} × {cols} outputs on every side of a block are computed besides and thrown away.")
    return lines + [f"Not told by the model's graph: {reason}." for reason in geometry.unknown]


def parse_scale_factor(text: str) -> Fraction | None:
    """A scale factor as people write it: "4", "1/4", "0.25"; empty: None.

    Raises:
        BadParameter: anything else, or not above 0.
    """
    if not text.strip():
        return None
    try:
        factor = Fraction(text.strip()).limit_denominator(4096)
    except (ValueError, ZeroDivisionError):
        factor = Fraction(0)
    if factor <= 0:
        raise BadParameter("Scale factor", expected='a number above 0, such as "4" or "1/4"', received=repr(text))
    return factor


def _receptive_field(name: str, model: LoadedModel, contract: Contract | None, graph: OutputGeometry | None, field: Size) -> Size:
    """Of one input, for blocks of this size."""
    if contract:
        width, height = next(spec.receptive_field for spec in contract.inputs if spec.name == name)
        return height, width
    seen = graph.inputs.get(name) if graph and not graph.unknown else None
    if graph and seen:
        more = [wanted - own for wanted, own in zip(field, graph.expression_field, strict=True)] if graph.fully_convolutional else [0, 0]
        rows, cols = (size + extra * (seen.scale_factor or 0) for size, extra in zip(seen.receptive_field, more, strict=True))
        return max(int(rows), 1), max(int(cols), 1)
    return _fixed_size(name, model, graph)


def _fixed_size(name: str, model: LoadedModel, graph: OutputGeometry | None) -> Size:
    shape = next(spec.shape for spec in model.inputs if spec.name == name)
    if shape is not None and len(shape) == 4 and shape[1] is not None and shape[2] is not None:
        return shape[1], shape[2]
    if graph and not graph.unknown and shape is not None and len(shape) == 4:
        return 1, 1  # an input that this output does not see
    reasons = "".join(f"; {reason}" for reason in graph.unknown) if graph else ""
    raise BadModel(
        f"The receptive field of input {name} is unknown", received=f"shape {shape}{reasons}", remedy="Give it (advanced parameters)."
    )


def _takes_any_size(model: LoadedModel) -> bool | None:
    if any(spec.shape is None for spec in model.inputs):
        return None
    return all(spec.shape is not None and None in spec.shape[1:3] for spec in model.inputs)
