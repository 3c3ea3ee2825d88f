"""Where savers write: those of TensorFlow's own exports where they are told to; tampered ones are found."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from core.model.backend import tf
from core.model.loading.dependencies import operation_of
from core.model.loading.savedmodel import read_proto
from core.model.loading.saver_paths import WHY, stray_writes

v1 = tf.compat.v1
Save = Callable[..., str]


def build() -> tuple[dict[str, Any], dict[str, Any]]:
    x = v1.placeholder(tf.float32, [None, None, None, 1], "x")
    return {"x": x}, {"y": x * v1.get_variable("w", initializer=1.0)}


@pytest.fixture(params=["TensorFlow 1", "TensorFlow 2"])
def graph(request: Any, save_v1: Save, save: Save) -> Any:
    weight = tf.Variable(1.0)
    folder = save_v1(build, saver=True) if request.param == "TensorFlow 1" else save(lambda x: {"y": x * weight}, weight=weight)
    return read_proto(folder).meta_graphs[0]


def nodes(graph: Any) -> list[Any]:
    return [node for part in (graph.graph_def.node, *(f.node_def for f in graph.graph_def.library.function)) for node in part]


def test_tensorflows_own_savers_write_where_they_are_told_to(graph: Any) -> None:
    assert stray_writes(graph) == []


@pytest.mark.parametrize("added", [b"/../../../etc/cron.d/job", b"..", b"/home/somebody"])
def test_what_is_added_to_the_path_has_to_be_known(graph: Any, added: bytes) -> None:
    for node in nodes(graph):
        if list(node.attr["value"].tensor.string_val) == [b"_temp/part"]:
            node.attr["value"].tensor.string_val[0] = added
    assert {(found.operation, found.why) for found in stray_writes(graph)} == {("SaveV2", WHY), ("MergeV2Checkpoints", WHY)}


def test_a_path_of_its_own_is_found(graph: Any) -> None:
    for node in nodes(graph):
        if node.op == "MergeV2Checkpoints":
            scope = next(part for part in (graph.graph_def.node, *(f.node_def for f in graph.graph_def.library.function)) if node in part)
            path = next(other for other in scope if list(other.attr["value"].tensor.string_val) == [b".part"])
            node.input[1] = path.name
    assert {found.operation for found in stray_writes(graph)} == {"MergeV2Checkpoints"}


def test_a_function_that_is_told_another_path_is_found(save: Save) -> None:
    weight = tf.Variable(1.0)
    graph = read_proto(save(lambda x: {"y": x * weight}, weight=weight)).meta_graphs[0]
    call = next(node for node in graph.graph_def.node if node.name == operation_of(graph.saver_def.save_tensor_name))
    call.input[0] = "Const"
    assert {found.operation for found in stray_writes(graph)} == {"SaveV2", "MergeV2Checkpoints"}


def test_a_circle_ends(graph: Any) -> None:
    for node in nodes(graph):
        if node.op == "StringJoin":
            node.input[0] = node.name
    assert {found.operation for found in stray_writes(graph)} == {"SaveV2", "MergeV2Checkpoints"}
