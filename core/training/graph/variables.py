"""The variables of a SavedModel's graph in a session: read and set by name.

They are found by their operations, as exports differ in what else they say of them. Keras 3 exports variables twice where a network is part
of a `tf.Module`: one that is computed with, and a twin that is initialised from it and that alone is saved and restored (a fault of it,
keras-team/keras#20095). Such a graph is known by variables that are empty once it is restored, beside a twin that is not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from ...errors import BadModel
from ...model.backend import tf

v1 = tf.compat.v1
_KINDS = ("VarHandleOp", "VariableV2", "Variable")
_SHOWN = 5


class GraphVariables:
    """Those that have values in a session whose model was just restored; the graph is closed to changes."""

    def __init__(self, session: Any) -> None:
        self._session = session
        handles = {operation.name: operation for operation in session.graph.get_operations() if operation.type in _KINDS}
        ready = session.run({name: _is_ready(operation) for name, operation in handles.items()})
        twins = [pair for pair in _copies(session.graph) if ready[pair[0].name] < ready[pair[1].name]]
        session.run([_assign(variable, _read(twin)) for variable, twin, _ in twins])
        self._aligning = [copy for _, _, copy in twins]
        names = {name for name in handles if ready[name]} - {twin.name for _, twin, _ in twins} | {
            variable.name for variable, _, _ in twins
        }
        self._reads = {name: _read(handles[name]) for name in sorted(names)}
        self._values = {name: v1.placeholder(handles[name].get_attr("dtype")) for name in self._reads}
        self._assigns = [_assign(handles[name], value) for name, value in self._values.items()]
        session.graph.finalize()

    def read(self) -> dict[str, np.ndarray]:
        """The values by name."""
        return {name: np.asarray(value) for name, value in self._session.run(self._reads).items()}

    def write(self, state: Mapping[str, np.ndarray]) -> None:
        """Set all of them.

        Raises:
            BadModel: the names or the shapes are those of another model.
        """
        different = sorted(state.keys() ^ self._values.keys())
        if different:
            received = ", ".join(different[:_SHOWN]) + (" …" if len(different) > _SHOWN else "")
            raise BadModel(
                "The state is that of another model", expected=f"{len(self._values)} variables", received=f"different: {received}"
            )
        try:
            self._session.run(self._assigns, {self._values[name]: value for name, value in state.items()})
        except tf.errors.InvalidArgumentError as error:
            raise BadModel("The state is that of another model", received=error.message, details=str(error)) from error

    def align(self) -> None:
        """Give the twins, which are what is saved, the values of those that were trained."""
        self._session.run(self._aligning)


def _copies(graph: Any) -> Iterator[tuple[Any, Any, Any]]:
    """Each variable that another one is set to, that other, and the operation that does it."""
    for operation in graph.get_operations():
        if operation.type == "AssignVariableOp" and operation.inputs[1].op.type == "ReadVariableOp":
            variable, other = operation.inputs[1].op.inputs[0].op, operation.inputs[0].op
            if variable.type in _KINDS and other.type in _KINDS:
                yield variable, other, operation


def _read(variable: Any) -> Any:
    if variable.type == "VarHandleOp":
        return tf.raw_ops.ReadVariableOp(resource=variable.outputs[0], dtype=variable.get_attr("dtype"))
    return tf.identity(variable.outputs[0])


def _is_ready(variable: Any) -> Any:
    if variable.type == "VarHandleOp":
        return tf.raw_ops.VarIsInitializedOp(resource=variable.outputs[0])
    return tf.raw_ops.IsVariableInitialized(ref=variable.outputs[0])


def _assign(variable: Any, value: Any) -> Any:
    if variable.type == "VarHandleOp":
        return tf.raw_ops.AssignVariableOp(resource=variable.outputs[0], value=value)
    return tf.raw_ops.Assign(ref=variable.outputs[0], value=value).op
