"""What the inputs of a signature that take no image are fed: the user's values."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from ..errors import BadParameter
from .backend import tf
from .placeholders import WHAT, Value, as_array
from .safety import operation_of
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
            raise BadParameter(WHAT, expected=_listed(known) or "none: the model takes images only", received=given)
        tensor = aliases[given]
        fed[tensor.tensor] = as_array(given, value, tensor.dtype, open_shape(tensor))
    required = _required(chosen) if chosen.version1 else {tensor.tensor for tensor in known}
    missing = [tensor for tensor in known if tensor.tensor in required and tensor.tensor not in fed]
    if missing:
        examples = ", ".join(f"{tensor.name}=…" for tensor in missing)
        remedy = f"Give them as user placeholders: {examples}"
        raise BadParameter("The model takes values beside images", expected=_listed(missing), received="none", remedy=remedy)
    return fed


def _listed(tensors: Iterable[Tensor]) -> str:
    return ", ".join(f"{tensor.name} ({tensor.dtype}, {rank_words(tensor)})" for tensor in tensors)


def _required(chosen: Chosen) -> set[str]:
    """Tensors of placeholders without a default that the outputs depend on."""
    nodes = {node.name: node for node in chosen.graph.graph_def.node}
    waiting, seen = [operation_of(output.tensor) for output in chosen.outputs], set[str]()
    while waiting:
        name = waiting.pop()
        if name in nodes and name not in seen:
            seen.add(name)
            waiting += [operation_of(tensor) for tensor in nodes[name].input]
    return {f"{name}:0" for name in seen if nodes[name].op == "Placeholder"}


def _unnamed(chosen: Chosen) -> list[Tensor]:
    """Placeholders of a TensorFlow 1 graph that its signature does not mention: they can be fed all the same."""
    if not chosen.version1:
        return []
    named = {operation_of(tensor.tensor) for tensor in (*chosen.sources, *chosen.placeholders)}
    return [
        _placeholder(node)
        for node in chosen.graph.graph_def.node
        if node.op in ("Placeholder", "PlaceholderWithDefault") and node.name not in named and not _SAVERS.match(node.name)
    ]


def _placeholder(node: Any) -> Tensor:
    shape = node.attr["shape"].shape
    sizes = None if shape.unknown_rank else tuple(int(size.size) for size in shape.dim)
    return Tensor(node.name, sizes, tf.dtypes.as_dtype(node.attr["dtype"].type).name, f"{node.name}:0")
