"""Whether the saver of a SavedModel writes where it is told to, and nowhere else: its graph decides, and may have been tampered with.

The path of everything that it writes has to begin with the file name that it is fed; what is added to it is a word or two of TensorFlow's
own savers. Anything else is refused: it need not be harmful, but nobody can tell.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..backend import tf
from .dependencies import IN_GRAPH, Dependencies, function_place, operation_of
from .operations import SAVING
from .safety import Finding

WHY = "writes elsewhere than it is told to"
_ADDED = re.compile(rb"[/\\]?(_temp(_\w+)?[/\\]part|\.part)?")
_DEEPEST = 8  # steps from a path to the file name; a graph may be a circle


def stray_writes(graph: Any) -> list[Finding]:
    """What the saver of a meta graph would write elsewhere."""
    reach, given = Dependencies(graph), operation_of(graph.saver_def.filename_tensor_name)
    reached = reach.of([graph.saver_def.save_tensor_name])
    writing = {id(node) for node, _ in reached if node.op in SAVING}
    calls = [node for node, place in reached if place == IN_GRAPH]
    found = [Finding(node.op, WHY, IN_GRAPH) for node in calls if id(node) in writing and not _Paths(reach.nodes, {given}).suit(node)]
    for function in reach.functions.values():
        paths = _Paths({node.name: node for node in function.node_def}, _told(function, calls, given))
        strays = [node for node in paths.nodes.values() if id(node) in writing and not paths.suit(node)]
        found += [Finding(node.op, WHY, function_place(function)) for node in strays]
    return found


def _told(function: Any, calls: Iterable[Any], given: str) -> set[str]:
    """The arguments of a function that are the file name, whoever calls it."""
    names = [argument.name for argument in function.signature.input_arg]
    callers = [node for node in calls if node.attr["f"].func.name == function.signature.name]
    told = [{name for name, tensor in zip(names, node.input, strict=False) if operation_of(tensor) == given} for node in callers]
    return set.intersection(*told) if told else set()


@dataclass(frozen=True)
class _Paths:
    """The nodes of a graph or function by name, and which of its names are the file name."""

    nodes: Mapping[str, Any]
    given: Collection[str]

    def suit(self, node: Any) -> bool:
        """Whether a node that writes does it where it is told to."""
        paths = node.input[:2] if node.op == "MergeV2Checkpoints" else node.input[:1]
        return all(self._begins(path, _DEEPEST) for path in paths)

    def _begins(self, tensor: str, left: int) -> bool:
        """Whether a path, or all of several, begins with the file name."""
        name = operation_of(tensor)
        if name in self.given:
            return True
        node = self.nodes.get(name)
        if node is None or not left:
            return False
        if node.op == "Pack":
            return all(self._begins(path, left - 1) for path in node.input if not path.startswith("^"))
        if node.op == "StringJoin":
            return self._begins(node.input[0], left - 1) and all(self._is_added(part, left - 1) for part in node.input[1:])
        return node.op in ("Identity", "ShardedFilename") and self._begins(node.input[0], left - 1)

    def _is_added(self, tensor: str, left: int) -> bool:
        node = self.nodes.get(operation_of(tensor))
        if node is None or not left:
            return False
        if node.op == "Select":
            return all(self._is_added(part, left - 1) for part in node.input[1:3])
        values = list(node.attr["value"].tensor.string_val) if node.op == "Const" else []
        return len(values) == 1 and node.attr["dtype"].type == tf.string.as_datatype_enum and bool(_ADDED.fullmatch(values[0]))
