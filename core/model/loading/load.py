"""Loads a model to run it: the signature of a SavedModel, or of a `.keras` file, as a function from named arrays to named arrays."""

from __future__ import annotations

import functools
import math
import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ...errors import BadModel, OutOfMemory, TensorscapeError
from ..backend import tf
from ..contract import GRAPH
from . import safety
from .binding import bind
from .constants import constants
from .keras_graph import keras_file, traced
from .operations import is_known
from .placeholders import parse
from .savedmodel import Tensor, operations_of, read_proto
from .signature import Chosen, choose, plain_name

CHECK = "Check the receptive field and the mode."
LARGEST_PATCH = 4_000_000_000  # bytes of one patch that a model may ask for: more is no model, or one that nobody can run


@dataclass(frozen=True)
class Wanted:
    """What of a SavedModel is wanted, where it leaves a choice.

    Attributes:
        signature: empty: `serving_default`, or the only one.
        sources: inputs that take images, in order (the contract knows); empty: judged by their types and ranks.
        outputs: names that have to be there beside the signature's outputs: tensors of a TensorFlow 1 graph.
        placeholders: values of the other inputs, as core/model/loading/placeholders.py reads them.
        trust: load it even if it could do harm.
    """

    signature: str = ""
    sources: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    placeholders: str = ""
    trust: bool = False


@dataclass(frozen=True)
class TensorSpec:
    """Name, shape (None where any size is taken) and numpy dtype of an input or output of the signature."""

    name: str
    shape: tuple[int | None, ...] | None
    dtype: np.dtype


class LoadedModel:
    """A model that is ready to run.

    Attributes:
        function: TensorFlow's concrete function, of the sources alone.
        arguments: its argument for each input: a signature may use names that are none in Python, such as "x:0".
        inputs: those that take images, in the order of the sources.
        outputs: sorted by name.
    """

    def __init__(self, owner: Any, chosen: Chosen, fed: Mapping[str, np.ndarray]) -> None:
        self._owner = owner  # TensorFlow frees the variables when nothing holds the loaded object
        self.function, self.arguments = bind(owner, chosen, fed)
        specs = self.function.structured_input_signature[1]
        self.inputs = tuple(_spec(tensor.name, specs[self.arguments[tensor.name]]) for tensor in chosen.sources)
        self.outputs = tuple(_spec(name, spec) for name, spec in sorted(self.function.structured_outputs.items()))
        self._tensors = {plain_name(tensor.tensor): tensor.name for tensor in chosen.outputs}

    def output_named(self, name: str) -> str:
        """The output that a user means: by the signature's name or by the graph's, with or without ":0"; unknown names stay as they are."""
        names = {output.name for output in self.outputs}
        plain = {plain_name(output): output for output in names}
        return name if name in names else self._tensors.get(plain_name(name), plain.get(plain_name(name), name))

    def run(self, arrays: Mapping[str, np.ndarray], outputs: Sequence[str]) -> dict[str, np.ndarray]:
        """The named outputs for one batch.

        Raises:
            OutOfMemory: TensorFlow could not get the memory for it.
            BadModel: the model does not take these arrays.
        """
        for spec in self.inputs:
            _check_shape(spec, arrays[spec.name])
        tensors = {self.arguments[spec.name]: tf.convert_to_tensor(arrays[spec.name], dtype=spec.dtype) for spec in self.inputs}
        try:
            results = self.function(**tensors)
        except tf.errors.ResourceExhaustedError as error:
            raise OutOfMemory(
                "The model needs more memory", remedy="Lower the block size or 'Memory budget'.", details=str(error)
            ) from error
        except (tf.errors.InvalidArgumentError, ValueError) as error:
            shapes = ", ".join(f"{name} {array.shape}" for name, array in arrays.items())
            raise BadModel("The model refuses its input", received=shapes, remedy=CHECK, details=str(error)) from error
        except tf.errors.OpError as error:
            raise BadModel("The model fails", received=_first_line(error), remedy="Export it again.", details=str(error)) from error
        return {name: results[name].numpy() for name in outputs}


