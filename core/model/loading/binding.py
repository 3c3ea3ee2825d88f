"""From a loaded SavedModel to one function of the sources alone: what else the signature takes is bound to constants.

Bound inside the graph, not at the call: so a switch such as `is_training` folds away, and whoever reads the graph (geometry, dense
evaluation) sees the network that is served. A graph of TensorFlow 1 is frozen first (variables become constants): its variables would
otherwise stay behind a call that nothing can look into.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ..backend import tf
from .savedmodel import Tensor
from .signature import Chosen, open_shape


def bind(owner: Any, chosen: Chosen, fed: Mapping[str, np.ndarray]) -> tuple[Any, dict[str, str]]:
    """The function, and the name of its argument for each source.

    Args:
        owner: what TensorFlow's loader gave.
        fed: values by name of a tensor (core/model/loading/constants.py).
    """
    if chosen.version1:
        return _concrete(_version1(owner, chosen, fed), chosen.sources)
    function = owner.signatures[chosen.signature]
    names = [tensor.name for tensor in chosen.sources]
    if not fed and all(name.isidentifier() for name in names):
        return function, dict(zip(names, names, strict=True))

    def call(*sources: Any) -> dict[str, Any]:
        values = {tensor.name: tf.constant(fed[tensor.tensor], tensor.dtype) for tensor in chosen.placeholders}
        return function(**dict(zip(names, sources, strict=True)), **values)

    return _concrete(call, chosen.sources)


def _version1(owner: Any, chosen: Chosen, fed: Mapping[str, np.ndarray]) -> Callable[..., dict[str, Any]]:
    """Feeds and fetches tensors by name, as a session of TensorFlow 1 does."""
    outputs = {output.name: output.tensor for output in chosen.outputs}
    dtypes = {name: owner.graph.get_tensor_by_name(name).dtype for name in fed}
    call = _frozen(owner, [*(tensor.tensor for tensor in chosen.sources), *fed], outputs)
    return lambda *sources: call([*sources, *(tf.constant(value, dtypes[name]) for name, value in fed.items())])


def _frozen(owner: Any, feeds: list[str], outputs: Mapping[str, str]) -> Callable[[list[Any]], dict[str, Any]]:
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    pruned = owner.prune(feeds, list(outputs.values()))
    try:
        frozen = convert_variables_to_constants_v2(pruned, lower_control_flow=False)
    except ValueError:  # tables and the like, which are no constants
        frozen = None
    if frozen is None or {tensor.name for tensor in frozen.inputs} != set(feeds):
        return lambda tensors: dict(zip(outputs, pruned(*tensors), strict=True))
    fetched = [tensor.name for tensor in frozen.outputs]

    def call(tensors: list[Any]) -> dict[str, Any]:
        fed = dict(zip(feeds, tensors, strict=True))
        results = tf.graph_util.import_graph_def(frozen.graph.as_graph_def(), input_map=fed, return_elements=fetched, name="model")
        return dict(zip(outputs, results, strict=True))

    return call


def _concrete(call: Callable[..., dict[str, Any]], sources: tuple[Tensor, ...]) -> tuple[Any, dict[str, str]]:
    arguments = {tensor.name: f"source{number}" for number, tensor in enumerate(sources, start=1)}

    def serve(**given: Any) -> dict[str, Any]:
        return call(*(given[argument] for argument in arguments.values()))

    specs = {arguments[t.name]: tf.TensorSpec(open_shape(t), t.dtype, name=arguments[t.name]) for t in sources}
    return tf.function(serve, autograph=False).get_concrete_function(**specs), arguments
