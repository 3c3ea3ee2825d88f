"""A model folder: a SavedModel with its contract, to serve; and the Keras network inside it, to go on training.

    saved_model.pb, variables/    what TensorFlow programs load (TF Serving and OTBTF too): signature `serving_default`
    assets.extra/mlm.json         the contract
    model.keras                   the trainable network

To run the first, neither Keras nor this project is needed.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from ..classes import code_dtype
from ..errors import BadModel, CannotWrite
from ..partial import replacing_folder
from .backend import keras, tf
from .contract import GRAPH, Contract, read, write
from .gallery.architecture import FEATURES
from .heads import features_of, heads_of
from .loading.keras_graph import keras_file
from .loading.kerasfile import read_network
from .promise import contract_of

TRAINABLE = "model.keras"


class _Served(tf.Module):  # type: ignore[misc]  # TensorFlow has no types
    """The network as it is served: from the sources to the answers of all heads, and the deep features if it names some."""

    def __init__(self, network: Any, contract: Contract) -> None:
        super().__init__()
        self.heads = heads_of(network, contract)
        self.codes = {spec.name: [c.code for c in spec.classes] for spec in contract.outputs if spec.kind == "classes"}
        features = features_of(network)
        whole = keras.Model(network.inputs, [*network.outputs, *([] if features is None else [features])])
        # TensorFlow's own variables are what is saved, not the network (which a function hides): Keras 3 would store its variables under
        # names that a session of TensorFlow 1 (OTBTF, TF Serving) does not find.
        self.variables_of_network = [variable.value for variable in whole.variables]
        self._answers: Callable[[list[Any]], list[Any]] = lambda sources: keras.tree.flatten(whole(sources, training=False))

    def serve(self, *sources: Any) -> dict[str, Any]:
        """All outputs of the contract for a batch of patches or a block, one tensor a source."""
        tensors = self._answers(list(sources))
        served: dict[str, Any] = {}
        for head, tensor in zip(self.heads, tensors, strict=False):
            codes = self.codes.get(head.prediction, [])
            served |= head.answers(tensor, codes, code_dtype(codes))
        return served | ({FEATURES: tensors[-1]} if len(tensors) > len(self.heads) else {})


def write_folder(path: str, network: Any, contract: Contract, check: Callable[[], None] = lambda: None) -> None:
    """Write the folder, complete or not at all; an earlier model of that name is replaced.

    Args:
        check: called between the steps; raises to stop.

    Raises:
        CannotWrite: disk full, no permission, or the folder holds something that is no model.
    """
    with replacing_folder(path, marker=GRAPH) as temporary:
        try:
            network.save(os.path.join(temporary, TRAINABLE))
            check()
            _save_graph(temporary, network, contract)
        except tf.errors.OpError as error:
            raise CannotWrite(f"Cannot write the model {path}", received=error.message, remedy="Is the disk full?") from error
        write(temporary, contract)
        check()


def _save_graph(folder: str, network: Any, contract: Contract) -> None:
    served = _Served(network, contract)
    shapes = zip(contract.inputs, network.inputs, strict=True)
    signature = [tf.TensorSpec(tensor.shape, tf.float32, name=spec.name) for spec, tensor in shapes]
    tf.saved_model.save(served, folder, signatures=tf.function(served.serve, input_signature=signature))


def read_trainable(path: str) -> tuple[Any, Contract, bool]:
    """The Keras network of a model folder or of a `.keras` file, to train it (further); its contract; and whether that is its own, or
    derived from the network.

    Raises:
        BadModel: the folder is missing or damaged, or holds a model that can be served only, or code.
    """
    file = keras_file(path)
    stored = file or os.path.join(path, TRAINABLE)
    if file is None and not os.path.isfile(os.path.join(path, GRAPH)):
        raise BadModel(f"No model in {path}", expected=f"a folder with {GRAPH}, or a .keras file", remedy="Make one with 'Create model'.")
    if not os.path.isfile(stored):
        raise BadModel(
            f"The model {path} cannot be trained",
            expected=f"a {TRAINABLE} inside it",
            received="none",
            remedy="Give the .keras file that it was exported from; or TARGET_NODES, if the SavedModel has a training operation.",
        )
    network, contract = read_network(stored), read(path)
    if contract is not None:
        return network, contract, True
    name = os.path.splitext(os.path.basename(stored))[0]
    return network, contract_of(network, name, trained=True), False
