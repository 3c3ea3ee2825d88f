"""What the inputs of a signature that take no image are fed: the user's values."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from ...errors import BadParameter
from ..backend import tf
from .dependencies import Dependencies, operation_of
from .placeholders import WHAT, Value, as_array
from .savedmodel import Tensor
from .signature import Chosen, open_shape, plain_name, rank_words

_SAVERS = re.compile(r"save(_\d+)?/")  # TensorFlow 1 puts the placeholders of its savers there: names of checkpoints


def constants(chosen: Chosen, values: Mapping[str, Value]) -> dict[str, np.ndarray]:
    """The user's values as the inputs take them, by name of the tensor in the graph.

    What a graph of TensorFlow 1 has a default for, or needs for no output, may be left out.

    Raises:
        BadParameter: an input without a value, a value for none, or one that does not suit.
    """
    known = (*chosen.placeholders, *_unnamed(chosen))
    aliases = {alias: tensor for tensor in known for alias in (plain_name(tensor.tensor), tensor.tensor, tensor.name)}
    fed: dict[str, np.ndarray] = {}
    for given, value in values.items():
        if given not in aliases:
            raise BadParameter(WHAT, expected=listed(known) or "none: the model takes images only", received=given)
        tensor = aliases[given]
        fed[tensor.tensor] = as_array(given, value, tensor.dtype, open_shape(tensor))
    required = _required(chosen) if chosen.version1 else {tensor.tensor for tensor in known}
    missing = [tensor for tensor in known if tensor.tensor in required and tensor.tensor not in fed]
    if missing:
        examples = ", ".join(f"{tensor.name}=…" for tensor in missing)
        remedy = f"Give them as user placeholders: {examples}"
        raise BadParameter("The model takes values beside images", expected=listed(missing), received="none", remedy=remedy)
    return fed


def listed(tensors: Iterable[Tensor]) -> str:
    """Inputs with their types and ranks, for messages."""
    return ", ".join(f"{tensor.name} ({tensor.dtype}, {rank_words(tensor)})" for tensor in tensors)


def _required(chosen: Chosen) -> set[str]:
    """Tensors of placeholders without a default that the outputs depend on."""
    graph = Dependencies(chosen.graph)
    reached = graph.ancestors(output.tensor for output in chosen.outputs)
    return {f"{name}:0" for name in reached if graph.nodes[name].op == "Placeholder"}


def _unnamed(chosen: Chosen) -> list[Tensor]:
    """Placeholders of a TensorFlow 1 graph that its signature does not mention: they can be fed all the same."""
    if not chosen.version1:
        return []
    named = {operation_of(tensor.tensor) for tensor in (*chosen.sources, *chosen.placeholders)}
    return [tensor for tensor in placeholders_in(chosen.graph) if operation_of(tensor.tensor) not in named]


def placeholders_in(graph: Any) -> Iterator[Tensor]:
    """All of a meta graph that wait to be fed, without those of savers."""
    for node in graph.graph_def.node:
        if node.op in ("Placeholder", "PlaceholderWithDefault") and not _SAVERS.match(node.name):
            shape = node.attr["shape"].shape
            sizes = None if shape.unknown_rank else tuple(int(size.size) for size in shape.dim)
            yield Tensor(node.name, sizes, tf.dtypes.as_dtype(node.attr["dtype"].type).name, f"{node.name}:0")
