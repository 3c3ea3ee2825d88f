"""What operations of a graph lead to: their inputs, their inputs' inputs, and all of the functions that any of them calls."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

IN_GRAPH = "the graph"  # the place of a node that stands in no function


class Dependencies:
    """Of a meta graph, a protocol buffer: nothing of it runs."""

    def __init__(self, graph: Any) -> None:
        self.nodes = {node.name: node for node in graph.graph_def.node}
        self.functions = {function.signature.name: function for function in graph.graph_def.library.function}

    def of(self, tensors: Iterable[str], functions: Iterable[str] = ()) -> list[tuple[Any, str]]:
        """Every node reached from tensors or operations of the graph, and from functions, with the place where it stands."""
        nodes = [self.nodes[name] for name in sorted(self.ancestors(tensors))]
        called = self._called(nodes, functions)
        inside = [(node, function_place(function)) for function in called for node in function.node_def]
        return [*((node, IN_GRAPH) for node in nodes), *inside]

    def ancestors(self, tensors: Iterable[str]) -> set[str]:
        """Names of the operations in the graph itself that tensors (or operations) depend on, their own with them."""
        waiting, seen = [operation_of(name) for name in tensors], set[str]()
        while waiting:
            name = waiting.pop()
            if name in self.nodes and name not in seen:
                seen.add(name)
                waiting += [operation_of(tensor) for tensor in self.nodes[name].input]
        return seen

    def _called(self, nodes: Iterable[Any], functions: Iterable[str]) -> list[Any]:
        waiting, seen = [*functions, *(name for node in nodes for name in _calls(node))], set[str]()
        while waiting:
            name = waiting.pop()
            if name in self.functions and name not in seen:
                seen.add(name)
                waiting += [called for node in self.functions[name].node_def for called in _calls(node)]
        return [self.functions[name] for name in sorted(seen)]


def operation_of(tensor: str) -> str:
    """The operation that a tensor, or a control input, comes from: "x" for "x", "x:0", "^x"."""
    return tensor.lstrip("^").split(":")[0]


def function_place(function: Any) -> str:
    """A function of the graph's library, for messages."""
    return f"the function {function.signature.name}"


def _calls(node: Any) -> Iterator[str]:
    """Names of the functions that a node may call: its own kind, or any in its attributes."""
    yield node.op
    for value in node.attr.values():
        yield value.func.name
        yield from (function.name for function in value.list.func)
