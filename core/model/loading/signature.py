"""Which part of a SavedModel is served: one graph of several, one signature, its inputs that take images, and those that take values.

A SavedModel may hold several graphs, told apart by sets of tags, and a graph several signatures. TensorFlow 2 writes one graph with the
tag `serve` and the signature `serving_default`; TensorFlow 1 leaves all of these to whoever exports.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

from ...errors import BadModel, BadParameter
from .dependencies import Dependencies, operation_of
from .savedmodel import SERVING, SIGNATURE, Tensor, signatures_of, tensors_of


@dataclass(frozen=True)
class Chosen:
    """What of a SavedModel is served.

    Attributes:
        graph: the meta graph, a protocol buffer.
        signature: name of the signature.
        sources: inputs that take images, in the order of the sources.
        placeholders: the other inputs.
        outputs: of the signature, sorted by name.
    """

    graph: Any
    signature: str
    sources: tuple[Tensor, ...]
    placeholders: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]

    @property
    def tags(self) -> list[str]:
        """Of the graph: what TensorFlow's loader wants to know it by."""
        return list(self.graph.meta_info_def.tags)

    @property
    def version1(self) -> bool:
        """Whether it is a graph in the manner of TensorFlow 1: flat, with every tensor open to be fed and fetched."""
        return not self.graph.HasField("object_graph_def")


def choose(model: Any, folder: str, signature: str, sources: Sequence[str], values: Collection[str]) -> Chosen:
    """Choose.

    Args:
        model: the SavedModel, a protocol buffer.
        signature: the one that is wanted; empty: `serving_default`, or the only one.
        sources: names of the inputs that take images, as the contract says; empty: judged by their types and ranks.
        values: names of inputs that the user gives values for.

    Raises:
        BadModel: nothing to choose, or too much; names what there is.
    """
    graph = _graph(model, folder)
    name = _signature(graph, folder, signature)
    inputs = tensors_of(signatures_of(graph)[name].inputs)
    names = [tensor.name for tensor in inputs]
    missing = [source for source in sources if source not in names]
    if missing:
        raise BadModel(
            f"The contract of {folder} is that of another model",
            expected=f"inputs {', '.join(names)}",
            received=", ".join(missing),
            remedy="Remove assets.extra/mlm.json, and the model is served as a foreign one.",
        )
    outputs = tensors_of(signatures_of(graph)[name].outputs)
    used = _used(graph, outputs)
    wanted = list(sources) or [tensor.name for tensor in inputs if _takes_images(tensor, values) and used(tensor)]
    if not wanted:
        received = ", ".join(f"{tensor.name} ({tensor.dtype}, {rank_words(tensor)})" for tensor in inputs) or "no inputs"
        raise BadModel(f"Signature {name} of {folder} takes no images", expected="an input of numbers with 4 dimensions", received=received)
    by_name = {tensor.name: tensor for tensor in inputs}
    ordered = tuple(by_name[source] for source in (wanted if sources else sorted(wanted, key=natural)))
    rest = tuple(tensor for tensor in inputs if tensor not in ordered)
    return Chosen(graph, name, ordered, rest, outputs)


def _graph(model: Any, folder: str) -> Any:
    graphs = list(model.meta_graphs)
    serving = [graph for graph in graphs if SERVING in graph.meta_info_def.tags]
    if len(graphs) > 1 and not serving:
        sets = " or ".join("{" + ", ".join(graph.meta_info_def.tags) + "}" for graph in graphs)
        raise BadModel(f"The model {folder} holds {len(graphs)} graphs", expected=f"one with the tag {SERVING}", received=sets)
    return serving[0] if serving else graphs[0]


def _signature(graph: Any, folder: str, wanted: str) -> str:
    names = sorted(signatures_of(graph))
    if wanted in names:
        return wanted
    listed = ", ".join(names) or "none"
    if wanted:
        raise BadParameter("Signature of the model", expected=f"one of {listed}", received=wanted)
    if SIGNATURE in names or len(names) == 1:
        return SIGNATURE if SIGNATURE in names else names[0]
    remedy = "Choose one (SIGNATURE)." if names else "Export it with one."
    raise BadModel(f"The model {folder} cannot be served", expected=f"the signature {SIGNATURE}", received=listed, remedy=remedy)


def _used(graph: Any, outputs: Sequence[Tensor]) -> Callable[[Tensor], bool]:
    """Whether an input has to be fed for the outputs: a graph of TensorFlow 1 that was trained may name its labels among its inputs, as
    OTBTF's examples do. TensorFlow 2 wants all of them."""
    if graph.HasField("object_graph_def"):
        return lambda tensor: True
    reached = Dependencies(graph).ancestors(output.tensor for output in outputs)
    return lambda tensor: operation_of(tensor.tensor) in reached


def _takes_images(tensor: Tensor, values: Collection[str]) -> bool:
    if tensor.name in values or plain_name(tensor.tensor) in map(plain_name, values):
        return False
    numbers = tensor.dtype.startswith(("float", "int", "uint", "bfloat", "half", "double"))
    return numbers and (tensor.shape is None or len(tensor.shape) == 4)


def rank_words(tensor: Tensor) -> str:
    """The rank for messages."""
    if tensor.shape is None:
        return "any shape"
    rank = len(tensor.shape)
    return "one value" if rank == 0 else "a vector" if rank == 1 else f"{rank} dimensions"


def natural(name: str) -> list[tuple[int, int | str]]:
    """A key that sorts names as people count: x2 before x10."""
    return [(0, int(part)) if part.isdigit() else (1, part) for part in re.findall(r"\d+|\D+", name)]


def plain_name(tensor: str) -> str:
    """A tensor's name as people write it: without the ":0" of an operation's first output."""
    return tensor.removesuffix(":0")


def open_shape(tensor: Tensor) -> tuple[int | None, ...] | None:
    """The shape with None where a size is open."""
    return None if tensor.shape is None else tuple(None if size < 0 else size for size in tensor.shape)
