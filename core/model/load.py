"""Loads a model to run it: a SavedModel's signature, as a function from named arrays to named arrays."""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import BadModel, OutOfMemory

SIGNATURE = "serving_default"
CHECK = "Check the receptive field and the mode."
REMEDY = "Choose the folder that holds saved_model.pb."


@dataclass(frozen=True)
class TensorSpec:
    """Name, shape (None where any size is taken) and numpy dtype of an input or output of the signature."""

    name: str
    shape: tuple[int | None, ...] | None
    dtype: np.dtype


class LoadedModel:
    """A model that is ready to run.

    Attributes:
        inputs: in the order of the signature (by name).
        outputs: likewise.
    """

    def __init__(self, function: Any, owner: Any) -> None:
        self.function = function
        self._owner = owner  # TensorFlow frees the variables when nothing holds the loaded object
        self.inputs = tuple(_spec(name, spec) for name, spec in sorted(function.structured_input_signature[1].items()))
        self.outputs = tuple(_spec(name, spec) for name, spec in sorted(function.structured_outputs.items()))

    def run(self, arrays: Mapping[str, np.ndarray], outputs: Sequence[str]) -> dict[str, np.ndarray]:
        """The named outputs for one batch.

        Raises:
            OutOfMemory: TensorFlow could not get the memory for it.
            BadModel: the model does not take these arrays.
        """
        import tensorflow as tf

        for spec in self.inputs:
            _check_shape(spec, arrays[spec.name])
        tensors = {spec.name: tf.convert_to_tensor(arrays[spec.name], dtype=spec.dtype) for spec in self.inputs}
        try:
            results = self.function(**tensors)
        except tf.errors.ResourceExhaustedError as error:
            raise OutOfMemory(
                "The model needs more memory", remedy="Lower the block size or 'Memory budget'.", details=str(error)
            ) from error
        except (tf.errors.InvalidArgumentError, ValueError) as error:
            shapes = ", ".join(f"{name} {array.shape}" for name, array in arrays.items())
            raise BadModel("The model refuses its input", received=shapes, remedy=CHECK, details=str(error)) from error
        return {name: results[name].numpy() for name in outputs}


def load(folder: str) -> LoadedModel:
    """The model in a folder. A model that did not change since the last call is not loaded again.

    Raises:
        BadModel: no SavedModel, a damaged one, or none with a signature for serving.
    """
    graph = os.path.join(folder, "saved_model.pb")
    if not os.path.isfile(graph):
        raise BadModel(f"No model in {folder}", expected="saved_model.pb", received=_listing(folder), remedy=REMEDY)
    variables = os.path.join(folder, "variables", "variables.index")
    stamps = tuple(os.stat(path).st_mtime_ns for path in (graph, variables) if os.path.exists(path))
    return _load(folder, stamps)


@functools.lru_cache(maxsize=2)
def _load(folder: str, stamps: tuple[int, ...]) -> LoadedModel:
    import rasterio  # noqa: F401  before TensorFlow: their copies of SQLite clash in the other order
    import tensorflow as tf

    try:
        owner = tf.saved_model.load(folder)
    except Exception as error:  # TensorFlow raises many kinds for damaged files
        raise BadModel(
            f"The model in {folder} is damaged", received=_first_line(error), remedy="Export it again.", details=str(error)
        ) from error
    signatures = dict(owner.signatures)
    name = SIGNATURE if SIGNATURE in signatures else next(iter(signatures), None)
    if name is None:
        raise BadModel(f"The model in {folder} cannot be served", expected=f"a signature {SIGNATURE}", received="none")
    return LoadedModel(signatures[name], owner)


def device_in_use() -> str:
    """What TensorFlow computes on, for the log."""
    import tensorflow as tf

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


def _listing(folder: str) -> str:
    names = sorted(os.listdir(folder))[:8] if os.path.isdir(folder) else []
    return ", ".join(names) or "nothing"


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:200]
