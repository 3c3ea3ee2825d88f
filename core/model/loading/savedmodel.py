"""What a SavedModel's files say without loading it: signatures and the number of parameters. Nothing of the model is run.

A `.keras` file is read in the same way, as the SavedModel that it would be (core/model/loading/keras_graph.py).
"""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from typing import Any

from ...errors import BadModel
from ..backend import tf
from ..contract import GRAPH
from .safety import Finding, findings

SIGNATURE = "serving_default"
SERVING = "serve"  # TensorFlow's tag of the graph that is meant to be served
REMEDY = f"Choose the folder that holds {GRAPH}, or a .keras file."
_INTERNAL = "__saved_model"  # TensorFlow's own signatures: initialisation, training


@dataclass(frozen=True)
class Tensor:
    """Of a signature.

    Attributes:
        name: the signature's own for it.
        shape: None for the whole if even the number of dimensions is open, -1 for a size that is.
        dtype: TensorFlow's name of its type.
        tensor: what it is called in the graph, such as "x:0".
    """

    name: str
    shape: tuple[int, ...] | None
    dtype: str
    tensor: str = ""


@dataclass(frozen=True)
class Described:
    """A SavedModel from outside.

    Attributes:
        signature: the name of the one described: `serving_default`, or the first where there is none of that name.
        signatures: names of all of them, sorted.
        inputs, outputs: sorted by name.
        operations: kinds of operations in its graph and functions, sorted.
        findings: what speaks against loading it (core/model/loading/safety.py).
        parameters: values in its variables; None for a graph without any (frozen into constants).
        tensorflow: version that wrote it; empty for a `.keras` file.
        size: of all its files, in bytes.
    """

    signature: str
    signatures: tuple[str, ...]
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    operations: tuple[str, ...]
    findings: tuple[Finding, ...]
    parameters: int | None
    tensorflow: str
    size: int


def describe(folder: str) -> Described:
    """Read the description of the model in a folder, or in a `.keras` file.

    Raises:
        BadModel: no SavedModel there, a damaged one, or one without a signature.
    """
    model = read_proto(folder)
    graph = next((graph for graph in model.meta_graphs if SERVING in graph.meta_info_def.tags), model.meta_graphs[0])
    signatures = signatures_of(graph)
    if not signatures:
        raise BadModel(f"The model {folder} cannot be served", expected="a signature", received="none", remedy="Export it with one.")
    name = SIGNATURE if SIGNATURE in signatures else sorted(signatures)[0]
    return Described(
        name,
        tuple(sorted(signatures)),
        tensors_of(signatures[name].inputs),
        tensors_of(signatures[name].outputs),
        operations_of(graph),
        findings(model, folder),
        _count_parameters(folder),
        graph.meta_info_def.tensorflow_version,
        _size(folder),
    )


def read_proto(folder: str) -> Any:
    """The SavedModel of a folder as a protocol buffer: data, of which nothing runs; or what stands for one in a `.keras` file.

    Raises:
        BadModel: no model there, or a damaged one.
    """
    from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

    network = _network(folder)
    if network is not None:
        return network.proto
    path = os.path.join(folder, GRAPH)
    if not os.path.isdir(folder):
        raise BadModel(
            f"The model folder {folder} does not exist" if not os.path.exists(folder) else f"{folder} is no folder", remedy=REMEDY
        )
    if not os.path.isfile(path):
        names = ", ".join(sorted(os.listdir(folder))[:8]) or "nothing"
        raise BadModel(f"No model in {folder}", expected=GRAPH, received=names, remedy=REMEDY)
    try:
        with open(path, "rb") as file:
            model = SavedModel.FromString(file.read())
    except Exception as error:  # protobuf's DecodeError, from whichever protobuf TensorFlow brings
        raise BadModel(f"{path} is damaged", received=str(error), remedy="Export or train the model again.") from error
    if not model.meta_graphs:
        raise BadModel(f"{path} is damaged", expected="a graph", received="none", remedy="Export or train the model again.")
    return model


def _network(path: str) -> Any:
    """The network of a `.keras` file or of a folder with one, traced; None for a SavedModel."""
    from . import keras_graph  # imports this module

    file = keras_graph.keras_file(path)
    return None if file is None else keras_graph.traced(file)


def signatures_of(graph: Any) -> dict[str, Any]:
    """The signatures of a meta graph by name, without TensorFlow's own."""
    return {name: part for name, part in graph.signature_def.items() if not name.startswith(_INTERNAL)}


def operations_of(graph: Any) -> tuple[str, ...]:
    """Kinds of the operations in a meta graph and in its functions, sorted; calls of these functions by name are none."""
    functions = graph.graph_def.library.function
    kinds = {node.op for node in graph.graph_def.node} | {node.op for function in functions for node in function.node_def}
    return tuple(sorted(kinds - {function.signature.name for function in functions}))


def tensors_of(parts: Any) -> tuple[Tensor, ...]:
    """The inputs or outputs of a signature, sorted by name."""
    return tuple(_tensor(name, parts[name]) for name in sorted(parts))


def _tensor(name: str, info: Any) -> Tensor:
    shape = None if info.tensor_shape.unknown_rank else tuple(int(size.size) for size in info.tensor_shape.dim)
    return Tensor(name, shape, tf.dtypes.as_dtype(info.dtype).name, info.name)


def _count_parameters(folder: str) -> int | None:
    network = _network(folder)
    if network is not None:
        return int(network.parameters)
    prefix = os.path.join(folder, "variables", "variables")
    if not os.path.isfile(f"{prefix}.index"):
        return None
    try:
        reader = tf.train.load_checkpoint(prefix)
        types, shapes = reader.get_variable_to_dtype_map(), reader.get_variable_to_shape_map()
    except (tf.errors.OpError, ValueError, RuntimeError) as error:
        raise BadModel(f"{prefix}.index is damaged", remedy="Export or train the model again.", details=str(error)) from error
    return sum(math.prod(shape) for name, shape in shapes.items() if types[name] != tf.string)


def _size(folder: str) -> int:
    if os.path.isfile(folder):
        return os.path.getsize(folder)
    return sum(os.path.getsize(os.path.join(root, name)) for root, _, names in os.walk(folder) for name in names)
