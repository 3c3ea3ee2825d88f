"""Whether a SavedModel is safe to load: its graph is read as data, without TensorFlow's loader, before anything of it can run.

All of the graph counts, the functions of its library too, whether a signature reaches them or not: the loader runs initialisers, and
evaluates constants to learn shapes, before anyone asks for an output. The one exception are the operations that save and restore
checkpoints: every SavedModel brings its own. They are suspect only where loading or serving would run them as a part of the model: reading
where a signature, an initialiser or a saved object leads to them; writing where the restoring of the variables does, too.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from ...errors import BadModel
from .dependencies import IN_GRAPH, Dependencies, function_place
from .operations import READS, RESTORING, SAVING, WRITES, suspicion

SWITCH = "'Trust the model'"
_INITIALISERS = ("saved_model_main_op", "legacy_init_op")  # collections of TensorFlow 1
_ASSETS = "saved_model_assets"
_OTHER_GRAPH = "saved_model.cpb"  # a second form of the graph, which a loader might prefer to the one that was checked


@dataclass(frozen=True)
class Finding:
    """One thing that makes a model unsafe.

    Attributes:
        operation: its kind, such as ReadFile; or the name of a file.
        why: what it does, as words that follow "it": "reads files".
        place: where: the graph, or a function of its library.
    """

    operation: str
    why: str
    place: str


def check(saved_model: Any, folder: str) -> None:
    """Refuse a SavedModel (its protocol buffer) that could do more than compute.

    Raises:
        BadModel: naming the operations, what they do and where they stand.
    """
    refuse(findings(saved_model, folder), folder)


def check_run(graph: Any, names: Iterable[str], folder: str) -> None:
    """Refuse to run operations of a meta graph, or to ask for its tensors, that no signature mentions but that lead to where files are
    read or written as checkpoints are.

    Raises:
        BadModel: as `check`.
    """
    reached = Dependencies(graph).of(names)
    kinds = ((node.op, READS if node.op in RESTORING else WRITES, place) for node, place in reached if node.op in RESTORING | SAVING)
    refuse([Finding(*parts) for parts in kinds], folder)


def refuse(found: Collection[Finding], folder: str) -> None:
    """Refuse a model if anything was found.

    Raises:
        BadModel: as `check`.
    """
    if found:
        raise BadModel(
            f"The model {folder} could do harm: it was not loaded",
            expected="operations that only compute",
            received=summary(found),
            remedy=f"Tick {SWITCH} (TRUST_MODEL) only if you know who made it, and what it needs them for.",
        )


def summary(found: Iterable[Finding]) -> str:
    """The findings in one line: "ReadFile (reads files; in the function f), 2 × PyFunc (runs Python; in the graph)"."""
    counts = Counter(found)
    return ", ".join(f"{f'{n} × ' if n > 1 else ''}{f.operation} ({f.why}; in {f.place})" for f, n in counts.items())


def findings(saved_model: Any, folder: str) -> tuple[Finding, ...]:
    """Everything that speaks against loading the model; empty for a safe one."""
    second = [Finding(_OTHER_GRAPH, "is a second graph, which was not checked", "the folder")]
    found = second if os.path.exists(os.path.join(folder, _OTHER_GRAPH)) else []
    for graph in saved_model.meta_graphs:
        found += [*_in_nodes(graph), *_in_checkpoints(graph), *_in_assets(graph)]
    return tuple(found)


def _in_nodes(graph: Any) -> Iterator[Finding]:
    for place, nodes in _places(graph):
        for node in nodes:
            why = suspicion(node)
            if why:
                yield Finding(node.op, why, place)


def _in_checkpoints(graph: Any) -> Iterator[Finding]:
    """Saving and restoring where it is a part of the model."""
    reach = Dependencies(graph)
    served = reach.of(_served(graph), (name for name in graph.object_graph_def.concrete_functions))
    restored = reach.of([graph.saver_def.restore_op_name])
    for node, place in served:
        if node.op in RESTORING or node.op in SAVING:
            yield Finding(node.op, READS if node.op in RESTORING else WRITES, place)
    known = {id(node) for node, _ in served}
    for node, place in restored:
        if node.op in SAVING and id(node) not in known:
            yield Finding(node.op, WRITES, place)


def _in_assets(graph: Any) -> Iterator[Finding]:
    for name in _asset_names(graph):
        path = name.replace("\\", "/")
        if path.startswith("/") or ":" in path or ".." in path.split("/"):
            yield Finding(name, "is a file outside the model's folder", "its assets")


def _asset_names(graph: Any) -> Iterator[str]:
    from tensorflow.core.protobuf.meta_graph_pb2 import AssetFileDef

    yield from (asset.filename for asset in graph.asset_file_def)
    if _ASSETS in graph.collection_def:
        for packed in graph.collection_def[_ASSETS].any_list.value:
            asset = AssetFileDef()
            if packed.Unpack(asset):
                yield asset.filename


def _places(graph: Any) -> Iterator[tuple[str, Any]]:
    yield IN_GRAPH, graph.graph_def.node
    for function in graph.graph_def.library.function:
        yield function_place(function), function.node_def


def _served(graph: Any) -> Iterator[str]:
    """Tensors and operations that serving or loading runs: the outputs of all signatures, and TensorFlow 1's initialisers."""
    for signature in graph.signature_def.values():
        yield from (info.name for info in (*signature.inputs.values(), *signature.outputs.values()))
    for name in _INITIALISERS:
        if name in graph.collection_def:
            yield from graph.collection_def[name].node_list.value
