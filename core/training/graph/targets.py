"""Target nodes: the operations of a SavedModel that train it, by name, without loading it.

In a graph of TensorFlow 1 it is what `optimizer.minimize(…, name="optimizer")` leaves; in one of TensorFlow 2, a signature whose function
changes variables.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from typing import Any

from ...errors import BadParameter
from ...model.folder import TRAINABLE
from ...model.loading.dependencies import Dependencies, operation_of
from ...model.loading.keras_graph import keras_file
from ...model.loading.savedmodel import SERVING, read_proto, signatures_of
from ...model.loading.signature import plain_name

WHAT = "Target nodes"
_STEPS = re.compile(r"(Resource)?(Sparse)?Apply\w+")  # what TensorFlow's optimizers end in
_ENDS = re.compile(r"NoOp|Assign\w*|" + _STEPS.pattern)  # what `minimize` returns: a group, or the step counter's increase
_CHANGES = re.compile(r"(Resource)?(Sparse)?Apply\w+|Assign\w*|(Resource)?Scatter\w+|ResourceStridedSliceAssign")


def graph_targets(folder: str) -> tuple[str, ...]:
    """Names that may be target nodes of the model, sorted; none for a model that brings no training operation, or that is a Keras network
    (which trains without one).

    Raises:
        BadModel: no model there, or a damaged one.
    """
    if keras_file(folder) or os.path.exists(os.path.join(folder, TRAINABLE)):
        return ()
    graphs = read_proto(folder).meta_graphs
    return candidates(next((graph for graph in graphs if SERVING in graph.meta_info_def.tags), graphs[0]))


def candidates(graph: Any) -> tuple[str, ...]:
    """Operations that nothing else needs and that lead to steps of optimizers; in TensorFlow 2, signatures that change variables."""
    reach = Dependencies(graph)
    if graph.HasField("object_graph_def"):
        signatures = signatures_of(graph).items()
        return tuple(sorted(name for name, part in signatures if _leads(reach, _outputs(part), _CHANGES)))
    needed = {operation_of(tensor) for node in reach.nodes.values() for tensor in node.input}
    ends = [name for name, node in reach.nodes.items() if name not in needed and _ENDS.fullmatch(node.op)]
    return tuple(sorted(name for name in ends if _leads(reach, [name], _STEPS)))


def find_targets(graph: Any, text: str) -> tuple[str, ...]:
    """The operations that the user names, with commas between: by their names, with or without ":0", or by those of signatures.

    Raises:
        BadParameter: none, one that the graph has not, or one that changes nothing; names those that it may mean.
    """
    reach, signatures = Dependencies(graph), signatures_of(graph)
    names = [plain_name(part.strip()) for part in text.split(",") if part.strip()]
    found: list[str] = []
    for name in names:
        operations = [name] if name in reach.nodes else _outputs(signatures[name]) if name in signatures else []
        if not operations:
            raise BadParameter(WHAT, expected=_expected(graph), received=name)
        if not _leads(reach, operations, _CHANGES):
            raise BadParameter(
                f"{WHAT}: {name} trains nothing", expected=_expected(graph), received="an operation that changes no variable"
            )
        found += operations
    if not found:
        raise BadParameter(WHAT, expected=_expected(graph), received="none")
    return tuple(dict.fromkeys(found))


def _expected(graph: Any) -> str:
    names = candidates(graph)
    return f"among {', '.join(names)}" if names else "the name of an operation that trains; this model seems to have none"


def _outputs(signature: Any) -> list[str]:
    return sorted({operation_of(info.name) for info in signature.outputs.values()})


def _leads(reach: Dependencies, operations: Iterable[str], to: re.Pattern[str]) -> bool:
    return any(to.fullmatch(node.op) for node, _ in reach.of(operations))
