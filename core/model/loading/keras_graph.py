"""A `.keras` file as what a SavedModel is, a graph with a signature: what reads, checks, binds and serves the one does the other, too.

The network is read by core/model/loading/kerasfile.py, which refuses files that hold code, and traced once as it behaves when it predicts.
Inputs and outputs are named as the network names them: by the keys, where it takes or gives a dictionary; else by their layers.
"""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from ...errors import BadModel
from ..backend import keras, tf
from ..contract import GRAPH
from .kerasfile import read_network
from .savedmodel import SERVING, SIGNATURE

ENDING = ".keras"


@dataclass(frozen=True)
class Traced:
    """A network as a graph.

    Attributes:
        proto: a SavedModel, as protocol buffer.
        owner: what TensorFlow's loader would give for it: it has the signature's function, and holds the network.
        images: names of the inputs with rows, columns and bands, in the network's order.
        parameters: values in its weights.
    """

    proto: Any
    owner: Any
    images: tuple[str, ...]
    parameters: int


def keras_file(path: str) -> str | None:
    """The `.keras` file that a path means: itself, or the only one in a folder that holds no SavedModel. None for any other path.

    Raises:
        BadModel: a folder with several of them.
    """
    if os.path.isfile(path):
        return path if path.endswith(ENDING) else None
    if not os.path.isdir(path) or os.path.exists(os.path.join(path, GRAPH)):
        return None
    names = sorted(name for name in os.listdir(path) if name.endswith(ENDING))
    if len(names) > 1:
        remedy = "Give the path of one of them, or leave one in the folder."
        raise BadModel(f"The folder {path} holds several models", expected=f"one {ENDING} file", received=", ".join(names), remedy=remedy)
    return os.path.join(path, names[0]) if names else None


def traced(path: str) -> Traced:
    """The network of a `.keras` file. A file that did not change since the last call is not read again.

    Raises:
        BadModel: the file is damaged, holds code, or a network that has never been built.
    """
    return _traced(path, os.stat(path).st_mtime_ns)


@functools.lru_cache(maxsize=2)
def _traced(path: str, stamp: int) -> Traced:
    network = read_network(path)
    try:
        return trace(network)
    except AttributeError as error:  # a Sequential model without an input
        remedy = "Build it with keras.Input as its first layer, and save it again."
        raise BadModel(f"The network {path} has never been built", expected="inputs of known bands", remedy=remedy) from error


def trace(network: Any) -> Traced:
    """A network that is in memory.

    Raises:
        AttributeError: it has never been built.
    """
    flat = keras.Model(network.inputs, network.outputs)
    sequential = isinstance(network, keras.Sequential)
    inputs = _names(flat.inputs if sequential else network.input, [tensor.name for tensor in flat.inputs])
    outputs = _names(flat.outputs if sequential else network.output, flat.output_names)
    function = _function(flat, inputs, outputs)
    images = tuple(name for name, tensor in zip(inputs, flat.inputs, strict=True) if len(tensor.shape) == 4)
    owner = SimpleNamespace(signatures={SIGNATURE: function}, network=network)
    return Traced(_proto(function, inputs), owner, images, int(network.count_params()))


def _names(structure: Any, own: Sequence[str]) -> list[str]:
    """Of tensors, once each, and such as TensorFlow allows for arguments."""
    paths = [path for path, _ in keras.tree.flatten_with_path(structure)]
    wanted = [path[-1] if path and isinstance(path[-1], str) else name for path, name in zip(paths, own, strict=True)]
    names: list[str] = []
    for name in (re.sub(r"\W", "_", name) for name in wanted):
        numbered = (f"{name}_{number}" for number in range(2, len(own) + 2))
        names.append(name if name not in names else next(other for other in numbered if other not in names))
    return names


def _function(network: Any, inputs: Sequence[str], outputs: Sequence[str]) -> Any:
    def serve(**sources: Any) -> dict[str, Any]:
        results = keras.tree.flatten(network([sources[name] for name in inputs], training=False))
        return dict(zip(outputs, results, strict=True))

    specs = {name: tf.TensorSpec(tensor.shape, tensor.dtype, name=name) for name, tensor in zip(inputs, network.inputs, strict=True)}
    return tf.function(serve, autograph=False).get_concrete_function(**specs)


def _proto(function: Any, inputs: Sequence[str]) -> Any:
    from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

    model = SavedModel()
    graph = model.meta_graphs.add()
    graph.meta_info_def.tags.append(SERVING)
    graph.graph_def.CopyFrom(function.graph.as_graph_def())
    graph.object_graph_def.SetInParent()  # what tells a graph of TensorFlow 2
    signature, taken = graph.signature_def[SIGNATURE], {tensor.op.name: tensor for tensor in function.inputs}
    for name in inputs:
        _note(signature.inputs[name], taken[function.structured_input_signature[1][name].name])
    for name, tensor in function.structured_outputs.items():
        _note(signature.outputs[name], tensor)
    return model


def _note(info: Any, tensor: Any) -> None:
    info.name, info.dtype = tensor.name, tensor.dtype.as_datatype_enum
    info.tensor_shape.CopyFrom(tensor.shape.as_proto())