def load(folder: str, wanted: Wanted = Wanted()) -> LoadedModel:
    """The model in a folder or `.keras` file. A model that did not change since the last call is not loaded again.

    Raises:
        BadModel: no model, a damaged one, one that could do harm, or one that leaves open what of it to serve.
        BadParameter: what is wanted of it is not there.
    """
    files = (keras_file(folder) or os.path.join(folder, GRAPH), os.path.join(folder, "variables", "variables.index"))
    return _load(folder, tuple(os.stat(path).st_mtime_ns for path in files if os.path.exists(path)), wanted)


@functools.lru_cache(maxsize=2)
def _load(folder: str, stamps: tuple[int, ...], wanted: Wanted) -> LoadedModel:
    model, network = read_proto(folder), keras_file(folder)
    if not wanted.trust:
        safety.check(model, folder)
    values = parse(wanted.placeholders)
    sources = wanted.sources or (_images(network, values) if network else ())
    chosen = choose(model, folder, wanted.signature, sources, values)
    further = _further_outputs(chosen, wanted.outputs)
    if not wanted.trust:  # no signature leads to them: what they run has not been looked at
        safety.check_run(chosen.graph, [tensor.tensor for tensor in further], folder)
    chosen = replace(chosen, outputs=(*chosen.outputs, *further))
    _check_operations(chosen, folder)
    for tensor in chosen.sources:
        _check_size(tensor)
    fed = constants(chosen, values)
    try:
        return LoadedModel(traced(network).owner if network else tf.saved_model.load(folder, chosen.tags), chosen, fed)
    except TensorscapeError:
        raise
    except Exception as error:  # TensorFlow raises many kinds for damaged files
        raise BadModel(
            f"The model in {folder} is damaged", received=_first_line(error), remedy="Export it again.", details=str(error)
        ) from error


def _images(network: str, values: Collection[str]) -> tuple[str, ...]:
    """The inputs of a `.keras` file that take images, in the network's own order."""
    return tuple(name for name in traced(network).images if name not in values)


def _further_outputs(chosen: Chosen, names: Sequence[str]) -> list[Tensor]:
    """Tensors of a TensorFlow 1 graph that are wanted by name, and that the signature does not give."""
    known = {plain_name(name) for output in chosen.outputs for name in (output.name, output.tensor)}
    operations = {node.name for node in chosen.graph.graph_def.node} if chosen.version1 else set()
    split = [(name, *plain_name(name).partition(":")) for name in dict.fromkeys(names) if plain_name(name) not in known]
    return [Tensor(name, None, "", f"{operation}:{number or 0}") for name, operation, _, number in split if operation in operations]


def _check_operations(chosen: Chosen, folder: str) -> None:
    unknown = [name for name in operations_of(chosen.graph) if not is_known(name)]
    if unknown:
        raise BadModel(f"The model in {folder} needs operations that this TensorFlow does not have", received=", ".join(unknown))


def _check_size(tensor: Tensor) -> None:
    """A shape is only a claim: a damaged or hostile one would have the first patch fill the memory."""
    sizes = [size for size in (tensor.shape or ())[1:] if size > 0]
    if math.prod(sizes) * 4 > LARGEST_PATCH:
        raise BadModel(
            f"Input {tensor.name} of the model",
            expected=f"patches of at most {LARGEST_PATCH // 10**9} GB",
            received=" × ".join(map(str, sizes)),
            remedy="Export the model with open sizes, or again.",
        )


def device_in_use() -> str:
    """What TensorFlow computes on, for the log."""
    gpus = tf.config.list_physical_devices("GPU")
    return f"{len(gpus)} GPU ({', '.join(gpu.name for gpu in gpus)})" if gpus else f"CPU ({os.cpu_count()} cores)"


def _spec(name: str, spec: Any) -> TensorSpec:
    shape = None if spec.shape.rank is None else tuple(spec.shape.as_list())
    return TensorSpec(name, shape, np.dtype(spec.dtype.as_numpy_dtype))


def _check_shape(spec: TensorSpec, array: np.ndarray) -> None:
    """TensorFlow does not hold a signature to its shapes: without this, a wrong patch size may give wrong values silently."""
    if spec.shape is None:
        return
    if len(spec.shape) != array.ndim or any(size not in (None, given) for size, given in zip(spec.shape, array.shape, strict=True)):
        expected = " × ".join("any" if size is None else str(size) for size in spec.shape)
        raise BadModel(f"Input {spec.name} of the model", expected=expected, received=" × ".join(map(str, array.shape)), remedy=CHECK)


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:200]
