"""A model's signature as one flat graph: variables become constants, functions are inlined. What reads or rewrites a graph starts here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any

import numpy as np

from ..backend import tf
from .load import LoadedModel


class FrozenGraph:
    """The operations of a signature, in an order in which they can be computed.

    Attributes:
        operations: TensorFlow's own objects (`type`, `inputs`, `outputs`, `get_attr`).
        inputs: name of an input of the signature → its tensor.
        outputs: name of an output → its tensor.
    """

    def __init__(self, model: LoadedModel) -> None:
        from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

        # Control flow stays in functions of its own: lowered to switches and merges, no loop could be told from a branch.
        frozen = convert_variables_to_constants_v2(model.function, lower_control_flow=False)
        self._graph = frozen.graph
        self.operations = tuple(frozen.graph.get_operations())
        for operation in self.operations:  # inlined functions wait for their image, even where they need no more than its size
            operation._remove_all_control_inputs()
        self.inputs = {name: self._input(argument, frozen.inputs, model.function) for name, argument in model.arguments.items()}
        self.outputs = dict(zip(sorted(model.function.structured_outputs), frozen.outputs, strict=True))
        self._constant = self._find_constants()

    def is_constant(self, tensor: Any) -> bool:
        """Whether the tensor depends on no input."""
        return tensor.op.name in self._constant

    def values(self, tensors: Iterable[Any]) -> list[np.ndarray]:
        """The values of constant tensors."""
        return [np.asarray(value) for value in self._session.run(list(tensors))]

    def value(self, tensor: Any, given: Mapping[str, np.ndarray]) -> np.ndarray:
        """The value of a constant, or of a tensor that needs nothing but constants and the tensors (by name) that are given.

        Raises:
            ValueError: it needs an input.
        """
        if tensor.op.type == "Const":
            return np.asarray(tf.make_ndarray(tensor.op.get_attr("value")))
        try:
            return np.asarray(self._session.run(tensor, dict(given)))
        except (tf.errors.OpError, TypeError) as error:
            raise ValueError(f"{tensor.name} depends on an input") from error

    @cached_property
    def _session(self) -> Any:
        return tf.compat.v1.Session(graph=self._graph, config=tf.compat.v1.ConfigProto(device_count={"GPU": 0}))

    def definition(self) -> Any:
        """The GraphDef."""
        return self._graph.as_graph_def()

    @staticmethod
    def _input(name: str, tensors: Iterable[Any], function: Any) -> Any:
        placeholder = function.structured_input_signature[1][name].name
        return next(tensor for tensor in tensors if tensor.op.name in (name, placeholder))

    def _find_constants(self) -> frozenset[str]:
        varying: set[str] = set()
        for operation in self.operations:
            if operation.type == "Placeholder" or any(tensor.op.name in varying for tensor in operation.inputs):
                varying.add(operation.name)
        return frozenset(operation.name for operation in self.operations if operation.name not in varying)
